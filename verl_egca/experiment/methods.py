"""What is compared: who gets the credit, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from verl_egca.config.choices import Granularity, SpanWeight
from verl_egca.config.settings import Settings
from verl_egca.localization import make_localizer
from verl_egca.localization.base import Localizer

ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Method:
    """``localizer`` is a name of ``egca.localizer``, or ``oracle``, who knows the mistake (`experiment.oracle`).

    Blamed tokens have what GRPO gives them, and the others of a failing response nothing, so that methods
    differ in who is blamed alone; those named ``_moved`` move the whole advantage onto them. Without ``failing`` a
    negative advantage counts for nothing at all: what is left if nobody is blamed. ``main`` ones are run with more seeds.
    """

    name: str
    localizer: str
    says: str
    granularity: Granularity = "expression"
    soft: float = 0.0
    span_weight: SpanWeight = "grpo"
    failing: bool = True
    main: bool = False

    def settings(self, seed: int) -> Settings:
        """Under ``egca:``. Of "mean", with a loss that averages over tokens, uniform credit is GRPO's own, bit for bit."""
        return Settings(
            localizer="uniform" if self.localizer == ORACLE else self.localizer,
            granularity=self.granularity,
            soft=self.soft,
            span_weight=self.span_weight,
            normalisation="mean",
            seed=seed,
            deterministic=True,
        )

    def make_localizer(self) -> Localizer:
        """As a reward worker makes it."""
        if self.localizer == ORACLE:
            from verl_egca.experiment.oracle import OracleLocalizer

            return OracleLocalizer()
        return make_localizer(self.localizer, self.settings(0).options)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("grpo", "uniform", "every token of a response", main=True),
        Method("executed", "executed", "the tokens that ran (StepCoder)", main=True),
        Method("correct_only", "uniform", "none: only correct responses count (control)", failing=False, main=True),
        Method("random", "random", "a statement drawn at random (control)", main=True),
        Method("late", "late", "the last statement after the divergence (control)", main=True),
        Method("trace", "trace", "the first divergence from the reference", main=True),
        Method("counterfactual", "counterfactual", "what a proven edit changes, else every token", main=True),
        Method("egca", "egca", "what a proven edit changes, else the best guess", main=True),
        Method(
            "egca_moved",
            "egca",
            "egca, with the whole advantage moved there (the paper)",
            span_weight="full",
            main=True,
        ),
        Method("random_moved", "random", "random, with the whole advantage moved there (control)", span_weight="full"),
        Method("egca_statement", "egca", "egca, whole statements", granularity="statement"),
        Method("soft25", "egca", "egca, a quarter stays on every token", soft=0.25),
        Method("soft50", "egca", "egca, half stays on every token", soft=0.5),
        Method("soft75", "egca", "egca, three quarters stay on every token", soft=0.75),
        Method("oracle", ORACLE, "the decisions that are truly wrong (upper bound)"),
    )
}
