"""The ``egca:`` section of a YAML file, for commands that run without verl."""

from __future__ import annotations

from pathlib import Path

import yaml

from verl_egca.config.settings import SettingsError, parse_settings
from verl_egca.data.rows import BadInput
from verl_egca.gates.settings import GateSettings


def gate_settings_of(path: Path | None) -> GateSettings:
    """The file's gate settings, or the defaults without a file. Raises BadInput with file and key."""
    if path is None:
        return GateSettings()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        section = document.get("egca") if isinstance(document, dict) else None
        if not isinstance(section, dict) or not isinstance(section.get("gates", {}), dict):
            raise BadInput(path, None, "egca", "keys with values are wanted, gates among them")
        return parse_settings({"gates": section.get("gates", {})}).gates
    except FileNotFoundError:
        raise BadInput(path, None, None, "there is no such file") from None
    except SettingsError as error:
        raise BadInput(path, None, None, str(error)) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(path, None, None, f"can't be read ({error}); YAML in UTF-8 is wanted") from None
