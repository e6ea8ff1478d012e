"""What the wiring relies on inside verl 0.9.1. A failure names the file and line, and what of ours to look at."""

import inspect

import pytest
from verl.trainer.ppo.v1 import PPOTrainerColocateAsync, PPOTrainerSeparateAsync, PPOTrainerSync

from ..upstream import Relied

BASE = "verl/trainer/ppo/v1/trainer_base.py"
RELIED = [
    Relied("verl/__init__.py", 64, '_entry_points(group="verl.plugins")', "pyproject.toml's entry point, plugin.py"),
    Relied("verl/__init__.py", 76, "Failed to load plugin", "plugin.py logs what verl hides here"),
    Relied("verl/trainer/main_ppo.py", 141, "get_trainer_cls(config.trainer.v1.trainer_mode)", "register_trainer in training/trainer.py"),
    Relied(BASE, 129, "self.trainer_mode = self.config.trainer.v1.trainer_mode", "EGCATrainer.__init__ sets the built-in mode before"),
    Relied(BASE, 153, 'ReplayBuffer if self.trainer_mode == "sync"', "why EGCATrainer.__init__ sets the built-in mode"),
    Relied(BASE, 1608, "def _balance_batch(self, batch: KVBatchMeta, metrics", "EGCATrainer._balance_batch: the canonical order comes first"),
    Relied(BASE, 1668, 'data["entropy"] = response_from_nested(data.pop("entropy"), data["response_mask"])', "EGCATrainer._entropies, for egca.entropy_share"),
    Relied(BASE, 1743, "def _compute_advantage(self, batch: KVBatchMeta, metrics: dict) -> KVBatchMeta:", "EGCATrainer._compute_advantage"),
    Relied(BASE, 1775, "data = compute_advantage_for_multi_trajectories(", "training/batch.py: the estimator runs inside this call, in this thread"),
    Relied(BASE, 1868, "def _compute_metrics(self, batch: KVBatchMeta, metrics, timing_raw, global_steps, epoch)", "EGCATrainer._compute_metrics"),
    Relied("verl/trainer/ppo/v1/utils.py", 167, "if adv_estimator != core_algos.AdvantageEstimator.GRPO:", "why the estimator is not called grpo: training/estimator.py"),
    Relied("verl/trainer/ppo/v1/utils.py", 98, 'keyword in metric_lower for keyword in ["sum", "total"]', "names of metrics: training/metrics.py"),
    Relied("verl/trainer/ppo/ray_trainer.py", 279, "advantages, returns = adv_estimator_fn(**adv_kwargs)", "egca_advantage's arguments: training/estimator.py"),
    Relied("verl/trainer/ppo/core_algos.py", 268, "def compute_grpo_outcome_advantage(", "credit/group.py follows it operation by operation"),
    Relied("verl/trainer/ppo/core_algos.py", 1194, 'loss_agg_mode == "seq-mean-token-mean"', "config/egca_ppo.yaml: a response's tokens are averaged"),
    Relied("verl/trainer/ppo/reward.py", 111, "def load_reward_manager(", "EGCARewardManager.__init__'s arguments"),
    Relied("verl/experimental/reward_loop/reward_loop.py", 148, "await self.reward_manager.run_single(data)", "EGCARewardManager.run_single"),
    Relied("verl/experimental/reward_loop/reward_loop.py", 146, "if self.config.reward.custom_reward_function.path is not None:", "route_past_disrm in training/debugging.py"),
    Relied("verl/experimental/agent_loop/agent_loop.py", 1025, "random.choice(self.reward_loop_worker_handles)", "why training/groups.py has a board"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", 115, 'n = prompt.pop("__rollout_n__", config.n', "EGCATrainer._submit_batch_to_rollout: samples of a group"),
    Relied(BASE, 1496, "def _submit_batch_to_rollout(self, batch: TensorDict) -> int:", "EGCATrainer._submit_batch_to_rollout: groups sent out"),
    Relied("verl/experimental/agent_loop/agent_loop.py", 1028, 'final_output.extra_fields["reward_extra_info"] = result["reward_extra_info"]', "_record_of in training/trainer.py"),
    Relied("verl/experimental/reward_loop/reward_loop.py", 131, "self.reward_manager = load_reward_manager(", "training/evidence_store.py reads reward_manager.evidence"),
    Relied("verl/experimental/reward_loop/reward_loop.py", 313, "def reward_loop_worker_handles(self)", "EGCATrainer._collect_evidence"),
    Relied("verl/experimental/agent_loop/agent_loop.py", 967, "async def _compute_score(self, outputs: list[AgentLoopOutput], kwargs: dict) -> None:", "training/response_mask.py wraps it"),
    Relied("verl/experimental/agent_loop/agent_loop.py", 1012, "k: np.array([v] * n) for k, v in kwargs.items()", "training/response_mask.py sends the mask among them"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", 160, "await self._compute_score(outputs, kwargs=kwargs)", "training/response_mask.py: all outputs of a session come at once"),
    Relied("verl/experimental/reward_loop/reward_manager/naive.py", 24, "class NaiveRewardManager(RewardManagerBase):", "training/configured_reward.py scores by it"),
    Relied("ray/actor.py", 2841, "def __ray_call__(", "training/evidence_store.py asks the reward workers by it"),
    Relied(BASE, 470, "self.timing_raw = {}", "EGCATrainer.timing_raw: each step's marks"),
    Relied("verl/trainer/ppo/padding_utils.py", 170, "source_idx = 0", "training/twins.py: twins come last, since padding copies the first row's tag"),
    Relied("verl/trainer/ppo/v1/agent_loop_tq.py", 193, 'keys.append(f"{uid}_{session_id}_{i}")', "training/twins.py: the keys of twins"),
    Relied(BASE, 1620, "batch_multiple = self._get_required_batch_multiple(dp_size)", "EGCATrainer._get_required_batch_multiple, for twins"),
    Relied(BASE, 1851, '"global_batch_size": ppo_mini_batch_size,', "training/twins.py: what the loss divides by"),
    Relied(BASE, 1858, "batch.extra_info.update(extra_info)", "training/twins.py: _Kept keeps what a batch with twins is divided by"),
    Relied(BASE, 1870, 'not tag.get("is_padding", False)', "training/twins.py: metrics leave twins out"),
    Relied("verl/utils/profiler/performance.py", 149, "timing_raw[name] += timer.last", "training/timeline.py: PhaseTimes"),
    Relied("verl/utils/tracking.py", 534, 'os.getenv("VERL_FILE_LOGGER_PATH"', "launch/follow.py reads the file that this names"),
    Relied("verl/trainer/ppo/v1/replay_buffer.py", 157, "self.poll_interval = poll_interval", "cpu/verl_internals.py polls more often"),
    Relied("verl/workers/config/engine.py", 218, 'assert self.dtype in ["bfloat16", "float16"]', "cpu/verl_internals.py allows float32"),
    Relied("verl/workers/engine/fsdp/transformer_impl.py", 453, "CPUOffloadPolicy(pin_memory=True)", "cpu/verl_internals.py: no pinned memory"),
    Relied("verl/workers/rollout/replica.py", 318, "def register(cls, name: str, loader", "cpu/verl_internals.py registers hf_cpu"),
    Relied("verl/workers/rollout/base.py", 89, "_ROLLOUT_REGISTRY = {", "cpu/verl_internals.py registers hf_cpu's adapter"),
    Relied("verl/workers/rollout/base.py", 54, "async def update_weights(", "cpu/rollout.py takes the actor's tensors here"),
    Relied("verl/workers/rollout/replica.py", 39, "class TokenOutput(BaseModel)", "cpu/rollout.py answers with it"),
    Relied("verl/workers/rollout/replica.py", 242, "async def launch_servers(self)", "cpu/rollout.py overrides it"),
    Relied("verl/checkpoint_engine/base.py", 134, 'wire_format = "named_tensors"', "cpu/rollout.py refuses any other"),
    Relied("verl/plugin/platform/platform_manager.py", 26, "_current_platform: PlatformBase | None", "cpu/platform.py forgets it"),
    Relied("verl/plugin/platform/platform_manager.py", 43, "def register(cls, platform: str)", "cpu/platform.py registers cpu"),
    Relied("verl/utils/distributed.py", 83, "cpu:gloo,", "cpu/distributed.py"),
    Relied("verl/workers/engine_workers.py", 198, "ReduceOp.AVG", "cpu/distributed.py"),
    Relied("verl/workers/engine/megatron/utils.py", 35, "device_count() > 0", "cpu/cuda.py: device_count is 1"),
]  # fmt: skip


@pytest.mark.parametrize("relied", RELIED, ids=str)
def test_verl_still_has(relied):
    relied.check()


def test_the_trainers_have_the_methods_that_the_mixin_overrides():
    for trainer in (PPOTrainerSync, PPOTrainerColocateAsync, PPOTrainerSeparateAsync):
        for name in (
            "_compute_advantage",
            "_balance_batch",
            "_compute_metrics",
            "on_step_begin",
            "on_sample_begin",
            "_update_actor",
            "_get_required_batch_multiple",
            "_log_rollout_data",
        ):
            assert callable(getattr(trainer, name)), f"{trainer.__name__}.{name}; look at training/trainer.py"


def test_the_estimator_is_handed_what_it_needs():
    from verl.trainer.ppo.ray_trainer import compute_advantage

    source = inspect.getsource(compute_advantage)
    for argument in ('"token_level_rewards"', '"response_mask"', '"config"', '"index"'):
        assert argument in source, f"{argument}; look at training/estimator.py"
