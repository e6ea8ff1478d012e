"""A model's shape, and its computed number of parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plan.bad_plan import BadPlan

# Families with the layers of `ModelShape`: gated MLP, RMSNorm, rotary positions, grouped heads.
QKV_BIAS = {"llama": False, "mistral": False, "qwen2": True, "qwen3": False}
QK_NORM = {"qwen3"}


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A dense decoder. ``hidden``, ``ffn``, ``head_dim`` in elements; ``tied``: the head is the embedding."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    vocab: int
    tied: bool
    head_dim: int
    qkv_bias: bool = False
    qk_norm: bool = False

    @property
    def queries(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all key heads together, equal to the values'."""
        return self.kv_heads * self.head_dim

    @property
    def layer_matrices(self) -> int:
        """Parameters of a layer that tensor parallelism shards: matrices, and biases of the projections."""
        attention = self.hidden * (2 * self.queries + 2 * self.keys)
        bias = self.queries + 2 * self.keys if self.qkv_bias else 0
        return attention + bias + 3 * self.hidden * self.ffn

    @property
    def layer_norms(self) -> int:
        """Parameters of a layer on every tensor-parallel rank: its norms."""
        return 2 * self.hidden + (2 * self.head_dim if self.qk_norm else 0)

    @property
    def layer(self) -> int:
        return self.layer_matrices + self.layer_norms

    @property
    def embedding(self) -> int:
        return self.vocab * self.hidden

    @property
    def ends(self) -> int:
        """Parameters outside the layers: embedding, untied head, last norm."""
        return self.embedding * (1 if self.tied else 2) + self.hidden

    @property
    def parameters(self) -> int:
        return self.layers * self.layer + self.ends

    @property
    def multiplied(self) -> int:
        """Parameters in a token's matrix products: all matrices and the head, without the embedding."""
        return self.layers * self.layer + self.embedding + self.hidden

    def kv_bytes(self, tp: int = 1) -> int:
        """Bytes of one token's keys and values on one of ``tp`` GPUs, in bfloat16; indivisible heads are copied."""
        heads = max(1, self.kv_heads // tp)
        return 2 * self.layers * heads * self.head_dim * 2


def _deepseek(name: str, layers: int, hidden: int, heads: int, kv_heads: int, ffn: int) -> ModelShape:
    return ModelShape(name, layers, hidden, heads, kv_heads, ffn, 32256, False, hidden // heads)


def _qwen(
    name: str, layers: int, hidden: int, heads: int, kv_heads: int, ffn: int, vocab: int, tied: bool
) -> ModelShape:
    return ModelShape(name, layers, hidden, heads, kv_heads, ffn, vocab, tied, hidden // heads, qkv_bias=True)


# From the models' published config.json.
KNOWN = {
    shape.name: shape
    for shape in (
        _deepseek("deepseek-1.3b", 24, 2048, 16, 16, 5504),
        _deepseek("deepseek-6.7b", 32, 4096, 32, 32, 11008),
        _deepseek("deepseek-33b", 62, 7168, 56, 8, 19200),
        _qwen("qwen2.5-coder-0.5b", 24, 896, 14, 2, 4864, 151936, True),
        _qwen("qwen2.5-coder-1.5b", 28, 1536, 12, 2, 8960, 151936, True),
        _qwen("qwen2.5-coder-3b", 36, 2048, 16, 2, 11008, 151936, True),
        _qwen("qwen2.5-coder-7b", 28, 3584, 28, 4, 18944, 152064, False),
        _qwen("qwen2.5-coder-14b", 48, 5120, 40, 8, 13824, 152064, False),
        _qwen("qwen2.5-coder-32b", 64, 5120, 40, 8, 27648, 152064, False),
    )
}


def shape_of(model: str, option: str = "--model") -> ModelShape:
    """The shape of a known model, or from a ``config.json`` or its folder.

    Raises:
        BadPlan: ``option``'s value is neither, or the model's family is unsupported.
    """
    if model in KNOWN:
        return KNOWN[model]
    path = Path(model)
    if path.is_dir():
        path = path / "config.json"
    if not path.is_file():
        raise BadPlan(f"{option} {model}: choose one of {', '.join(KNOWN)}, or give a model's folder or config.json")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadPlan(f"{path}: can't be read as JSON: {error}") from None
    if not isinstance(config, dict):
        raise BadPlan(f"{path}: a JSON object is wanted, got {type(config).__name__}")
    return _from_config(config, path)


def _from_config(config: dict[str, Any], path: Path) -> ModelShape:
    family = config.get("model_type")
    if family not in QKV_BIAS:
        raise BadPlan(f"{path}: model_type is {family!r}; choose a model of {', '.join(QKV_BIAS)}")
    heads = _count(config, "num_attention_heads", path)
    hidden = _count(config, "hidden_size", path)
    return ModelShape(
        name=path.parent.name or str(path),
        layers=_count(config, "num_hidden_layers", path),
        hidden=hidden,
        heads=heads,
        kv_heads=_count(config, "num_key_value_heads", path, heads),
        ffn=_count(config, "intermediate_size", path),
        vocab=_count(config, "vocab_size", path),
        tied=bool(config.get("tie_word_embeddings", False)),
        head_dim=_count(config, "head_dim", path, 128 if family in QK_NORM else hidden // heads),
        qkv_bias=QKV_BIAS[family],
        qk_norm=family in QK_NORM,
    )


def _count(config: dict[str, Any], key: str, path: Path, default: int | None = None) -> int:
    value = config.get(key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadPlan(f"{path}: {key} is {value!r}; a whole number from 1 is wanted")
    return value
