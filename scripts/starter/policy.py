"""The starter policy: a Llama of 1.3 M parameters with its own BPE tokenizer, pretrained to be nearly right.

It learns from solutions in which each decision is wrong with some probability, so that its samples run, are mostly
right, and fail by one condition, bound or update: the regime of execution-grounded credit assignment.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from starter.families import tasks
from starter.task import Task

VOCABULARY = 512
NOISE = 0.14  # probability of a wrong decision in the training data
BATCH = 48
PEAK_LR = 2e-3
_IGNORED = -100


def train(
    out: Path,
    *,
    seed: int,
    steps: int,
    noise: float = NOISE,
    on_step: Callable[[int, float], None] | None = None,
) -> None:
    """Pretrain from scratch and save model and tokenizer to ``out``. The same seed gives the same weights.

    Model and tokenizer are trained on the training split alone.
    """
    rng = random.Random(seed)
    split = tasks("train")
    corpus = [task.prompt + task.attempt(rng, noise) for task in split for _ in range(4)]
    chosen = ([_pick(split, rng) for _ in range(BATCH)] for _ in range(steps))
    batches = ([(task.prompt, task.attempt(rng, noise)) for task in tasks_] for tasks_ in chosen)
    pretrain(out, corpus, batches, seed=seed, steps=steps, on_step=on_step)


def pretrain(
    out: Path,
    corpus: Sequence[str],
    batches: Iterable[Sequence[tuple[str, str]]],
    *,
    seed: int,
    steps: int,
    positions: int = 512,
    layers: int = 6,
    on_step: Callable[[int, float], None] | None = None,
) -> None:
    """Train tokenizer (on ``corpus``) and model (on ``batches`` of prompts and solutions) from scratch; save both."""
    torch.manual_seed(seed)
    tokenizer = _train_tokenizer(corpus)
    model = LlamaForCausalLM(_config(tokenizer, positions, layers))
    one_cycle(model, tokenizer, batches, steps=steps, peak=PEAK_LR, on_step=on_step)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def one_cycle(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    batches: Iterable[Sequence[tuple[str, str]]],
    *,
    steps: int,
    peak: float,
    on_step: Callable[[int, float], None] | None = None,
) -> None:
    """Train on batches of prompts and solutions, with a learning rate that rises to ``peak`` and falls to 0."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=max(steps, 2), pct_start=0.05)
    for step, pairs in enumerate(batches):
        loss = model(**_batch(tokenizer, pairs)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if on_step is not None:
            on_step(step, loss.item())


def load(path: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    disable_progress_bar()  # loading is quick
    return LlamaForCausalLM.from_pretrained(path, dtype=torch.float32), PreTrainedTokenizerFast.from_pretrained(path)


def _pick(split: Sequence[Task], rng: random.Random) -> Task:
    """A task drawn half by task, half by family, since small families would be rare otherwise."""
    if rng.random() < 0.5:
        return rng.choice(split)
    family = rng.choice(sorted({task.family for task in split}))
    return rng.choice([task for task in split if task.family == family])


def _train_tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<pad>", "<eos>"]
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<pad>",
        eos_token="<eos>",
        # a chat of one user message is the prompt itself: the policy completes code
        chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}",
    )


def _config(tokenizer: PreTrainedTokenizerFast, positions: int, layers: int) -> LlamaConfig:
    """Sizes divisible by two tensor- or pipeline-parallel ranks; untied weights, which suit pipelines."""
    return LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=positions,
        rms_norm_eps=1e-6,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def _batch(tokenizer: PreTrainedTokenizerFast, pairs: Sequence[tuple[str, str]]) -> dict[str, Tensor]:
    """Prompts and solutions, right-padded, so a causal model needs no mask; the loss is on the solutions."""
    rows, labels = [], []
    for prompt, solution in pairs:
        asked: list[int] = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        answer = [*tokenizer(solution, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        rows.append(asked + answer)
        labels.append([_IGNORED] * len(asked) + answer)
    width = max(map(len, rows))

    def padded(values: list[list[int]], filler: int) -> Tensor:
        return torch.tensor([row + [filler] * (width - len(row)) for row in values])

    return {"input_ids": padded(rows, 0), "labels": padded(labels, _IGNORED)}
