#!/usr/bin/env bash
# Programs that read standard input (APPS, TACO, CodeContests, Codeforces as verl's `prime_code` rows) with EGCA on
# 8 x A100 80 GB. Many of these problems have no reference: blame then rests on edits that make the tests pass.
#
#   bash recipes/run_egca_stdin.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# TRAIN and VAL are written by `egca prepare --format prime_code --source ROWS.parquet --out data/stdin`.
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   a Hugging Face model, folder or name"
  "TRAIN=data/stdin/train.parquet   problems to train on"
  "VAL=data/stdin/test.parquet      problems to validate on"
  "GPUS=8               GPUs a node"
  "TP=2                 tensor parallelism of the actor, with sequence parallelism; the rest is data parallelism"
  "ROLLOUT_TP=2         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses a prompt"
  "PROMPTS=64           prompts a step"
  "MINI_BATCH=32        prompts an optimizer step"
  "PROMPT_TOKENS=2048   longest prompt; longer ones are left out"
  "RESPONSE_TOKENS=2048 longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   the debugger's"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/start.sh"
read_arguments "$@"
environment
for file in "$TRAIN" "$VAL"; do
  [ -n "$dry_run" ] || [ -f "$file" ] || refuse "$file: there is no such file; 'egca prepare --format prime_code' writes it"
done
TRAIN=$(realpath -m "$TRAIN") VAL=$(realpath -m "$VAL") # Ray starts processes in folders of its own

data=(
  data.train_files="$TRAIN" data.val_files="$VAL"
  data.train_batch_size="$PROMPTS" data.max_prompt_length="$PROMPT_TOKENS" data.max_response_length="$RESPONSE_TOKENS"
  data.filter_overlong_prompts=True data.truncation=error data.seed="$SEED"
)
# Contest problems have many tests, some of them slow: a longer budget, and the share of tests passed stays out of it.
objective=(
  $actor.optim.lr=1e-6 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.01 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 $actor.loss_agg_mode=seq-mean-token-mean egca.normalisation=mean egca.seed="$SEED"
  egca.reward=passed egca.sandbox.cpu_seconds=4 egca.sandbox.program_cpu_seconds=20
)
megatron_engine rotary_base=1000000 # Qwen2.5's, which the bridge loses with transformers 5

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_stdin "${data[@]}" "${objective[@]}"
