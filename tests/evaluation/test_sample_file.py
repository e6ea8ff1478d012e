"""A folder of samples: rows kept through a crash, settings beside them, one writer."""

import json
from contextlib import suppress

import pytest

from verl_egca.data.rows import BadInput
from verl_egca.evaluation.sample_file import SampleFile

SETTINGS = {"paths": {"model": "/a"}, "sampling": {"seed": 0}, "stops": (1, 2)}
ROWS = [{"n": number, "text": "ä\u2028"} for number in range(5)]


class Killed(Exception):
    pass


def fill(folder, rows):
    with SampleFile(folder, SETTINGS, 5) as file:
        file.append(rows)


def killed_after(folder, rows):
    with suppress(Killed), SampleFile(folder, SETTINGS, 5) as file:
        file.append(ROWS[:rows])
        raise Killed


def test_rows_are_there_after_a_crash_and_the_file_once_it_is_complete(tmp_path):
    killed_after(tmp_path, 2)
    assert not (tmp_path / "samples.jsonl").exists()
    with SampleFile(tmp_path, SETTINGS, 5) as file:
        assert file.done == 2
        file.append(ROWS[2:])
    assert [json.loads(line) for line in file.path.read_text().split("\n")[:-1]] == ROWS
    with SampleFile(tmp_path, SETTINGS, 5) as file:
        assert file.done == 5


def test_rows_can_be_taken_back(tmp_path):
    killed_after(tmp_path, 4)
    with SampleFile(tmp_path, SETTINGS, 5) as file:
        file.keep(3)
        file.append(ROWS[3:])
    assert [json.loads(line)["n"] for line in file.path.read_text().split("\n")[:-1]] == [0, 1, 2, 3, 4]


def test_half_a_row_is_no_row(tmp_path):
    killed_after(tmp_path, 2)
    partial = tmp_path / "samples.jsonl.partial"
    whole = partial.read_bytes()
    partial.write_bytes(whole[:-3])
    with SampleFile(tmp_path, SETTINGS, 5) as file:
        assert file.done == 1
    assert partial.read_bytes() == whole[: whole.index(b"\n") + 1]


def test_a_run_that_ends_too_early_looks_unfinished(tmp_path):
    fill(tmp_path, ROWS[:4])
    assert not (tmp_path / "samples.jsonl").exists()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({**SETTINGS, "sampling": {"seed": 1}}, "sampling.seed"),
        ({**SETTINGS, "sampling": {}}, "sampling.seed"),
        ({**SETTINGS, "stops": [1]}, "stops"),
        ({**SETTINGS, "more": 1}, "more"),
    ],
)
@pytest.mark.parametrize("rows", [2, 5])
def test_other_settings_are_refused_by_name(tmp_path, settings, key, rows):
    fill(tmp_path, ROWS[:rows])
    with pytest.raises(BadInput, match="for the samples that are there") as caught, SampleFile(tmp_path, settings, 5):
        raise AssertionError("accepted")
    assert caught.value.key == key


def test_where_files_lie_decides_nothing(tmp_path):
    fill(tmp_path, ROWS)
    with SampleFile(tmp_path, {**SETTINGS, "paths": {"model": "/b"}}, 5) as file:
        assert file.done == 5


def test_samples_of_unknown_settings_are_not_gone_on_with(tmp_path):
    fill(tmp_path, ROWS)
    (tmp_path / "settings.json").unlink()
    with pytest.raises(BadInput, match=r"no settings\.json beside it"), SampleFile(tmp_path, SETTINGS, 5):
        raise AssertionError("accepted")


def test_one_process_writes(tmp_path):
    with (
        pytest.raises(BadInput, match="is being written by another process"),
        SampleFile(tmp_path, SETTINGS, 5),
        SampleFile(tmp_path, SETTINGS, 5),
    ):
        raise AssertionError("accepted")
