"""A batch whose advantages encode their rows and tokens.

Row i's token j has the advantage ±(256 i + j + 1) / 1024: exact in float32, with unique magnitudes. Some tokens within
responses are masked, like tool output; their codes must not arrive. Seven in ten are negative, to keep the loss away
from 0, where relative errors mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from layouts.model import VOCABULARY

# rows 2 and 5 have responses of one length and different masks: swapping these masks raises no error
RESPONSES = (4, 9, 14, 19, 7, 14, 12, 5)
MASKED = {1: (3, 5), 2: (2, 6), 3: (10, 15), 5: (9, 10), 6: (0, 2)}
SWAPPED = (2, 5)


@dataclass(slots=True)
class Row:
    """One response, T tokens with their prompt, R without.

    ``old_noise_R`` and ``kl_noise_R`` are the differences of the rollout's and the reference's log-probs.
    """

    ids_T: torch.Tensor
    prompt: int
    advantages_R: torch.Tensor
    mask_R: torch.Tensor
    old_noise_R: torch.Tensor

    @property
    def response(self) -> int:
        return len(self.ids_T) - self.prompt


def coded_rows(seed: int) -> list[Row]:
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for number, response in enumerate(RESPONSES):
        prompt = 3 + (number + seed) % 5
        ids = torch.randint(4, VOCABULARY, (prompt + response,), generator=generator)
        codes = (256 * number + torch.arange(response) + 1).float() / 1024
        signs = torch.where(torch.rand(response, generator=generator) < 0.7, -1.0, 1.0)
        mask = torch.ones(response, dtype=torch.long)
        start, end = MASKED.get(number, (0, 0))
        mask[start:end] = 0
        noise = 0.3 * torch.randn(response, generator=generator)
        rows.append(Row(ids, prompt, codes * signs, mask, noise))
    return rows


def row_and_token(advantage: float) -> tuple[int, int]:
    """The row and token of an advantage; (-1, -1) if it is no code."""
    code = abs(advantage) * 1024
    if not (code >= 1 and code % 1 == 0):
        return -1, -1
    return divmod(int(code) - 1, 256)
