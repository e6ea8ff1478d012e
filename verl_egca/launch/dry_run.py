"""A training command's config, composed and checked by verl's own code, without GPU, data or model."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

EXAMPLE_URL = "http://127.0.0.1:30000"  # for a debugger's server, which would start at a free port


class BadCommand(ValueError):
    """The command's config can't be composed, or verl or EGCA would refuse it; the message names the key."""


def show(command: Sequence[str], server: str | None = None) -> None:
    """Print the debugger's ``server``, the command, one override per line, and the resolved config.

    Raises:
        BadCommand: see there.
    """
    config = compose(command)
    check(config)
    if server is not None:
        print(f"# the debugger's server, at a free port\n{server}\n")
    print("# the command")
    print(in_shell(command))
    print("\n# the resolved config")
    print(_yaml(config))


def in_shell(command: Sequence[str]) -> str:
    """The command in shell syntax, one override per line."""
    start = next((place for place, part in enumerate(command) if _is_override(part)), len(command))
    lines = [shlex.join(command[:start]), *map(shlex.quote, command[start:])]
    return " \\\n    ".join(lines)


def compose(command: Sequence[str]) -> Any:
    """The config that the command's ``main`` would get, as an OmegaConf DictConfig.

    Raises:
        BadCommand: an override names no key of the config, or the command names no config.
    """
    import verl.trainer
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    options = dict(pairwise(command))
    try:
        folder, name = options["--config-dir"], options["--config-name"]
    except KeyError as error:
        raise BadCommand(f"the command has no {error.args[0]}") from None
    overrides = [part for part in command if _is_override(part)]
    verls = f"hydra.searchpath=[file://{Path(verl.trainer.__file__).parent / 'config'}]"
    try:
        with initialize_config_dir(str(Path(folder).resolve()), version_base=None):
            return hydra_compose(name, overrides=[verls, *overrides])
    except (HydraException, OmegaConfBaseException) as error:
        raise BadCommand(_whole(error)) from None


def check(config: Any) -> None:
    """Check layouts, batches and settings, which are otherwise refused only after Ray, models and servers have started.

    Raises:
        BadCommand: with verl's or EGCA's message.
    """
    from hydra.errors import HydraException
    from verl.trainer.ppo.utils import need_reference_policy
    from verl.utils.config import omega_conf_to_dataclass, validate_config

    from verl_egca.config.settings import SettingsError
    from verl_egca.training.config import settings_of
    from verl_egca.training.debugging import debugger_of

    try:
        _check_layout(config)
        with contextlib.redirect_stdout(io.StringIO()):  # verl prints that all checks passed
            # a critic's checks load its model (workers/config/critic.py), which may be missing here
            validate_config(config, need_reference_policy(config), use_critic=False)
        omega_conf_to_dataclass(config.actor_rollout_ref.rollout)
        debugger_of(config, settings_of(config))
    except SettingsError as error:
        raise BadCommand(str(error)) from None
    except (AssertionError, ValueError, TypeError, KeyError, HydraException) as error:
        raise BadCommand(_whole(error)) from None


def _check_layout(config: Any) -> None:
    ranks = config.trainer.nnodes * config.trainer.n_gpus_per_node
    actor, rollout = config.actor_rollout_ref.actor, config.actor_rollout_ref.rollout
    if actor.strategy == "megatron":
        sizes = {key: actor.megatron[f"{key}_model_parallel_size"] for key in ("tensor", "pipeline")}
        sizes["context"] = actor.megatron.context_parallel_size
        product = sizes["tensor"] * sizes["pipeline"] * sizes["context"]
        if ranks % product:
            shown = " x ".join(f"{key} {size}" for key, size in sizes.items())
            raise BadCommand(
                f"{ranks} GPUs (trainer.nnodes x trainer.n_gpus_per_node) can't be shared out among {shown} parallel ranks: "
                "make their product a divisor of it"
            )
    if ranks % rollout.tensor_model_parallel_size:
        raise BadCommand(
            f"{ranks} GPUs can't be shared out among rollout servers of "
            f"actor_rollout_ref.rollout.tensor_model_parallel_size={rollout.tensor_model_parallel_size}"
        )
    longest = config.data.max_prompt_length + config.data.max_response_length
    context = actor.megatron.context_parallel_size if actor.strategy == "megatron" else 1
    if actor.use_dynamic_bsz and actor.ppo_max_token_len_per_gpu * context < longest:
        raise BadCommand(
            f"actor_rollout_ref.actor.ppo_max_token_len_per_gpu={actor.ppo_max_token_len_per_gpu} holds no sequence of "
            f"data.max_prompt_length + data.max_response_length = {longest} tokens"
        )


def _is_override(part: str) -> bool:
    return "=" in part and not part.startswith("--")


def _yaml(config: Any) -> str:
    from omegaconf import OmegaConf

    return str(OmegaConf.to_yaml(config, resolve=True))


def _whole(error: BaseException) -> str:
    """An error's message with its cause's, which names the key."""
    said = [str(error) or type(error).__name__]
    while error.__cause__ is not None:
        error = error.__cause__
        if str(error) and str(error) not in said[-1]:
            said.append(str(error))
    return "\n".join(said)


def main(command: Sequence[str], *, composed: bool, server: str | None = None) -> int:
    """Print the command, and with ``composed`` its config and the debugger's ``server``.

    Exit status: 0, or 2 with the reason on standard error.
    """
    if not composed:
        print(in_shell(command))
        return 0
    try:
        show(command, server)
    except BadCommand as error:
        print(f"bad command: {error}", file=sys.stderr)
        return 2
    return 0
