"""What the wiring relies on inside verl, by symbol, and whether the installed verl still has it.

The table is for two readers: the tests hold the installed verl to all of it, and a training's start to the symbols and the
arguments that they take. Nothing is imported for that: the sources are parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

MADE_FOR = "0.9.1"


class OtherVerl(Exception):
    """The installed verl lacks what the wiring relies on."""


@dataclass(frozen=True, slots=True)
class Relied:
    """``symbol`` of ``file``, "" for the file itself; ``look_at`` says what of ours depends on it.

    A function ``takes`` the named arguments, and the source of the symbol ``holds`` a text: what it does, in its own words.
    """

    file: str
    symbol: str
    look_at: str
    takes: tuple[str, ...] = ()
    holds: str = ""

    def __str__(self) -> str:
        return f"{self.symbol or self.file}({', '.join(self.takes)})" if self.takes else self.symbol or self.file

    def lacks_symbol(self) -> str | None:
        """What of the symbol and its arguments is not there, in words; None if all is."""
        path = _path(self.file)
        if path is None:
            return f"{self.file} is gone"
        if not self.symbol:
            return None
        node = _definition(path, self.symbol)
        if node is None:
            return f"{self.symbol} is gone from {self.file}"
        if self.takes and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return f"{self.symbol} of {self.file} is no function"
        missing = [name for name in self.takes if name not in _arguments(node)]
        return f"{self.symbol} of {self.file} takes no {', '.join(missing)}" if missing else None

    def lacks(self) -> str | None:
        """The same, and whether the symbol's source holds the text."""
        if absent := self.lacks_symbol():
            return f"{absent}; look at {self.look_at}"
        path = _path(self.file)
        assert path is not None
        source = path.read_text(encoding="utf-8")
        if self.symbol:
            source = ast.get_source_segment(source, _definition(path, self.symbol), padded=True) or ""
        if _even(self.holds) not in _even(source):
            return f"{self.symbol or 'nothing'} of {self.file} holds {self.holds!r} no more; look at {self.look_at}"
        return None


def check_verl() -> None:
    """Raises OtherVerl: says which verl this was made for, and what the installed one lacks."""
    if lacking := lacking_in(ON_VERL):
        raise OtherVerl(
            f"egca: made for verl {MADE_FOR}; the installed verl {_installed()} lacks what it builds on: {'; '.join(lacking)}"
        )


def lacking_in(relied: Iterable[Relied]) -> list[str]:
    """What of the symbols is not there, each said once."""
    return list(dict.fromkeys(lack for one in relied if (lack := one.lacks_symbol())))


def _installed() -> str:
    try:
        return version("verl")
    except PackageNotFoundError:
        return "of no version"


def _path(file: str) -> Path | None:
    spec = find_spec(file.partition("/")[0])
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders))).parent / file if folders else None
    return path if path and path.exists() else None


@lru_cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _definition(path: Path, symbol: str) -> ast.AST | None:
    found: ast.AST = _tree(path)
    for name in symbol.split("."):
        inner = (node for node in _within(found) if getattr(node, "name", None) == name)
        if (here := next(inner, None)) is None:
            return None
        found = here
    return found


