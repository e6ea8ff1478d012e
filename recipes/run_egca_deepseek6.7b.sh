#!/usr/bin/env bash
# DeepSeek-Coder-6.7B-Instruct with EGCA on 8 x A100 80 GB: the set-up of arXiv 2603.16158, as far as it says.
#
#   bash recipes/run_egca_deepseek6.7b.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=deepseek-ai/deepseek-coder-6.7b-instruct   a Hugging Face model, folder or name"
  "GPUS=8               GPUs a node"
  "TP=2                 tensor parallelism of the actor, with sequence parallelism; the rest is data parallelism"
  "ROLLOUT_TP=2         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses a prompt"
  "PROMPTS=34           prompts a step"
  "MINI_BATCH=17        prompts an optimizer step"
  "PROMPT_TOKENS=1024   longest prompt"
  "RESPONSE_TOKENS=1024 longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   or Qwen/Qwen2.5-Coder-1.5B-Instruct, the paper's ablation"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/start.sh"
read_arguments "$@"
environment
mbpp_and_humaneval

# The paper evaluates on HumanEval and MBPP and does not say what it trains on. Here: MBPP's own train split, 374 problems,
# so that its test split stays unseen. 34 prompts a step are 11 steps an epoch with none left over.
data=(
  data.train_files="$TRAIN" data.val_files="$VAL"
  data.train_batch_size="$PROMPTS" data.max_prompt_length="$PROMPT_TOKENS" data.max_response_length="$RESPONSE_TOKENS"
  data.filter_overlong_prompts=True data.truncation=error data.seed="$SEED"
)
# The paper's: G = 16, AdamW 5e-7, KL 0.05 in the loss, clip 0.2. It leaves open how often a batch is used: two optimizer
# steps here, since with one the ratio is 1 and nothing is ever clipped. The KL estimator is GRPO's own (k3). As in GRPO a
# response's tokens are averaged: summed, a KL of 0.05 a token would outweigh the advantage of any longer response.
objective=(
  $actor.optim.lr=5e-7 $actor.clip_ratio=0.2 $actor.clip_ratio_low=0.2 $actor.clip_ratio_high=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.05 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 $actor.loss_agg_mode=seq-mean-token-mean egca.normalisation=mean egca.seed="$SEED"
)
# The bridge to Megatron drops DeepSeek-Coder's linear RoPE scaling and, with transformers 5, its base as well; egca.guard
# would refuse to train without these two.
megatron_engine seq_len_interpolation_factor=4.0 rotary_base=100000

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_deepseek6.7b "${data[@]}" "${objective[@]}"
