#!/usr/bin/env bash
# Qwen2.5-Coder-1.5B-Instruct with EGCA on one GPU: a first real run. PyTorch's FSDP2 is the engine.
#
#   bash recipes/run_egca_qwen1.5b.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=Qwen/Qwen2.5-Coder-1.5B-Instruct   a Hugging Face model, folder or name"
  "GPUS=1               GPUs"
  "OFFLOAD=False        True keeps weights and optimizer in host memory, for a 24 GB GPU; then TOKENS_PER_GPU=2048 too"
  "ROLLOUT_TP=1         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.5   share of the GPU that the rollout server takes for weights and KV cache"
  "GROUP=8              responses a prompt"
  "PROMPTS=34           prompts a step"
  "MINI_BATCH=17        prompts an optimizer step"
  "PROMPT_TOKENS=512    longest prompt"
  "RESPONSE_TOKENS=512  longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-1.5B-Instruct   the debugger's"
  "DEBUGGER_MEMORY=0.15 share of the GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/start.sh"
read_arguments "$@"
environment
mbpp_and_humaneval

data=(
  data.train_files="$TRAIN" data.val_files="$VAL"
  data.train_batch_size="$PROMPTS" data.max_prompt_length="$PROMPT_TOKENS" data.max_response_length="$RESPONSE_TOKENS"
  data.filter_overlong_prompts=True data.truncation=error data.seed="$SEED"
)
# A smaller model takes a larger step, and less pull towards where it started.
objective=(
  $actor.optim.lr=1e-6 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.01 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 $actor.loss_agg_mode=seq-mean-token-mean egca.normalisation=mean egca.seed="$SEED"
)
fsdp2_engine

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu 0 --context-length 8192
train egca_qwen1.5b "${data[@]}" "${objective[@]}"
