"""The credit operator: one sequence advantage and a span become token advantages. Plain torch, no trainer."""

from verl_egca.credit.group import group_advantages
from verl_egca.credit.operator import Normalisation, credit, span_mask, token_advantages

__all__ = ["Normalisation", "credit", "group_advantages", "span_mask", "token_advantages"]
