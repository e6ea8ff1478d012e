#!/usr/bin/env bash
# Qwen2.5-Coder-7B-Instruct with EGCA on 8 x A100 80 GB, with PyTorch's FSDP2 in Megatron's place.
#
#   bash recipes/run_egca_qwen7b_fsdp2.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   a Hugging Face model, folder or name"
  "GPUS=8               GPUs a node"
  "OFFLOAD=False        True keeps weights and optimizer in host memory during the update as well"
  "ROLLOUT_TP=1         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses a prompt"
  "PROMPTS=34           prompts a step"
  "MINI_BATCH=17        prompts an optimizer step"
  "PROMPT_TOKENS=1024   longest prompt"
  "RESPONSE_TOKENS=1024 longest response"
  "TOKENS_PER_GPU=16384 most tokens of a micro-batch"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   the debugger's"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
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
objective=(
  $actor.optim.lr=5e-7 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.05 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 $actor.loss_agg_mode=seq-mean-token-mean egca.normalisation=mean egca.seed="$SEED"
)
fsdp2_engine

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_qwen7b_fsdp2 "${data[@]}" "${objective[@]}"
