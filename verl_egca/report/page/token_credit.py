"""The advantage of a response's token, by the run's credit rule and by GRPO's.

Arithmetic on one row of ``localizations.jsonl``; a test compares it with `verl_egca.credit.credit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from verl_egca.gates.mode import Mode
from verl_egca.report.records import LocalizationRecord

_KEYS = ("normalisation", "soft", "span_weight", "negative_weight", "entropy_share")


@dataclass(frozen=True, slots=True)
class CreditRule:
    """From a run's config. Estimators other than ``egca`` are verl's, without spans."""

    estimator: str = "egca"
    normalisation: str = "mean"
    soft: float = 0.0
    span_weight: str = "grpo"
    negative_weight: float = 1.0
    entropy_share: float = 1.0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> CreditRule:
        """The rule of a config; missing keys have their defaults."""
        egca, algorithm = config.get("egca") or {}, config.get("algorithm") or {}
        said = {"estimator": algorithm.get("adv_estimator")}
        said |= {key: egca.get(key) for key in _KEYS}
        return cls(**{key: value for key, value in said.items() if value is not None})


@dataclass(frozen=True, slots=True)
class TokenCredit:
    """Advantages of a token on the blamed span, of one elsewhere, and of any token on the uniform branch.

    ``focused``: the span gets the advantage; otherwise all three are equal. With ``egca.entropy_share`` they hold for
    the tokens of highest entropy; the others have 0, and a row does not name them.
    """

    focused: bool
    on_span: float
    elsewhere: float
    uniform: float


def token_credit(record: LocalizationRecord, rule: CreditRule) -> TokenCredit:
    """The run's rule for this row, as in `verl_egca.credit`."""
    own = rule.estimator == "egca"
    summed = own and rule.normalisation == "sum"
    advantage, spanned = record.advantage, _tokens(record.token_spans)
    focused = own and record.mode in (Mode.LOGIC, Mode.SYNTAX) and spanned > 0 and advantage < 0
    # the update's count, if the row has it: a response mask may leave tokens out
    counted = record.credited_tokens if rule.entropy_share == 1.0 else 0
    blamed = counted or spanned if focused and rule.soft == 0 else spanned
    tokens = record.response_tokens if focused else counted or record.response_tokens
    uniform = advantage / max(1, tokens) if summed else advantage
    if not focused:
        return TokenCredit(False, uniform, uniform, uniform)
    elsewhere = rule.soft * uniform
    if rule.span_weight == "grpo":
        return TokenCredit(True, uniform, elsewhere, uniform)
    on_span = advantage * (1 if summed else tokens) / max(1, blamed)
    return TokenCredit(True, elsewhere + (1 - rule.soft) * on_span, elsewhere, uniform)


def _tokens(spans: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)
