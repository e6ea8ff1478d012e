"""Typed settings: everything under the key ``egca:`` in verl's YAML.

A test compares the defaults with ``config/egca.yaml``. An error for an unknown key or a bad value names the key and the
choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from verl_egca.config.choices import SpanWeight, Twins
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.execution.limits import Limits
from verl_egca.gates.settings import GateSettings
from verl_egca.localization.options import (
    BUDGET_MS,
    FailingCase,
    Granularity,
    Options,
    RuntimeErrors,
    Several,
    Unconfirmed,
)
from verl_egca.localization.registry import localizer_class


def _known(localizer: str) -> str:
    try:
        localizer_class(localizer)
    except ValueError as error:
        raise PydanticCustomError("localizer", "{why}", {"why": str(error)}) from None
    return localizer


class GuardSettings(BaseModel):
    """The check before the first step that the actor's engine computes the given model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="compare the actor's log-probs with Hugging Face's before training")
    tolerance: float | None = Field(
        None, gt=0, description="mean difference of probabilities; null: by the actor's dtype"
    )
    tokens: int = Field(512, ge=16, description="most tokens of the first prompt and its reference")


class Settings(BaseModel):
    """The section ``egca:`` of the trainer's config."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    localizer: Annotated[str, AfterValidator(_known)] = Field(
        "egca", description="method that finds the blamed places; uniform is plain GRPO"
    )
    budget_ms: float = Field(BUDGET_MS, gt=0, description="CPU time of one search for a twin, one trial per ms")
    granularity: Granularity = Field("expression", description="how much of the proof's edits is blamed")
    several: Several = Field("likeliest", description="blamed edits of a proof with several")
    failing_case: FailingCase = Field("shortest", description="the failing case to explain")
    unconfirmed: Unconfirmed = Field("span", description="credit without a proof")
    runtime_errors: RuntimeErrors = Field("cause", description="blamed place of an exception")
    normalisation: Literal["sum", "mean"] = Field("mean", description="a uniform token has A, or A / T")
    span_weight: SpanWeight = Field(
        "grpo", description="a blamed token's advantage: GRPO's own, or its share of the full one"
    )
    twins: Twins = Field("off", description="training on proven repairs where a whole group failed")
    soft: float = Field(0.0, ge=0.0, le=1.0, description="share of the advantage that stays uniform (paper's ablation)")
    positive_weight: float = Field(1.0, ge=0.0, description="factor on positive advantages; 0.1 is W-REINFORCE's")
    negative_weight: float = Field(1.0, ge=0.0, description="factor on negative ones; 0: only correct responses count")
    entropy_share: float = Field(
        1.0, gt=0.0, le=1.0, description="share of a batch's tokens, of highest entropy, that have an advantage"
    )
    reward: Literal["passed", "fraction", "custom"] = Field(
        "passed", description="1 if all tests pass, the share that pass, or the configured reward function's"
    )
    reward_right_from: float = Field(1.0, description="least configured reward of a right program")
    check_references_s: float = Field(
        60.0, ge=0, description="CPU time for running the data files' references before training"
    )
    seed: int = Field(0, description="seed of the localizers' random choices")
    workers: int = Field(2, ge=1, description="programs that one reward worker runs at once")
    deterministic: bool = Field(False, description="canonical row order in each batch: the same seed, the same update")
    evidence_rows: int | None = Field(128, ge=0, description="failing samples per step written in full; null: all")
    timeline: tuple[int, ...] = Field((), description="steps whose timeline is written, as a trace for Perfetto")
    run_dir: str | None = Field(None, description="directory of localizations.jsonl; null: trainer.default_local_dir")
    mismatch_warning: float = Field(0.01, gt=0, description="mean difference of rollout's and actor's probabilities")
    guard: GuardSettings = Field(default_factory=GuardSettings, description="the check before the first step")
    sandbox: Limits = Field(default_factory=Limits, description="limits of one program")
    gates: GateSettings = Field(default_factory=GateSettings, description="checks besides the tests")
    debugger: DebuggerSettings = Field(default_factory=DebuggerSettings, description="the served LLM")

    @model_validator(mode="after")
    def _twins_have_a_reward(self) -> Settings:
        if self.twins != "off" and self.reward == "custom":
            raise PydanticCustomError(
                "twins",
                "twins: what the configured reward function would give a repaired response is not known; set egca.reward "
                "to passed or fraction, or egca.twins to off",
            )
        return self

    @property
    def options(self) -> Options:
        """The localizers' options."""
        return Options(**{field.name: getattr(self, field.name) for field in fields(Options)})


class SettingsError(ValueError):
    """A key under ``egca:`` is unknown or has a bad value."""


def parse_settings(section: Mapping[str, Any] | None) -> Settings:
    """The validated ``egca:`` section of a config; the defaults for None (no section).

    Raises:
        SettingsError: a line per wrong key, with the choices.
    """
    if section is not None and not isinstance(section, Mapping):
        raise SettingsError(f"egca: keys with values are wanted (got {section!r})")
    try:
        return Settings.model_validate(dict(section or {}))
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(problem) for problem in error.errors())) from None


_SECTIONS: dict[Any, type[BaseModel]] = {
    "sandbox": Limits,
    "guard": GuardSettings,
    "gates": GateSettings,
    "debugger": DebuggerSettings,
}
_GONE = {
    "egca.unblamed": "it is egca.span_weight now: 'grpo' in the place of 'dropped', 'full' in the place of 'moved'",
    "egca.sandbox.program_cpu_seconds": "limits are per case, and a program's total follows from the number of its cases: "
    "remove the key, and set egca.sandbox.cpu_seconds to what one case may take",
}
_EXAMPLES = {"egca.timeline": "[1]", "egca.sandbox.packages": "[numpy]", "egca.debugger.urls": "[http://host:30000]"}


def _explain(problem: Any) -> str:
    key = ".".join(["egca", *map(str, problem["loc"])])
    if key in _GONE:
        return f"{key}: {_GONE[key]}"
    if problem["type"] == "twins":
        return f"egca.{problem['msg']}"
    if problem["type"] == "extra_forbidden":
        model = _SECTIONS.get(problem["loc"][0], Settings) if len(problem["loc"]) > 1 else Settings
        return f"{key}: unknown key; known ones are {', '.join(sorted(model.model_fields))}"
    if problem["type"] == "model_type":
        return f"{key}: keys with values are wanted, of {', '.join(sorted(_SECTIONS[problem['loc'][0]].model_fields))} (got {problem['input']!r})"
    if problem["type"] == "tuple_type":
        return f"{key}: a list is wanted, such as {_EXAMPLES[key]} (got {problem['input']!r})"
    if problem["type"] == "url_secret":
        return f"{key}: {problem['msg']}"  # the value may be secret
    if problem["type"] == "string_pattern_mismatch":
        return f"{key}: the name of a package is wanted, as import has it (got {problem['input']!r})"
    return f"{key}: {problem['msg']} (got {problem['input']!r})"
