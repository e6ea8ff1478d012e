"""The benchmarks' files: found by digest, fetched once, and named where they can't be had."""

import hashlib

import pytest

from . import data_files
from .data_files import DataFile, DataFiles, NoData

GOOD = b"the file"
SHA256 = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Makes a file known that is fetched so, and gives the two folders where it is looked for."""
    monkeypatch.setattr(data_files, "folders", lambda: [tmp_path / "here", tmp_path / "cache"])
    (tmp_path / "here").mkdir()

    def known(fetch):
        monkeypatch.setitem(data_files.FILES, "one.jsonl", DataFile(SHA256, "somewhere", fetch))
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


@pytest.mark.parametrize(
    ("fetch", "why"),
    [
        (None, "there is no public file of the same bytes"),
        (unreachable, "it could not be fetched: OSError('no network')"),
        (lambda: b"other", f"what is there now has SHA-256 {hashlib.sha256(b'other').hexdigest()}"),
    ],
    ids=["no source", "no network", "changed"],
)
def test_a_file_that_can_not_be_had_is_named_with_its_digest_and_where_to_put_it(place, fetch, why):
    here, cached = place(fetch)
    here.write_bytes(b"broken")
    with pytest.raises(NoData) as missing:
        DataFiles() / "one.jsonl"
    said = str(missing.value)
    assert f"one.jsonl, SHA-256 {SHA256}, from somewhere: {here} is another file" in said
    assert why in said
    assert f"Put the file into {cached.parent}" in said
    assert not cached.exists()


def test_humaneval_comes_with_a_package_and_codellamas_programs_from_rows_of_other_columns(monkeypatch):
    data = data_files._humaneval()
    assert hashlib.sha256(data).hexdigest() == data_files.FILES["HumanEval.jsonl.gz"].sha256
    monkeypatch.setattr(
        data_files, "_download", lambda address: b'{"task_id": "MBPP/76", "seed": "", "solution": "x"}\n'
    )
    assert data_files._codellama("mbpp") == b'{"task_id": 76, "sample_index": 0, "solution": "x"}\n'
