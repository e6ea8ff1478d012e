"""Constraints as data: what they say, how they travel, what is no constraint."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from verl_egca.constraints import (
    COMPLEXITIES,
    KINDS,
    Builtin,
    Comprehension,
    Constraint,
    Imports,
    Iteration,
    LoopNesting,
    Mutation,
    Recursion,
    Signature,
    Structure,
    TimeComplexity,
)
from verl_egca.gates.extraction import Extracted
from verl_egca.problem import Problem

from .constrained_problems import constrained_problem

ONE = TypeAdapter(Constraint)
rules = st.sampled_from(["required", "forbidden"])
constraints = st.one_of(
    st.builds(Structure, rule=rules, names=st.lists(st.sampled_from(["dict", "heap", "string"]), min_size=1)),
    st.builds(Recursion, rule=rules),
    st.builds(Iteration, rule=rules),
    st.builds(Comprehension, rule=rules),
    st.builds(LoopNesting, at_most=st.integers(0, 10)),
    st.builds(Imports, rule=st.sampled_from(["only", "required", "forbidden"]), modules=st.lists(st.just("math"))),
    st.builds(Builtin, rule=rules, names=st.just(["sorted", "eval"])),
    st.builds(Mutation, rule=rules),
    st.builds(Signature, function=st.just("f"), parameters=st.none() | st.integers(0, 50)),
    st.builds(TimeComplexity, at_most=st.sampled_from(COMPLEXITIES)),
)


@given(st.lists(constraints, max_size=4))
def test_constraints_travel_in_a_problems_json(wanted):
    problem = constrained_problem(*wanted)
    assert Problem.model_validate_json(problem.model_dump_json()) == problem


@given(constraints)
def test_a_constraint_says_itself_in_a_sentence_on_one_line(constraint):
    assert constraint.words.endswith(".")
    assert constraint.words.isprintable()


def test_json_of_problems_without_constraints_still_loads():
    old = json.loads(constrained_problem().model_dump_json())
    assert old["constraints"] == []
    assert Problem.model_validate(old).constraints == ()
    del old["constraints"]
    assert Problem.model_validate(old).constraints == ()


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "colour", "rule": "required"},
        {"rule": "required"},
        {"kind": "recursion"},
        {"kind": "recursion", "rule": "required", "deep": True},
        {"kind": "structure", "rule": "required", "names": []},
        {"kind": "structure", "rule": "required", "names": ["graph"]},
        {"kind": "builtin", "rule": "forbidden", "names": ["sort of"]},
        {"kind": "imports", "rule": "only", "modules": ["a b"]},
        {"kind": "loop_nesting", "at_most": -1},
        {"kind": "complexity", "at_most": "fast"},
    ],
)
def test_what_is_no_constraint_is_refused(data):
    with pytest.raises(ValidationError):
        ONE.validate_python(data)


def test_an_answer_of_the_model_names_each_constraints_kind():
    schema = Extracted.model_json_schema()
    assert all("kind" in one["required"] for one in schema["$defs"].values())
    assert len(schema["$defs"]) == len(KINDS)
    with pytest.raises(ValidationError, match="kind"):
        Extracted.model_validate({"constraints": [{"rule": "forbidden"}]})
