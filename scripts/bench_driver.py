#!/usr/bin/env python
"""The driver's time and memory for a step's samples, from reward extras to token advantages, by batch size.

    .venv/bin/python scripts/bench_driver.py [--samples 1024,4096,16384,65536] [--tokens 1024] [--failing 0.4]

Ray runs verl's transfer queue (SimpleStorage) and one reward worker, which scores a few dozen real programs with this
project's reward manager. Another process fills the queue: each sample has the reward extras of one of those programs,
its own task, its own evidence on the reward worker, a prompt, and mask and log-probs of ``--tokens`` tokens. Then this
process does the driver's work between the reference's log-probs and the actor's update, on one thread: an EGCA
trainer's (`EGCATrainer._compute_advantage`: records, credit, evidence, localizations.jsonl, metrics) and verl's for
plain GRPO (`PPOTrainerSync._compute_advantage`).

Memory is the increase to the peak of this process's resident memory. CPU seconds are this process's own, without the
queue's processes. ``operator`` is `verl_egca.credit.credit` alone; ``write`` fills a (B, T) float32 tensor with one
value; ``GRPO's`` is verl's product of advantage and mask. These three are medians of nine.
"""

from __future__ import annotations

import ctypes
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

console = Console(highlight=False, width=140)

Scored = tuple[float, dict[str, Any]]
FIGURES = (("s", 2), ("cpu_s", 2), ("mb", 0))
_M_MMAP_THRESHOLD = -3  # malloc.h
GROUP = 16  # samples of one prompt
CHUNK = 256  # samples that an agent loop puts at once
PROMPT = "Merge overlapping intervals. " * 30  # 900 characters


def main(
    samples: Annotated[str, typer.Option(help="batch sizes, separated by commas")] = "1024,4096,16384,65536",
    tokens: Annotated[int, typer.Option(help="tokens of each response", min=64)] = 1024,
    failing: Annotated[float, typer.Option(help="share of samples that fail", min=0, max=1)] = 0.4,
) -> None:
    # allocate large tensors from the system, as at the start of a step
    libc().mallopt(_M_MMAP_THRESHOLD, 1 << 20)
    costs = Table(
        "samples", *("wall s", "CPU s", "MB") * 2, "record, bytes", "log, KB", title="driver: GRPO | with EGCA"
    )
    operator = Table("samples", "write", "GRPO's", "operator", "of write", "of GRPO's", title="operator: ms of CPU")
    for found in measure([int(size) for size in samples.split(",")], tokens, failing):
        size = f"{found['samples']:,.0f}"
        row = [f"{found[f'{who}_{what}']:.{digits}f}" for who in ("grpo", "egca") for what, digits in FIGURES]
        row += [f"{found['own_s']:.2f}", f"{found['own_cpu_s']:.2f}"]
        costs.add_row(size, *row, f"{found['record_bytes']:.0f}", f"{found['log_kb']:.0f}")
        write, grpo, own = found["write_ms"], found["product_ms"], found["operator_ms"]
        ratios = [f"{own / write:.2f}x", f"{own / grpo:.2f}x"]
        operator.add_row(size, *(f"{ms:.1f}" for ms in (write, grpo, own)), *ratios)
        console.print(f"[dim]{json.dumps(found)}[/]", soft_wrap=True)
    console.print(costs, operator)


