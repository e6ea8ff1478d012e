"""Delta debugging: removes hunks while the remaining ones pass, the costliest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verl_egca.localization.repair.patch import Hunk, Patch

Passes = Callable[[str], bool | None]  # None if the budget is used up


def reduced(patch: Patch, passes: Passes) -> tuple[Hunk, ...] | None:
    """A smallest selection that passes: no single hunk of it can be removed. None if all hunks together do not pass.

    Rows are removed before changes within rows. If the budget ends, the smallest passing selection so far counts.
    """
    if not passes(patch.apply(patch.hunks)):
        return None
    rows: dict[int, list[Hunk]] = {}
    for hunk in patch.hunks:
        rows.setdefault(hunk.row, []).append(hunk)
    kept = _minimal(list(rows.values()), patch, passes)
    return tuple(_minimal([[hunk] for hunk in kept], patch, passes))


def _minimal(groups: Sequence[Sequence[Hunk]], patch: Patch, passes: Passes) -> list[Hunk]:
    """ddmin by complements (Zeller and Hildebrandt 2002, figure 5)."""
    left = list(groups)
    parts = 2
    while len(left) > 1:
        size = -(-len(left) // parts)
        chunks = [range(at, min(at + size, len(left))) for at in range(0, len(left), size)]
        chunks.sort(key=lambda chunk: -sum(hunk.weight for at in chunk for hunk in left[at]))
        for chunk in chunks:
            rest = [group for at, group in enumerate(left) if at not in chunk]
            found = passes(patch.apply([hunk for group in rest for hunk in group])) if rest else False
            if found is None:
                return _flat(left)
            if found:
                left, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(left):
                break
            parts = min(2 * parts, len(left))
    return _flat(left)


def _flat(groups: Sequence[Sequence[Hunk]]) -> list[Hunk]:
    return [hunk for group in groups for hunk in group]
