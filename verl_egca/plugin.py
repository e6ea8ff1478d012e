"""verl's plugin (entry point group ``verl.plugins``): installs import hooks and imports nothing heavy.

verl loads this at the end of its own import, in every process: driver, trainer, reward workers, data processes. Each
part of the plugin registers itself once the verl module that it extends has been imported.

verl logs a plugin's errors at debug level only (verl/__init__.py, "Failed to load plugin"), so they are logged here as
errors.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

logger = logging.getLogger(__name__)

# verl module -> our module, which registers its names when it is imported
_EXTENDS = {
    "verl.experimental.agent_loop.agent_loop": "verl_egca.training.response_mask",
    "verl.experimental.reward_loop.reward_manager": "verl_egca.training.reward_manager",
    "verl.trainer.ppo.core_algos": "verl_egca.training.estimator",
    "verl.trainer.ppo.v1": "verl_egca.training.trainer",
}


def _load() -> None:
    from wrapt import register_post_import_hook

    if os.environ.get("EGCA_CPU") == "1":
        from verl_egca.cpu import install

        install()
    for verl_module, own_module in _EXTENDS.items():
        register_post_import_hook(_importer_of(own_module), verl_module)


def _importer_of(name: str) -> Callable[[ModuleType], ModuleType]:
    return lambda _: _imported(name)


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (AttributeError, ImportError) as error:
        from verl_egca.training.upstream import check_verl

        try:
            check_verl()  # says which verl this was made for, if it is that
        except Exception as other:
            raise other from error
        raise


try:
    _load()
except Exception:
    logger.exception("egca: the plugin could not be loaded; its names are unknown to verl in this process")
    raise
