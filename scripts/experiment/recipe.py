"""The training settings of all rules: the CPU recipe's, with GRPO's average over tokens."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from starter.policy_path import WEIGHTS

BUDGET_MS = 100.0  # of a search, a fifth of the product's: unproven samples take most of a run's time


class Recipe(BaseModel):
    """The settings common to all rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str = Field("", description="folder of the first policy; the shipped one if empty")
    lr: float = Field(3e-4, gt=0, description="of AdamW")
    steps: int = Field(16, ge=1, description="optimizer steps, one per batch")
    prompts: int = Field(16, ge=1, description="a step")
    group: int = Field(8, ge=2, description="responses to a prompt")
    response_tokens: int = Field(96, ge=1, description="of a response at most")
    clip_ratio: float = Field(0.2, gt=0)
    kl_coefficient: float = Field(0.01, ge=0, description="of the KL term against the first policy")
    weight_decay: float = Field(0.01, ge=0)
    clip_grad: float = Field(1.0, gt=0, description="largest norm of a gradient")

    @property
    def weights(self) -> Path:
        """The folder of the first policy."""
        return Path(self.policy) if self.policy else WEIGHTS

    def overrides(self, seed: int) -> list[str]:
        """Equal settings for recipes/run_egca_cpu.sh, which trains through verl."""
        actor = "actor_rollout_ref.actor"
        return [
            f"SEED={seed}",
            f"{actor}.optim.lr={self.lr}",
            f"{actor}.optim.weight_decay={self.weight_decay}",
            f"{actor}.optim.clip_grad={self.clip_grad}",
            f"{actor}.clip_ratio={self.clip_ratio}",
            f"{actor}.kl_loss_coef={self.kl_coefficient}",
            f"{actor}.loss_agg_mode=seq-mean-token-mean",
            f"{actor}.ppo_mini_batch_size={self.prompts}",
            f"actor_rollout_ref.rollout.n={self.group}",
            f"data.train_batch_size={self.prompts}",
            f"data.max_response_length={self.response_tokens}",
            f"trainer.total_training_steps={self.steps}",
            "egca.normalisation=mean",
            f"egca.budget_ms={BUDGET_MS}",
        ]