def measure(sizes: Sequence[int], tokens: int, failing: float) -> Iterator[dict[str, float]]:
    import ray
    import torch
    import transfer_queue as tq
    from transfer_queue import KVBatchMeta

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        config = configured(Path(folder))
        # for processes: controller, storage, reward worker, filler
        ray.init(num_cpus=6, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
        tq.init(config.transfer_queue)
        worker = reward_worker(config)
        filler = ray.remote(num_cpus=1)(Filler).remote(worker, tokens, failing)
        egca, grpo = trainers(config, worker)
        for size in sizes:
            keys, tags, record_bytes = ray.get(filler.fill.remote(size + GROUP))
            batch = KVBatchMeta(partition_id="train", keys=keys[GROUP:], tags=tags[GROUP:])
            first = KVBatchMeta(partition_id="train", keys=keys[:GROUP], tags=tags[:GROUP])
            found: dict[str, float] = {"samples": size, "record_bytes": record_bytes}
            log = Path(folder) / "localizations.jsonl"
            for name, trainer in (("egca", egca), ("grpo", grpo)):
                trainer.global_steps = 2 * size
                trainer._compute_advantage(first, {})  # warm up: imports, connections
                trainer.global_steps += 1
                before = log.stat().st_size
                egca._timeline.begin()
                egca._waited_from = time.time()  # rewards are complete: measure own work alone
                egca._timeline.cpu_s = 0.0
                with peak() as used:
                    started, cpu = time.perf_counter(), time.process_time()
                    trainer._compute_advantage(batch, {})
                    found[f"{name}_s"] = time.perf_counter() - started
                    found[f"{name}_cpu_s"] = time.process_time() - cpu
                found[f"{name}_mb"] = used() / 1e6
                if name == "egca":
                    found |= {"own_s": trainer._timeline.critical_path_s, "own_cpu_s": trainer._timeline.cpu_s}
                    found |= {"log_kb": (log.stat().st_size - before) / 1e3}
            tq.kv_clear(keys=keys, partition_id="train")
            del keys, tags, batch, first
            yield found | operator_ms(size, tokens, failing)
        ray.shutdown()


def configured(folder: Path) -> Any:
    """verl's config with EGCA, composed as in a recipe."""
    from hydra import compose, initialize_config_dir

    import verl_egca.config
    from starter.policy_path import WEIGHTS

    directory = str(Path(verl_egca.config.__file__).parent)
    overrides = [
        f"actor_rollout_ref.model.path={WEIGHTS}",
        f"trainer.default_local_dir={folder}",
        "reward.num_workers=1",
    ]
    overrides += [
        "hydra.searchpath=[pkg://verl.trainer.config]",
        "transfer_queue.backend.SimpleStorage.num_data_storage_units=2",
    ]
    with initialize_config_dir(directory, version_base=None):
        return compose("egca_ppo", overrides=overrides)


def reward_worker(config: Any) -> Any:
    import ray
    from verl.experimental.reward_loop.reward_loop import RewardLoopWorker

    worker = ray.remote(RewardLoopWorker).options(num_cpus=1).remote(config, None)
    ray.get(worker.__ray_ready__.remote())
    return worker


def trainers(config: Any, worker: Any) -> tuple[Any, Any]:
    """An EGCA trainer and verl's own for GRPO, with only the attributes that `_compute_advantage` needs."""
    from types import SimpleNamespace

    from omegaconf import OmegaConf
    from verl.trainer.ppo.v1 import PPOTrainerSync

    from verl_egca.training.config import settings_of
    from verl_egca.training.localization_log import LocalizationLog
    from verl_egca.training.timeline import Timeline

    class OwnCpu(Timeline):
        """Also records the CPU seconds of the trainer's own work."""

        cpu_s = 0.0

        @contextmanager
        def own_work(self, name: str) -> Iterator[None]:
            started = time.process_time()
            with super().own_work(name):
                yield
            self.cpu_s += time.process_time() - started

    from verl_egca.training.trainer import EGCASync

    plain = PPOTrainerSync.__new__(PPOTrainerSync)
    plain.config = OmegaConf.merge(config, {"algorithm": {"adv_estimator": "grpo"}})
    ours = EGCASync.__new__(EGCASync)
    ours.config, ours.egca, ours.global_steps, ours._waited_from = config, settings_of(config), 1, 0.0
    folder = Path(config.trainer.default_local_dir)
    ours.localizations = LocalizationLog(folder / "localizations.jsonl", ours.egca)
    ours._timeline = OwnCpu(folder / "timeline", [])
    ours.reward_loop_manager = SimpleNamespace(reward_loop_worker_handles=[worker])
    return ours, plain


# ---------------------------------------------------------------- filling the queue


class Filler:
    """Puts samples into the queue like verl's agent loops."""

    def __init__(self, worker: Any, tokens: int, failing: float) -> None:
        import transfer_queue as tq

        tq.init()
        self.worker, self.tokens, self.failing = worker, tokens, failing
        self.right, self.wrong = scored(worker)

    def fill(self, size: int) -> tuple[list[str], list[dict[str, Any]], float]:
        """Fill in ``size`` samples; returns their keys and tags, and a record's mean size."""
        return fill(self.worker, self.right, self.wrong, size, self.tokens, self.failing)


def fill(
    worker: Any, right: list[Scored], wrong: list[Scored], size: int, tokens: int, failing: float
) -> tuple[list[str], list[dict[str, Any]], float]:
    import transfer_queue as tq
    from verl.experimental.agent_loop.agent_loop import AgentLoopMetrics, AgentLoopOutput
    from verl.utils.tensordict_utils import list_of_dict_to_tensordict

    keys: list[str] = []
    tags: list[dict[str, Any]] = []
    total = 0
    for first in range(0, size, CHUNK):
        numbers = range(first, min(first + CHUNK, size))
        fails = [number % 100 < 100 * failing for number in numbers]
        results = own_copies(worker, [(wrong if fail else right) for fail in fails], numbers, tokens)
        rows = []
        for number, (score, info) in zip(numbers, results, strict=True):
            total += len(info["egca"])
            output = AgentLoopOutput(
                prompt_ids=[1] * 8,
                response_ids=[2] * tokens,
                response_mask=[1] * tokens,
                response_logprobs=[-0.5] * tokens,
                reward_score=score,
                num_turns=2,
                metrics=AgentLoopMetrics(),
                extra_fields={
                    "raw_prompt": [{"role": "user", "content": PROMPT}],
                    "turn_scores": [],
                    "tool_rewards": [],
                    "min_global_steps": 1,
                    "max_global_steps": 1,
                    "reward_extra_info": info,
                },
            )
            field = output.as_dict() | {"uid": f"u{number // GROUP}"}
            for name in ("prompts", "responses", "metrics", "num_turns"):  # not read here; room for more samples
                field.pop(name)
            field["old_log_probs"] = field["ref_log_prob"] = field["rollout_log_probs"]
            rows.append(field)
            keys.append(f"u{number // GROUP}_{number % GROUP}_0")
            tags.append({"status": "success", "seq_len": tokens + 8})
        tq.kv_batch_put(
            keys=keys[first:], fields=list_of_dict_to_tensordict(rows), tags=tags[first:], partition_id="train"
        )
        del rows, field
    return keys, tags, total / size


def scored(worker: Any) -> tuple[list[Scored], list[Scored]]:
    """Rewards and reward extras of real programs, right and wrong, each of about 3,000 characters."""
    import numpy as np
    import ray
    import torch
    from tensordict import TensorDict
    from transformers import AutoTokenizer
    from verl import DataProto

    from starter.policy_path import WEIGHTS
    from verl_egca.data.python_files import problem_of
    from verl_egca.evaluation import example

    problem = problem_of("merge", example.PROGRAM, example.TESTS, Path(example.__file__), example.REFERENCE)
    truth = {"ground_truth": problem.model_dump_json()}
    tokenizer = AutoTokenizer.from_pretrained(WEIGHTS)

    def score(program: str, number: int) -> Any:
        comment = "".join(
            f"# {number}: what the next lines are for, part {line}, in some words\n" for line in range(45)
        )
        ids = tokenizer(f"```python\n{program}{comment}```\n")["input_ids"]
        row = torch.tensor([ids])
        data = TensorDict({"responses": row, "attention_mask": torch.ones_like(row)}, batch_size=1)
        return worker.compute_score.remote(
            DataProto(batch=data, non_tensor_batch={"reward_model": np.array([truth], dtype=object)})
        )

    changes = [
        ("= end", "= start"),
        ("<=", ">="),
        ("spans[1:]", "spans[2:]"),
        ("sorted(spans)", "spans"),
        ("= end", "= end"),
    ]
    wrong = [score(example.PROGRAM.replace(*change), n) for n, change in enumerate(changes * 4)]
    right = [score(example.REFERENCE, n) for n in range(8)]
    found = [[(one["reward_score"], one["reward_extra_info"]) for one in ray.get(some)] for some in (right, wrong)]
    if any(reward != 1.0 for reward, _ in found[0]) or any(reward != 0.0 for reward, _ in found[1]):
        raise RuntimeError(f"programs were judged otherwise than expected: {found}")
    return found[0], found[1]


def own_copies(worker: Any, of: Sequence[Sequence[Scored]], numbers: Sequence[int], tokens: int) -> list[Scored]:
    """A copy of each of ``of`` with its own task and its own evidence on the worker."""
    import ray

    chosen = [some[number % len(some)] for some, number in zip(of, numbers, strict=True)]
    records = [json.loads(info["egca"]) for _, info in chosen]
    kept = ray.get(worker.__ray_call__.remote(keep_again, [record["evidence_number"] for record in records]))
    copies = []
    for number, (reward, info), record, evidence in zip(numbers, chosen, records, kept, strict=True):
        record |= {"task_id": f"merge/{number // GROUP}", "evidence_number": evidence}
        record |= {"program_digest": f"{number:016x}", "shared": False}
        if record["mode"] == "LOGIC":  # keep the span, set the response's length
            record["response_tokens"] = tokens
        copies.append((reward, info | {"egca": json.dumps(record, separators=(",", ":"))}))
    return copies


def keep_again(worker: Any, numbers: Sequence[int | None]) -> list[int | None]:
    """Runs on the reward worker: duplicates the evidence with these numbers; returns new numbers."""
    from verl_egca.training.evidence_store import unpack

    store = worker.reward_manager.evidence
    originals = {number: unpack(store._kept[number]) for number in {*numbers} - {None}}
    return [None if number is None else store.keep(originals[number]) for number in numbers]


# ---------------------------------------------------------------- the operator, and memory


def operator_ms(size: int, tokens: int, failing: float) -> dict[str, float]:
    import torch

    from verl_egca.credit import credit
    from verl_egca.gates.mode import Mode

    mask_BT = torch.ones(size, tokens, dtype=torch.long)
    adv_B = torch.randn(size, generator=torch.Generator().manual_seed(0))
    fails = [number % 100 < 100 * failing for number in range(size)]
    modes = [Mode.LOGIC if fail else Mode.CORRECT for fail in fails]
    spans = [((10 + number % 30, 18 + number % 30),) if fail else () for number, fail in enumerate(fails)]
    ways = {
        "write_ms": lambda: torch.full((size, tokens), 0.5),
        "product_ms": lambda: adv_B[:, None] * mask_BT,
        "operator_ms": lambda: credit(adv_B, modes, spans, mask_BT),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(9):  # in turns, so that other load affects all alike
        for name, way in ways.items():
            gc.collect()
            started = time.thread_time()
            way()
            taken[name].append((time.thread_time() - started) * 1e3)
    return {name: statistics.median(values) for name, values in taken.items()}


@contextmanager
def peak() -> Iterator[Callable[[], int]]:
    """Bytes by which the peak of resident memory in the block exceeds the value before."""
    gc.collect()
    libc().malloc_trim(0)  # release an earlier batch's memory
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak (man 5 proc)
    before = status("VmRSS")
    found: list[int] = []
    yield lambda: found[0]
    found.append(status("VmHWM") - before)


def libc() -> ctypes.CDLL:
    return ctypes.CDLL("libc.so.6")


def status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    typer.run(main)
