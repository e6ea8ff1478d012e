"""The evaluated model: its folder, tokenizer, stops and chat template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from verl_egca.data.rows import BadInput
from verl_egca.evaluation.jobs import sha256

_KINDS = {".json", ".jinja", ".model", ".txt", ".safetensors", ".bin", ".pt"}
Message = Mapping[str, str]


class ModelFolder:
    """A folder written by ``save_pretrained``; a model on the hub is fetched into its cache first."""

    def __init__(self, name: str) -> None:
        """Raises BadInput: the model does not exist, or has no chat template."""
        from transformers import AutoConfig, AutoTokenizer

        self.name = name
        self.path = _folder(name)
        try:
            config = AutoConfig.from_pretrained(self.path)
            self.tokenizer: Any = AutoTokenizer.from_pretrained(self.path)
        except (OSError, ValueError) as error:
            raise BadInput(self.path, None, None, f"holds no model and tokenizer ({_first_line(error)})") from None
        if self.tokenizer.chat_template is None:
            raise BadInput(
                self.path,
                None,
                "chat_template",
                "is missing; an instruct model is wanted, or a chat_template.jinja in the folder",
            )
        text = config.get_text_config()
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        self.stops = _stops(self.path, self.tokenizer, text)

    def asked(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """The chat as token ids, up to the beginning of the model's answer, like verl's prompts of rollouts."""
        ids = self.tokenizer.apply_chat_template(
            [dict(message) for message in messages], add_generation_prompt=True, tokenize=True, return_dict=False
        )
        return tuple(ids)

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file of the model, with its weights."""
        files = sorted(file for file in self.path.iterdir() if file.suffix in _KINDS and file.is_file())
        return {file.name: sha256(file) for file in files}


def _folder(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        return path.resolve()
    if path.exists():
        raise BadInput(path, None, None, "is a file; a model's folder is wanted")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(name))
    except HFValidationError:
        raise BadInput(path, None, None, "there is no such folder") from None
    except Exception as error:  # offline, unknown, forbidden: exceptions of several libraries
        raise BadInput(
            path, None, None, f"is no folder, and can't be fetched from the hub ({_first_line(error)})"
        ) from None


def _stops(path: Path, tokenizer: Any, config: Any) -> tuple[int, ...]:
    """The end tokens of tokenizer and model files: only the tokenizer has DeepSeek-Coder's ``<|EOT|>``."""
    from transformers import GenerationConfig

    found: set[int] = set()
    sources = [tokenizer, config]
    if (path / "generation_config.json").exists():
        sources.append(GenerationConfig.from_pretrained(path))
    for source in sources:
        ids = getattr(source, "eos_token_id", None)
        found.update(ids if isinstance(ids, list) else [] if ids is None else [ids])
    return tuple(sorted(found))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
