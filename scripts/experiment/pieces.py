"""Pieces of work in several processes: what is there is not made again, so an interruption loses a piece at most."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from verl_egca.cluster.processes import end_with_parent


class Piece(Protocol):
    """``write`` makes the file at ``path`` in a folder, whole or not at all."""

    def path(self, folder: Path) -> Path: ...

    def write(self, folder: Path) -> None: ...


def make(pieces: Sequence[Piece], folder: Path, workers: int, told: Callable[[Path, int, int], None]) -> None:
    """Make the pieces that are missing, in order; ``told`` hears of each one's file, and of how many of how many are done.

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
    """Also where the parent has ended before this process was there to be told."""
    end_with_parent()
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        sys.exit()
