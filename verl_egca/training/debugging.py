"""A run's debugger: at the addresses of ``egca.debugger.urls``, or as replicas that verl serves.

With ``reward.reward_model.enable=True`` verl starts the replicas and passes their router's address to the reward
manager. But it bypasses the reward manager unless a custom reward function is set (`RewardLoopWorker.compute_score`,
experimental/reward_loop/reward_loop.py, 0.9.1), so `route_past_disrm` sets verl's own scorer as that function.
"""

from __future__ import annotations

import logging

from omegaconf import DictConfig, OmegaConf, open_dict

from verl_egca.config.settings import Settings, SettingsError
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.localization.registry import localizer_class

logger = logging.getLogger(__name__)

VERLS_SCORER = "verl_egca.training.verls_scorer"


def debugger_of(config: DictConfig, settings: Settings, router: str | None = None) -> DebuggerSettings | None:
    """The debugger's settings, if there is one. ``router``: host and port of verl's router; "?" until known.

    Raises:
        SettingsError: the localizer needs a debugger and there is none, or two are set.
    """
    managed = _is_managed(config)
    if settings.debugger.urls and managed:
        raise SettingsError(
            "egca.debugger.urls and reward.reward_model.enable=True: a debugger of your own, or one that verl serves; choose"
        )
    if managed and not config.reward.reward_model.enable_resource_pool:
        raise SettingsError(
            "reward.reward_model.enable_resource_pool: true is wanted, GPUs of the debugger's own, so that it answers while "
            "the rollout runs (got false)"
        )
    localizer = localizer_class(settings.localizer)
    if not localizer.asks_debugger:
        return None
    if managed:
        model = settings.debugger.model or config.reward.reward_model.model_path
        return settings.debugger.model_copy(update={"urls": (f"http://{router or '?'}",), "model": model})
    if settings.debugger.urls:
        return settings.debugger
    if localizer.needs_debugger:
        raise SettingsError(
            f"egca.localizer: {settings.localizer} asks a served LLM; give its address in egca.debugger.urls, or have verl serve one with "
            "reward.reward_model.enable=True"
        )
    return None


def route_past_disrm(config: DictConfig) -> None:
    """Keep verl from scoring samples with the debugger's replicas."""
    if _is_managed(config) and config.reward.custom_reward_function.path is None:
        sandbox = OmegaConf.select(config, "reward.sandbox_fusion") or {}
        arguments = {"sandbox_fusion_url": sandbox.get("url"), "memory_limit_mb": sandbox.get("memory_limit_mb", 1024)}
        with open_dict(config):
            config.reward.custom_reward_function.path = f"pkg://{VERLS_SCORER}"
            config.reward.custom_reward_function.name = "compute_score"
            config.reward.custom_reward_function.reward_kwargs = arguments if arguments["sandbox_fusion_url"] else {}
        logger.warning("egca: reward.custom_reward_function is set, so that verl leaves rewards to the reward manager")


def _is_managed(config: DictConfig) -> bool:
    return bool(OmegaConf.select(config, "reward.reward_model.enable", default=False))
