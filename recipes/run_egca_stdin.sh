#!/usr/bin/env bash
# Programs that read standard input (APPS, TACO, CodeContests, Codeforces as verl's `prime_code` rows) with EGCA on
# 8 x A100 80 GB. Many of these problems have no reference: proofs are then found by edits alone.
#
#   bash recipes/run_egca_stdin.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# TRAIN and VAL are parquet files in a format of the README; `egca prepare` writes them from the data sets' files.
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   a Hugging Face model, folder or name"
  "TRAIN=data/stdin/train.parquet   problems to train on"
  "VAL=data/stdin/test.parquet      problems to validate on"
  "GPUS=8               GPUs per node"
  "TP=4                 tensor parallelism of the actor, with sequence parallelism; the rest is data parallelism"
  "ROLLOUT_TP=2         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses per prompt"
  "PROMPTS=64           prompts per step"
  "MINI_BATCH=32        prompts per optimizer step"
  "PROMPT_TOKENS=2048   longest prompt; longer ones are left out"
  "RESPONSE_TOKENS=2048 longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER=0           1 serves the debugger on the last GPU; METHOD=egca, paper and soft ask it"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   the debugger's model"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/gpu.sh"
read_arguments "$@"
environment
for file in "$TRAIN" "$VAL"; do
  [ -n "$dry_run" ] || [ -f "$file" ] || refuse "$file: there is no such file; 'egca prepare' writes it from a data set's own"
done
problems "$(realpath -m "$TRAIN")" "$(realpath -m "$VAL")" # Ray's processes have other working directories

# Contest problems have many tests, some slow, so a partial reward is not used.
objective=(
  $actor.optim.lr=1e-6 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.01 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 egca.seed="$SEED"
  egca.reward=passed egca.sandbox.cpu_seconds=6
)
megatron_engine rotary_base=1000000 # Qwen2.5's, which the bridge drops with transformers 5

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_stdin "${objective[@]}"

# The budget of a GPU, with the debugger's server on it, as scripts/plan prints it; a test compares the two.
#
# $ python scripts/plan --model qwen2.5-coder-7b --tp 4 --prompts 64 --mini-batch 32 --prompt-tokens 2048 \
#     --response-tokens 2048 --problems 20000 --epochs 1 --recipe-comment
# qwen2.5-coder-7b, 7,615,616,512 parameters
# 8 x a100-80gb, Megatron TP=4 PP=1 CP=1 DP=2, rollout 4 x TP=2; 64 x 16 sequences of 2048 + 2048 tokens
# debugger qwen2.5-coder-7b: 1 on GPUs that also train, 0.25 of the memory each
#
# GiB on a GPU              rollout  log-probs  reference     update       sync
# weights                         -       3.55          -       3.55       3.55
# gradients                       -          -          -       7.09          -
# optimizer                       -          -          -      10.64          -
# reference                       -          -       3.55          -          -
# activations                     -       0.33       0.33       8.51          -
# logits                          -       3.48       1.74       2.90          -
# fragmentation                   -       0.19       0.10       0.57          -
# trainer's runtime            2.00       2.00       2.00       2.00       2.00
# rollout's weights            7.09          -          -          -       7.09
# rollout's KV cache          25.80          -          -          -          -
# rollout's runtime            3.50       2.00       2.00       2.00       2.00
# sync bucket                     -          -          -          -       2.00
# debugger's weights          14.19      14.19      14.19      14.19      14.19
# debugger's KV cache          5.59       5.59       5.59       5.59       5.59
# debugger's runtime           2.50       2.50       2.50       2.50       2.50
# sum, with the debugger      60.67      33.82      32.00      59.54      38.91
# of 79.10 left               18.43      45.28      47.10      19.56      40.19
# with the debugger (1 GPU): fits; 18.43 GiB of 79.10 to spare in the fullest phase, rollout
#   rollout's KV cache: 966,270 tokens of 28 KiB, 235 of the longest or 786 mean sequences at once
#   debugger's KV cache: 104,666 tokens of 56 KiB
# in a rollout server with that (1 GPU): fits; 40.70 GiB of 79.10 to spare in the fullest phase, rollout
#   rollout's KV cache: 966,270 tokens of 28 KiB, 235 of the longest or 786 mean sequences at once
# without the debugger (6 GPUs): fits; 27.34 GiB of 79.10 to spare in the fullest phase, rollout
#   rollout's KV cache: 1,466,778 tokens of 28 KiB, 358 of the longest or 1193 mean sequences at once
# host memory: 142 GiB a node offloaded, and 28 GiB on one for the guard at start-up
# export SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0: the debugger leaves the GPUs of one rollout server unequal memory,
#     which SGLang refuses otherwise
#
# weights 3.55: 1,904,057,344 parameters on a GPU x 2 bytes (bfloat16)
# gradients 7.09: 1,904,057,344 x 4 bytes (float32)
# optimizer 10.64: 1,904,057,344 x 12 bytes (float32 weights, two moments) / 2 data-parallel ranks
# reference 3.55: 1,904,057,344 x 2 bytes (bfloat16)
# activations 8.51: 8,192 tokens x (28 layers x 39,708 + 3,584 bytes)
# logits 3.48: 8,192 tokens x 38,016 words x 12 bytes (log-probs), 10 (update), 6 (reference)
# fragmentation 0.57: 0.05 of the last two
# trainer's runtime 2.00: context, NCCL, workspaces
# rollout's weights 7.09: bfloat16, over the rollout's TP
# rollout's KV cache 25.80: 0.6 x 54.82 free at its start - weights
# rollout's runtime 3.50: context, CUDA graphs; awake also what it works with
# sync bucket 2.00: of tensors on their way
# debugger's weights 14.19: bfloat16
# debugger's KV cache 5.59: 0.25 x 79.10 - weights
# debugger's runtime 2.50: context, CUDA graphs, activations
#
# a step: 1,024 sequences, 1,258,291 tokens at mean length, at most 4,194,304
# an update: 256 sequences a rank in 39 micro-batches, each of up to 8,192 tokens; in 128 of 2 if all are the longest
# seconds: generation 26.9; verdicts 0.0; search 0.9; debugger 0.9; old log-probs 20.7; reference 20.7; update 62.2;
#     data parallelism 0.0; offloading 2.7; weight sync 3.0; bookkeeping 5.0
# a step takes about 143 s, 8,790 tokens a second; EGCA's part is 1.8 s (1.3%)
# 20000 problems are 312 steps an epoch (32 are left out), 1 epochs 312 steps of 2 updates: 12.4 hours, evaluation and
#     checkpoints not counted
