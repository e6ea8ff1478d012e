"""The ``egca:`` section of verl's composed config, as typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from verl_egca.config.settings import Settings, SettingsError, parse_settings


def settings_of(config: DictConfig) -> Settings:
    """The validated settings; a config without the section gets the defaults.

    Raises:
        SettingsError: a wrong value, with its choices, or a key without effect under the rest of the config.
    """
    section = config.get("egca")
    settings = parse_settings(OmegaConf.to_container(section, resolve=True) if section is not None else None)
    _refuse_what_has_no_effect(settings, config.get("algorithm") or {})
    return settings


def _refuse_what_has_no_effect(settings: Settings, algorithm: Mapping[str, Any]) -> None:
    estimator = algorithm.get("adv_estimator") or "egca"
    for key in ("positive_weight", "negative_weight", "entropy_share"):
        if estimator != "egca" and getattr(settings, key) != 1.0:
            raise SettingsError(
                f"egca.{key}: has no effect with algorithm.adv_estimator={estimator}; set that to egca, with "
                "egca.localizer=uniform for GRPO's own credit"
            )
    if settings.entropy_share < 1.0 and (algorithm.get("rollout_correction") or {}).get("bypass_mode"):
        raise SettingsError(
            f"egca.entropy_share: {settings.entropy_share} needs the actor's entropies, which verl computes with the old "
            "log-probs: set algorithm.rollout_correction.bypass_mode to False"
        )
