"""What the trainer says of its data files, and refuses, before any model loads."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from omegaconf import OmegaConf

from verl_egca.config.settings import Settings
from verl_egca.data.rows import BadInput
from verl_egca.training.data_check import DATA_FILE, check_data

RIGHT = "def f(x):\n    return x + 1\n"
PAIRS = {"fn_name": "f", "inputs": [[1]], "outputs": [2]}


def row(truth, source="taco", ability="code", **extra):
    reward_model = {"style": "rule", "ground_truth": truth if isinstance(truth, str) else json.dumps(truth)}
    return {
        "data_source": source,
        "ability": ability,
        "reward_model": reward_model,
        "extra_info": {"index": 0, **extra},
    }


CODE, MATH = row(PAIRS, solution=RIGHT), row("42", "numina_olympiads", "math")


@pytest.fixture
def checked(sandbox, tmp_path):
    """Writes the files and checks them; what the run's directory then says."""

    def check(train, val=None, data=None, reward=None):
        files = {}
        for name, rows in (("train", train), ("val", val or train)):
            files[name] = tmp_path / f"{name}.parquet"
            pq.write_table(pa.Table.from_pylist(rows), files[name])
        data = {"train_files": str(files["train"]), "val_files": [str(files["val"])], **(data or {})}
        config = OmegaConf.create({"data": data, "reward": {"custom_reward_function": {"path": reward}}})
        check_data(config, Settings(), sandbox, 2, tmp_path)
        return (tmp_path / DATA_FILE).read_text() if (tmp_path / DATA_FILE).exists() else None

    return check


def test_both_files_are_in_the_table_and_faults_are_named(checked):
    told = checked([CODE, MATH], [row(PAIRS, solution=RIGHT.replace("+", "-"))])
    assert "train.parquet: without program tests: 1 row, rewarded as without EGCA: numina_olympiads 1" in told
    assert "val.parquet: the reference fails its own tests: 1 row" in told


@pytest.mark.parametrize("rows", [[MATH], [row("{"), MATH]], ids=["mathematics alone", "tests that can't be read"])
def test_training_files_without_a_usable_row_are_refused_with_file_row_and_key(checked, rows):
    with pytest.raises(BadInput, match=r"train\.parquet, row 1, key 'reward_model\.ground_truth'"):
        checked(rows, [CODE])


def test_rows_that_nobody_can_score_are_told_unless_there_is_a_reward_function(checked):
    rows = [CODE, row("42", "my_source", "math")]
    assert "1 rows of data_source 'my_source' have neither program tests nor a scorer of verl's" in checked(rows)
    assert "my_source' have neither" not in checked(rows, reward="mine.py")


def test_files_of_a_data_set_class_of_the_users_own_are_left_alone(checked, caplog):
    assert checked([MATH], data={"custom_cls": {"path": "mine.py", "name": "Mine"}}) is None
    assert "not checked, since the data set class of mine.py reads them" in caplog.text


@pytest.mark.parametrize("mode", ["egca_sync", "egca_colocate_async", "egca_separate_async"])
def test_a_trainer_refuses_such_files_before_anything_else(mode, tmp_path):
    from verl.trainer.ppo.v1 import get_trainer_cls

    file = tmp_path / "train.parquet"
    pq.write_table(pa.Table.from_pylist([row("{")]), file)
    config = OmegaConf.create(
        {
            "trainer": {"v1": {"trainer_mode": mode}, "default_local_dir": str(tmp_path / "run")},
            "data": {"train_files": str(file), "val_files": None},
            "reward": {},
        }
    )
    with pytest.raises(BadInput, match=r"train\.parquet, row 1, key 'reward_model\.ground_truth'"):
        get_trainer_cls(mode)(config)
