"""Fits the likelihood that each of several candidates is right, by its signs: a conditional logit (McFadden 1974).

For candidate i of a group with signs x_i the model gives p_i = exp(-w x_i) / sum_j exp(-w x_j). If several are right,
the likelihood is the sum of their p_i.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Signs = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates, one of them right. ``weight`` is the group's; ``stands_for`` counts omitted candidates per candidate.

    Groups of one ``name`` are never split between fitting and reporting.
    """

    name: str
    candidates: Sequence[Signs]
    right: Sequence[bool]
    stands_for: Sequence[float]
    weight: float = 1.0


def fitted(
    groups: Sequence[Group], penalty: float, least_seen: int = 5, never_likelier: Sequence[str] = ()
) -> dict[str, float]:
    """The bits of each sign: minus the logarithm to base 2 of the factor by which it makes a candidate likelier.

    ``penalty`` is L2, in nats. Signs of fewer than ``least_seen`` candidates get no bits; signs that begin with one of
    ``never_likelier`` get at least 0.
    """
    data = _Data.of(groups, least_seen)
    if not data.names:
        return {}
    bounds = [(0.0 if name.startswith(tuple(never_likelier)) else None, None) for name in data.names]
    found = minimize(
        data.loss,
        np.zeros(len(data.names)),
        (penalty,),
        method="L-BFGS-B",
        jac=True,
        bounds=bounds,
        options={"maxiter": 500},
    )
    return {name: float(weight) / math.log(2) for name, weight in zip(data.names, found.x, strict=True)}


def bits_of(candidate: Signs, bits: Mapping[str, float]) -> float:
    return sum(bits.get(sign, 0.0) * amount for sign, amount in candidate.items())


def surprise(groups: Iterable[Group], bits: Mapping[str, float]) -> tuple[float, float]:
    """The surprise of the right candidate: in bits (mean over groups), and in candidates before it (median)."""
    told: list[float] = []
    before: list[float] = []
    for group in groups:
        costs = np.array([bits_of(candidate, bits) for candidate in group.candidates])
        right, stands_for = np.array(group.right), np.array(group.stands_for)
        worth = stands_for * np.exp2(-(costs - costs.min()))
        told.append(-math.log2(worth[right].sum() / worth.sum()))
        best, wrong = costs[right].min(), stands_for * ~right
        before.append(float(wrong[costs < best].sum() + wrong[costs == best].sum() / 2))
    return float(np.mean(told)), float(np.median(before))


@dataclass(frozen=True, slots=True)
class _Data:
    names: list[str]
    signs: csr_matrix  # one row per candidate
    starts: np.ndarray  # the first row of each group
    right: np.ndarray
    log_stands: np.ndarray
    weights: np.ndarray  # of the groups

    @classmethod
    def of(cls, groups: Sequence[Group], least_seen: int) -> _Data:
        seen: dict[str, int] = {}
        for group in groups:
            for candidate in group.candidates:
                for sign in candidate:
                    seen[sign] = seen.get(sign, 0) + 1
        names = sorted(sign for sign, count in seen.items() if count >= least_seen)
        column = {name: place for place, name in enumerate(names)}
        ends, columns, amounts, starts = [0], [], [], []
        for group in groups:
            starts.append(len(ends) - 1)
            for candidate in group.candidates:
                for sign, amount in candidate.items():
                    if sign in column:
                        columns.append(column[sign])
                        amounts.append(amount)
                ends.append(len(columns))
        signs = csr_matrix((amounts, columns, ends), shape=(len(ends) - 1, len(names)))
        right = np.concatenate([np.array(group.right) for group in groups])
        stands = np.concatenate([np.array(group.stands_for, dtype=float) for group in groups])
        return cls(names, signs, np.array(starts), right, np.log(stands), np.array([group.weight for group in groups]))

    def loss(self, weights: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        """The loss and its gradient."""
        scores = self.log_stands - self.signs @ weights
        all_of, of_all = self._softmax(scores)
        right_of, of_right = self._softmax(np.where(self.right, scores, -np.inf))
        loss = float(self.weights @ (all_of - right_of)) + penalty * float(weights @ weights)
        sizes = np.diff([*self.starts, len(scores)])
        slope = np.repeat(self.weights, sizes) * (of_right - of_all)
        return loss, self.signs.T @ slope + 2 * penalty * weights

    def _softmax(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of the sum of each group, and the share of each candidate."""
        sizes = np.diff([*self.starts, len(scores)])
        most = np.maximum.reduceat(scores, self.starts)
        worth = np.exp(scores - np.repeat(most, sizes))
        total = np.add.reduceat(worth, self.starts)
        return most + np.log(total), worth / np.repeat(total, sizes)