def _within(node: ast.AST) -> Iterable[ast.AST]:
    """The functions and classes of a body, those under an ``if`` or ``try`` among them, but not what is within them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child
        else:
            yield from _within(child)


def _arguments(node: ast.AST) -> set[str]:
    given = getattr(node, "args", None)
    return {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)} if given else set()


def _even(text: str) -> str:
    """Without what a formatter may change: blanks and the kind of quotes."""
    return "".join(text.split()).replace("'", '"')


ON_VERL = [
    Relied("verl/__init__.py", "", "pyproject.toml's entry point, plugin.py", holds='_entry_points(group="verl.plugins")'),
    Relied("verl/__init__.py", "", "plugin.py logs what verl hides here", holds="Failed to load plugin"),
    Relied("verl/trainer/main_ppo.py", "TaskRunnerV1.run", "register_trainer in training/trainer.py", holds="get_trainer_cls(config.trainer.v1.trainer_mode)"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer.__init__", "EGCATrainer.__init__ sets the built-in mode before", holds="self.trainer_mode = self.config.trainer.v1.trainer_mode"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._build_replay_buffer", "why EGCATrainer.__init__ sets the built-in mode", holds='ReplayBuffer if self.trainer_mode == "sync"'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._balance_batch", "EGCATrainer._balance_batch: the canonical order comes first", takes=("batch", "metrics")),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_old_log_prob", "EGCATrainer._entropies, for egca.entropy_share", holds='data["entropy"] = response_from_nested(data.pop("entropy"), data["response_mask"])'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_advantage", "EGCATrainer._compute_advantage", takes=("batch", "metrics")),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_advantage", "training/batch.py: the estimator runs inside this call, in this thread", holds="data = compute_advantage_for_multi_trajectories("),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_metrics", "EGCATrainer._compute_metrics", takes=("batch", "metrics", "timing_raw", "global_steps", "epoch")),
    Relied("verl/trainer/ppo/v1/utils.py", "compute_advantage_for_multi_trajectories", "why the estimator is not called grpo: training/estimator.py", holds="if adv_estimator != core_algos.AdvantageEstimator.GRPO:"),
    Relied("verl/trainer/ppo/v1/utils.py", "MetricsAggregator._get_aggregation_type", "names of metrics: training/metrics.py", holds='keyword in metric_lower for keyword in ["sum", "total"]'),
    Relied("verl/trainer/ppo/ray_trainer.py", "compute_advantage", "egca_advantage's arguments: training/estimator.py", holds="advantages, returns = adv_estimator_fn(**adv_kwargs)"),
    Relied("verl/trainer/ppo/core_algos.py", "compute_grpo_outcome_advantage", "credit/group.py follows it operation by operation", takes=("token_level_rewards", "response_mask", "index", "epsilon", "norm_adv_by_std_in_grpo")),
    Relied("verl/trainer/ppo/core_algos.py", "agg_loss", "config/egca_ppo.yaml: a response's tokens are averaged", holds='loss_agg_mode == "seq-mean-token-mean"'),
    Relied("verl/trainer/ppo/reward.py", "load_reward_manager", "EGCARewardManager.__init__'s arguments", takes=("config", "tokenizer")),
    Relied("verl/experimental/reward_loop/reward_loop.py", "RewardLoopWorker.compute_score", "EGCARewardManager.run_single", holds="await self.reward_manager.run_single(data)"),
    Relied("verl/experimental/reward_loop/reward_loop.py", "RewardLoopWorker.compute_score", "route_past_disrm in training/debugging.py", holds="if self.config.reward.custom_reward_function.path is not None:"),
    Relied("verl/experimental/agent_loop/agent_loop.py", "AgentLoopWorker._compute_score", "why training/groups.py has a board", holds="random.choice(self.reward_loop_worker_handles)"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", "AgentLoopWorkerTQ._run_prompt", "EGCATrainer._submit_batch_to_rollout: samples of a group", holds='n = prompt.pop("__rollout_n__", config.n'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._submit_batch_to_rollout", "EGCATrainer._submit_batch_to_rollout: groups sent out", takes=("batch",)),
    Relied("verl/experimental/agent_loop/agent_loop.py", "AgentLoopWorker._compute_score", "_record_of in training/trainer.py", holds='final_output.extra_fields["reward_extra_info"] = result["reward_extra_info"]'),
    Relied("verl/experimental/reward_loop/reward_loop.py", "RewardLoopWorker._init_reward_fn", "training/evidence_store.py reads reward_manager.evidence", holds="self.reward_manager = load_reward_manager("),
    Relied("verl/experimental/reward_loop/reward_loop.py", "RewardLoopManager.reward_loop_worker_handles", "EGCATrainer._collect_evidence"),
    Relied("verl/experimental/agent_loop/agent_loop.py", "AgentLoopWorker._compute_score", "training/response_mask.py wraps it", takes=("outputs", "kwargs")),
    Relied("verl/experimental/agent_loop/agent_loop.py", "AgentLoopWorker._compute_score", "training/response_mask.py sends the mask among them", holds="k: np.array([v] * n) for k, v in kwargs.items()"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", "AgentLoopWorkerTQ._agent_loop_postprocess", "training/response_mask.py: all outputs of a session come at once", holds="await self._compute_score(outputs, kwargs=kwargs)"),
    Relied("verl/experimental/reward_loop/reward_manager/naive.py", "NaiveRewardManager", "training/configured_reward.py scores by it", holds="RewardManagerBase"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer.fit", "EGCATrainer.timing_raw: each step's marks", holds="self.timing_raw = {}"),
    Relied("verl/trainer/ppo/padding_utils.py", "upsample_batch_to_divisible_size", "training/twins.py: twins come last, since padding copies the first row's tag", holds="source_idx = 0"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", "AgentLoopWorkerTQ._agent_loop_postprocess", "training/twins.py: the keys of twins", holds='keys.append(f"{uid}_{session_id}_{i}")'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._balance_batch", "EGCATrainer._get_required_batch_multiple, for twins", holds="batch_multiple = self._get_required_batch_multiple(dp_size)"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._update_actor", "training/twins.py: what the loss divides by", holds='"global_batch_size": ppo_mini_batch_size,'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._update_actor", "training/twins.py: _Kept keeps what a batch with twins is divided by", holds="batch.extra_info.update(extra_info)"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer._compute_metrics", "training/twins.py: metrics leave twins out", holds='not tag.get("is_padding", False)'),
    Relied("verl/utils/profiler/performance.py", "_timer", "training/timeline.py: PhaseTimes", holds="timing_raw[name] += timer.last"),
    Relied("verl/utils/tracking.py", "FileLogger.__init__", "launch/follow.py reads the file that this names", holds='os.getenv("VERL_FILE_LOGGER_PATH"'),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer.fit", "training/stop.py", holds="self.global_steps <= self.total_training_steps"),
    Relied("verl/trainer/ppo/v1/trainer_base.py", "PPOTrainer.fit", "training/stop.py", holds="self.on_step_end()"),
]  # fmt: skip
