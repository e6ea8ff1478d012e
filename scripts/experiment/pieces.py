"""Pieces of work in several processes. Existing files are kept, so an interruption loses only running pieces."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from verl_egca.cluster.processes import end_with_parent


class Piece(Protocol):
    """``write`` makes the file at ``path`` in a folder atomically."""

    def path(self, folder: Path) -> Path: ...

    def write(self, folder: Path) -> None: ...


def make(pieces: Sequence[Piece], folder: Path, workers: int, told: Callable[[Path, int, int], None]) -> None:
    """Make the missing pieces, in order; calls ``told`` with each one's file, the number done, and the total.

    After an error the running pieces finish, no other one starts, and the error is raised.
    """
    left = [piece for piece in pieces if not piece.path(folder).exists()]
    done = len(pieces) - len(left)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_end_with_parent) as pool:
        futures = {pool.submit(piece.write, folder): piece for piece in left}
        for future in as_completed(futures):
            if future.exception() is not None:
                pool.shutdown(cancel_futures=True)
            future.result()
            done += 1
            told(futures[future].path(folder), done, len(pieces))


def _end_with_parent() -> None:
    """End with the parent, even if it has ended already."""
    end_with_parent()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        sys.exit()
