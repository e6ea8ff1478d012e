#!/usr/bin/env bash
# DeepSeek-Coder-6.7B-Instruct with EGCA on 8 x A100 80 GB: the set-up of arXiv 2603.16158, as far as it is published.
#
#   bash recipes/run_egca_deepseek6.7b.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=deepseek-ai/deepseek-coder-6.7b-instruct   a Hugging Face model, folder or name"
  "GPUS=8               GPUs per node"
  "TP=2                 tensor parallelism of the actor, with sequence parallelism; the rest is data parallelism"
  "ROLLOUT_TP=2         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses per prompt"
  "PROMPTS=34           prompts per step"
  "MINI_BATCH=17        prompts per optimizer step"
  "PROMPT_TOKENS=1024   longest prompt"
  "RESPONSE_TOKENS=1024 longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER=1           1 serves the debugger on the last GPU; METHOD=egca, paper and soft ask it"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   or Qwen/Qwen2.5-Coder-1.5B-Instruct, the paper's ablation"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/gpu.sh"
read_arguments "$@"
environment

# The paper evaluates on HumanEval and MBPP and does not name its training data. Here: MBPP's train split, 374 problems,
# which leaves its test split unseen. 34 prompts per step are 11 steps per epoch without a remainder.
mbpp_and_humaneval

# The paper's: G = 16, AdamW 5e-7, KL 0.05 in the loss, clip 0.2. It does not give the number of optimizer steps per
# batch: two here, since with one the ratio is 1 and nothing is clipped. The KL estimator is GRPO's own (k3). As in GRPO
# a response's tokens are averaged: summed, a KL of 0.05 per token would outweigh the advantage of longer responses.
objective=(
  $actor.optim.lr=5e-7 $actor.clip_ratio=0.2 $actor.clip_ratio_low=0.2 $actor.clip_ratio_high=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.05 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 egca.seed="$SEED"
)
# The bridge to Megatron drops DeepSeek-Coder's linear RoPE scaling and, with transformers 5, its base; egca.guard
# would refuse to train without these two.
megatron_engine seq_len_interpolation_factor=4.0 rotary_base=100000

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_deepseek6.7b "${objective[@]}"

# The memory of a GPU with the debugger's server, printed by scripts/plan; a test compares the two.
#
# $ python scripts/plan --model deepseek-6.7b --gpus 8 --gpu a100-80gb --tp 2 --rollout-tp 2 --rollout-memory 0.6 \
#     --prompts 34 --mini-batch 17 --group 16 --prompt-tokens 1024 --response-tokens 1024 --max-tokens-per-gpu 8192 \
#     --debugger 7b --debugger-memory 0.25 --problems 374 --epochs 3 --recipe-comment
# deepseek-6.7b, 6,740,512,768 parameters
# 8 x a100-80gb, Megatron TP=2 PP=1 CP=1 DP=4, rollout 4 x TP=2; 34 x 16 sequences of 1024 + 1024 tokens
# debugger qwen2.5-coder-7b: 1 on GPUs that also train, 0.25 of the memory each
#
# GiB on a GPU              rollout  log-probs  reference     update       sync
# weights                         -       6.28          -       6.28       6.28
# gradients                       -          -          -      12.56          -
# optimizer                       -          -          -       9.42          -
# reference                       -          -       6.28          -          -
# activations                     -       0.56       0.56      16.14          -
# logits                          -       1.48       0.74       1.23          -
# fragmentation                   -       0.10       0.07       0.87          -
# trainer's runtime            2.00       2.00       2.00       2.00       2.00
# rollout's weights            6.28          -          -          -       6.28
# rollout's KV cache          26.62          -          -          -          -
# rollout's runtime            3.50       2.00       2.00       2.00       2.00
# sync bucket                     -          -          -          -       2.00
# debugger's weights          14.19      14.19      14.19      14.19      14.19
# debugger's KV cache          5.59       5.59       5.59       5.59       5.59
# debugger's runtime           2.50       2.50       2.50       2.50       2.50
# sum, with the debugger      60.67      34.70      33.92      72.76      40.83
# of 79.10 left               18.43      44.40      45.18       6.34      38.27
# with the debugger (1 GPU): fits; 6.34 GiB of 79.10 to spare in the fullest phase, update
#   rollout's KV cache: 109,023 tokens of 256 KiB, 53 of the longest or 177 mean sequences at once
#   debugger's KV cache: 104,666 tokens of 56 KiB
# in a rollout server with that (1 GPU): fits; 28.61 GiB of 79.10 to spare in the fullest phase, update
#   rollout's KV cache: 109,023 tokens of 256 KiB, 53 of the longest or 177 mean sequences at once
# without the debugger (6 GPUs): fits; 27.34 GiB of 79.10 to spare in the fullest phase, rollout
#   rollout's KV cache: 163,766 tokens of 256 KiB, 79 of the longest or 266 mean sequences at once
# host memory: 176 GiB a node offloaded, and 25 GiB on one for the guard at start-up
# export SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0: the debugger leaves the GPUs of one rollout server unequal memory,
#     which SGLang refuses otherwise
#
# weights 6.28: 3,370,389,504 parameters on a GPU x 2 bytes (bfloat16)
# gradients 12.56: 3,370,389,504 x 4 bytes (float32)
# optimizer 9.42: 3,370,389,504 x 12 bytes (float32 weights, two moments) / 4 data-parallel ranks
# reference 6.28: 3,370,389,504 x 2 bytes (bfloat16)
# activations 16.14: 8,192 tokens x (32 layers x 65,856 + 8,192 bytes)
# logits 1.48: 8,192 tokens x 16,128 words x 12 bytes (log-probs), 10 (update), 6 (reference)
# fragmentation 0.87: 0.05 of the last two
# trainer's runtime 2.00: context, NCCL, workspaces
# rollout's weights 6.28: bfloat16, over the rollout's TP
# rollout's KV cache 26.62: 0.6 x 54.82 free at its start - weights
# rollout's runtime 3.50: context, CUDA graphs; awake also what it works with
# sync bucket 2.00: of tensors on their way
# debugger's weights 14.19: bfloat16
# debugger's KV cache 5.59: 0.25 x 79.10 - weights
# debugger's runtime 2.50: context, CUDA graphs, activations
#
# a step: 544 sequences, 334,234 tokens at mean length, at most 1,114,112
# an update: 68 sequences a rank in 6 micro-batches, each of up to 8,192 tokens; in 17 of 4 if all are the longest
# seconds: generation 12.9; verdicts 0.0; search 0.9; debugger 0.9; old log-probs 5.1; reference 5.1; update 15.4; data
#     parallelism 0.1; offloading 3.7; weight sync 2.7; bookkeeping 5.0
# a step takes about 52 s, 6,446 tokens a second; EGCA's part is 1.8 s (3.5%)
# 374 problems are 11 steps an epoch (0 are left out), 3 epochs 33 steps of 2 updates: 0.5 hours, evaluation and
#     checkpoints not counted
