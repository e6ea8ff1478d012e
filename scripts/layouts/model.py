"""Random models in the shape of real ones, small enough for a CPU.

``deepseek``   DeepSeek-Coder: linear RoPE scaling by 4, RoPE base 100,000, as many key as query heads
``qwen``       Qwen2.5-Coder: base 1,000,000, two query heads per key head, biases on queries, keys and values,
embeddings
               tied to the head

Norm weights lie far from 1 and biases from 0, so that a lost or misplaced one is noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

VOCABULARY, LAYERS, HIDDEN, HEADS = 128, 4, 64, 4
ROPE_FACTOR, ROPE_BASE = 4.0, 100_000.0
MODELS = ("deepseek", "qwen")


def build(name: str, path: Path, apart: float = 0.0) -> None:
    """Write the model and a tokenizer of single characters to ``path`` in Hugging Face's format.

    ``apart`` is the standard deviation of noise on its weights, to make a reference model.
    """
    torch.manual_seed(1)
    model = _deepseek() if name == "deepseek" else _qwen()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.uniform_(0.25, 0.75)
            if key.endswith(".bias"):
                parameter.uniform_(-0.5, 0.5)
        for parameter in model.parameters() if apart else ():
            parameter.add_(apart * torch.randn_like(parameter))
    model.float().save_pretrained(path)
    _tokenizer().save_pretrained(path)


def _deepseek() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    rope = {"rope_type": "linear", "factor": ROPE_FACTOR, "rope_theta": ROPE_BASE}
    return LlamaForCausalLM(
        LlamaConfig(**_sizes(HEADS), rope_parameters=rope, tie_word_embeddings=False, attention_bias=False)
    )


def _qwen() -> Any:
    from transformers import Qwen2Config, Qwen2ForCausalLM

    rope = {"rope_type": "default", "rope_theta": 1_000_000.0}
    return Qwen2ForCausalLM(Qwen2Config(**_sizes(HEADS // 2), rope_parameters=rope, tie_word_embeddings=True))


def _sizes(key_heads: int) -> dict[str, Any]:
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": key_heads,
        "max_position_embeddings": 16384,
        "rms_norm_eps": 1e-6,
        "initializer_range": 0.15,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }


def _tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokens = {token: number for number, token in enumerate(special + [chr(code) for code in range(32, 127)])}
    one_character = Tokenizer(models.WordLevel(tokens, unk_token="<unk>"))
    one_character.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    one_character.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=one_character, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
