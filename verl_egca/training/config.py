"""The ``egca:`` section of verl's composed config, as typed settings."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from verl_egca.config.settings import Settings, parse_settings


def settings_of(config: DictConfig) -> Settings:
    """The validated settings; a config without the section gets the defaults.

    Raises:
        SettingsError: names each wrong key and the choices.
    """
    section = config.get("egca")
    return parse_settings(OmegaConf.to_container(section, resolve=True) if section is not None else None)
