"""Typed settings: everything under the key ``egca:`` in verl's YAML.

The defaults here and in ``config/egca.yaml`` are the same (a test compares them); an unknown key or a bad value is an
error that names the key and the choices.
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
    """The check, before the first step, that the actor computes the model that it was given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="compare the actor's log-probs with Hugging Face's before training")
    tolerance: float | None = Field(
        None, gt=0, description="mean difference of probabilities; null: by the actor's dtype"
    )
    tokens: int = Field(512, ge=16, description="of the first training prompt and its reference, at most")


class Settings(BaseModel):
    """What ``egca:`` in the trainer's config may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    localizer: Annotated[str, AfterValidator(_known)] = Field(
        "egca", description="who finds the place to blame; uniform is plain GRPO"
    )
    budget_ms: float = Field(BUDGET_MS, gt=0, description="CPU time of one search for a twin, reckoned at a trial a ms")
    granularity: Granularity = Field("expression", description="how much is blamed")
    several: Several = Field("likeliest", description="which places are blamed where a proof has several")
    failing_case: FailingCase = Field("shortest", description="which failing case is looked at")
    unconfirmed: Unconfirmed = Field("span", description="credit where nothing could be proven")
    runtime_errors: RuntimeErrors = Field("cause", description="where the cause is, or where it showed")
    normalisation: Literal["sum", "mean"] = Field("mean", description="a uniform token has A, or A / T")
    span_weight: SpanWeight = Field(
        "grpo", description="a blamed token's advantage: GRPO's own, or its share of the full one"
    )
    twins: Twins = Field("off", description="proven repairs that are trained on, where a whole group failed")
    soft: float = Field(0.0, ge=0.0, le=1.0, description="share of the advantage that stays uniform (paper's ablation)")
    positive_weight: float = Field(1.0, ge=0.0, description="factor on positive advantages; 0.1 is W-REINFORCE's")
    negative_weight: float = Field(1.0, ge=0.0, description="factor on negative ones; 0: only correct responses count")
    entropy_share: float = Field(
        1.0, gt=0.0, le=1.0, description="share of a batch's tokens, of highest entropy, that have an advantage at all"
    )
    reward: Literal["passed", "fraction", "custom"] = Field(
        "passed", description="1 if all tests pass, the share that pass, or the configured reward function's"
    )
    reward_right_from: float = Field(1.0, description="the configured reward from which on it calls a program right")
    check_references_s: float = Field(
        60.0, ge=0, description="CPU time in which the data files' references are run before training"
    )
    seed: int = Field(0, description="of every random choice that a localizer makes")
    workers: int = Field(2, ge=1, description="programs that one reward worker runs at once")
    deterministic: bool = Field(False, description="canonical row order in each batch: the same seed, the same update")
    evidence_rows: int | None = Field(128, ge=0, description="failing samples a step written in full; null: all")
    timeline: tuple[int, ...] = Field((), description="steps whose timeline is written, as a trace for Perfetto")
    run_dir: str | None = Field(None, description="where localizations.jsonl goes; null: trainer.default_local_dir")
    mismatch_warning: float = Field(0.01, gt=0, description="mean difference of rollout's and actor's probabilities")
    guard: GuardSettings = Field(default_factory=GuardSettings, description="the check before the first step")
    sandbox: Limits = Field(default_factory=Limits, description="what one program may use")
    gates: GateSettings = Field(default_factory=GateSettings, description="what is checked beside the tests")
    debugger: DebuggerSettings = Field(default_factory=DebuggerSettings, description="the served LLM that is asked")

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
        """What the localizers take from it."""
        return Options(**{field.name: getattr(self, field.name) for field in fields(Options)})


class SettingsError(ValueError):
    """A key under ``egca:`` is unknown or has a value that it can't have."""


def parse_settings(section: Mapping[str, Any] | None) -> Settings:
    """The ``egca:`` section of a config, validated; None (no section) gives the defaults.

    Raises:
        SettingsError: one line for each wrong key, with the choices.
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
        return f"{key}: {problem['msg']}"  # what was given is not shown
    if problem["type"] == "string_pattern_mismatch":
        return f"{key}: the name of a package is wanted, as import has it (got {problem['input']!r})"
    return f"{key}: {problem['msg']} (got {problem['input']!r})"
