"""A survey of the training and validation files before any model loads, in the log and in ``data.txt``."""

from __future__ import annotations

import logging
from pathlib import Path

from omegaconf import DictConfig, ListConfig
from verl.utils.fs import copy_to_local
from verl.utils.reward_score import default_compute_score

from verl_egca.config.settings import Settings
from verl_egca.data.row_problem import NO_TESTS
from verl_egca.data.rows import BadInput
from verl_egca.data.survey import Budget, Survey, survey
from verl_egca.data.survey_table import survey_text
from verl_egca.execution.sandbox import Sandbox
from verl_egca.training.debugging import VERLS_SCORER

logger = logging.getLogger(__name__)

DATA_FILE = "data.txt"  # in the run's directory (run_dir.py), where the launcher shows it


def check_data(config: DictConfig, settings: Settings, sandbox: Sandbox, workers: int, run_dir: Path) -> None:
    """Survey ``data.train_files`` and ``data.val_files``, unless a custom data set class reads them.

    Raises:
        BadInput: no training row has readable tests; names file, row and key.
    """
    own = (config.data.get("custom_cls") or {}).get("path")
    if own:
        logger.warning("egca: data files: not checked, since the data set class of %s reads them", own)
        return
    train, budget = _paths(config.data.train_files, config), Budget(settings.check_references_s)
    surveys = {path: survey(path, sandbox, workers, budget) for path in train}
    if train and not any(one.problems for one in surveys.values()):
        raise next((one.first_error for one in surveys.values() if one.first_error), None) or BadInput(
            train[0],
            1,
            "reward_model.ground_truth",
            "holds no program tests, nor does any other row, so that EGCA has nothing to judge. Train such data with "
            "verl's own reward manager and estimator, or see README for the data sets that can be read",
        )
    for path in _paths(config.data.get("val_files"), config):
        if path not in surveys:
            surveys[path] = survey(path, sandbox, workers, budget)
    text = survey_text(list(surveys.values()), budget.seconds)
    scorer = (config.reward.get("custom_reward_function") or {}).get("path")
    if not scorer or scorer.endswith(VERLS_SCORER):
        text += "".join(f"{line}\n" for one in surveys.values() for line in _without_scorer(one))
    logger.warning("egca: data files\n%s", text)
    partial = run_dir / f"{DATA_FILE}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.replace(run_dir / DATA_FILE)


def _paths(files: str | ListConfig | list[str] | None, config: DictConfig) -> list[Path]:
    """The files' local paths, found as verl's data set finds them."""
    named = [files] if isinstance(files, str) else list(files or ())
    local = [copy_to_local(src=str(file), use_shm=bool(config.data.get("use_shm", False))) for file in named]
    return list(dict.fromkeys(Path(path) for path in local))


def _without_scorer(one: Survey) -> list[str]:
    """Warnings about data sources without a scorer in verl: their samples would get no advantage."""
    found = []
    for source, count in one.sources.items() if one.shapes[NO_TESTS] else ():
        try:
            default_compute_score(source, "", "")
        except NotImplementedError:
            found.append(
                f"{one.path.name}: {count:,} rows of data_source {source!r} have neither program tests nor a scorer of verl's: "
                "their samples get no advantage. Set reward.custom_reward_function, or leave them out"
            )
        except Exception:  # the scorer exists, but rejects an empty answer
            pass
    return found
