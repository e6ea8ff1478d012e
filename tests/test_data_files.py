"""The benchmarks' files: found by digest, fetched once, and named where they can't be had."""

import hashlib

import pytest

from . import data_files
from .data_files import DataFile, DataFiles, NoData, OtherData

GOOD = b"the file"
SHA256 = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Makes a file known that is fetched so, and gives the two folders where it is looked for."""
    monkeypatch.setattr(data_files, "folders", lambda: [tmp_path / "here", tmp_path / "cache"])
    (tmp_path / "here").mkdir()

    def known(fetch):
        monkeypatch.setitem(data_files.FILES, "one.jsonl", DataFile(SHA256, "somewhere", fetch))
        data_files._found.cache_clear()
        return tmp_path / "here" / "one.jsonl", tmp_path / "cache" / "one.jsonl"

    return known


def test_a_file_that_is_there_is_not_fetched(place):
    here, _ = place(None)
    here.write_bytes(GOOD)
    assert DataFiles() / "one.jsonl" == here


def test_a_file_is_fetched_once_and_kept(place):
    fetched = []
    _, cached = place(lambda: fetched.append(1) or GOOD)
    assert [DataFiles() / "one.jsonl", DataFiles() / "one.jsonl"] == [cached, cached]
    assert (cached.read_bytes(), fetched) == (GOOD, [1])


def unreachable():
    raise OSError("no network")


CHANGED = f"the public file has SHA-256 {hashlib.sha256(b'other').hexdigest()}"


@pytest.mark.parametrize(
    ("fetch", "error", "why"),
    [
        (None, NoData, "no public file has the same bytes"),
        (unreachable, NoData, "fetching it raised OSError('no network')"),
        (lambda: b"other", OtherData, CHANGED),
    ],
    ids=["no source", "no network", "changed"],
)
def test_a_file_that_can_not_be_had_is_named_with_its_digest_and_where_to_put_it(place, fetch, error, why):
    _, cached = place(fetch)
    with pytest.raises(error) as missing:
        data_files.path_of("one.jsonl")
    message = str(missing.value)
    assert f"one.jsonl, SHA-256 {SHA256}, from somewhere: {why}" in message
    assert f"Put the file into {cached.parent}" in message
    assert not cached.exists()


def test_a_file_with_another_digest_is_an_error(place):
    here, _ = place(lambda: GOOD)
    here.write_bytes(b"broken")
    with pytest.raises(OtherData, match=f"{here} has SHA-256 "):
        DataFiles() / "one.jsonl"


def test_humaneval_comes_with_a_package_and_codellamas_programs_from_rows_of_other_columns(monkeypatch):
    data = data_files._humaneval()
    assert hashlib.sha256(data).hexdigest() == data_files.FILES["HumanEval.jsonl.gz"].sha256
    monkeypatch.setattr(
        data_files, "_download", lambda address: b'{"task_id": "MBPP/76", "seed": "", "solution": "x"}\n'
    )
    assert data_files._codellama("mbpp") == b'{"task_id": 76, "sample_index": 0, "solution": "x"}\n'
