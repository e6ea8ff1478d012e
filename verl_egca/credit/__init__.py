"""From rewards and blamed spans to token advantages, in plain torch.

In order: `group_advantages`, `weigh_signs`, `credit`, and with a share of tokens alone `most_uncertain`.
"""

from verl_egca.credit.entropy import most_uncertain
from verl_egca.credit.group import group_advantages
from verl_egca.credit.operator import Normalisation, credit, span_mask, token_advantages
from verl_egca.credit.signs import weigh_signs

__all__ = [
    "Normalisation",
    "credit",
    "group_advantages",
    "most_uncertain",
    "span_mask",
    "token_advantages",
    "weigh_signs",
]
