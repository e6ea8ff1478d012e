"""Small tokenizers of four families, trained here: byte-level BPE, BPE with byte fallback, Unigram, WordPiece."""

import json
from functools import lru_cache

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = [
    "def f(x):\n    return x + 1  # é漢字😀\n",
    "hello world  äöü\tif x > k:\n        total += x\n",
    "日本語テキスト 😀😀 e\u0301",
] * 40
_SPECIAL = ["<unk>", "<s>", "</s>"]


def byte_level():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=320, special_tokens=_SPECIAL, initial_alphabet=alphabet)
    )
    return made


def sentencepiece_with_byte_fallback():
    """As Llama 2 and CodeLlama have it: a space before the first word, bytes for what the vocabulary lacks."""
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    ascii_texts = [text.encode("ascii", "ignore").decode() for text in TEXTS]
    made.train_from_iterator(ascii_texts, trainers.BpeTrainer(vocab_size=200, special_tokens=_SPECIAL))
    state = json.loads(made.to_str())
    for byte in range(256):
        state["model"]["vocab"].setdefault(f"<0x{byte:02X}>", len(state["model"]["vocab"]))
    return Tokenizer.from_str(json.dumps(state))


def unigram():
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.train_from_iterator(TEXTS, trainers.UnigramTrainer(vocab_size=150, special_tokens=_SPECIAL, unk_token="<unk>"))
    return made


def word_piece():
    made = Tokenizer(models.WordPiece(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=150, special_tokens=_SPECIAL))
    return made


FAMILIES = {made.__name__: made for made in (byte_level, sentencepiece_with_byte_fallback, unigram, word_piece)}


@lru_cache
def tokenizer_of(family):
    return PreTrainedTokenizerFast(
        tokenizer_object=FAMILIES[family](), unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
