#!/usr/bin/env bash
# Qwen2.5-Coder-7B-Instruct with EGCA on 8 x A100 80 GB, with PyTorch's FSDP2 instead of Megatron.
#
#   bash recipes/run_egca_qwen7b_fsdp2.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# --dry-run prints the command and the resolved config, --command the command alone; neither needs a GPU.
# KEY=VALUE, or from the environment:
set -euo pipefail
settings=(
  "MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   a Hugging Face model, folder or name"
  "GPUS=8               GPUs per node"
  "OFFLOAD=False        True keeps weights and optimizer in host memory also during the update"
  "ROLLOUT_TP=1         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.6   share of a GPU that a rollout server takes for weights and KV cache"
  "GROUP=16             responses per prompt"
  "PROMPTS=34           prompts per step"
  "MINI_BATCH=17        prompts per optimizer step"
  "PROMPT_TOKENS=1024   longest prompt"
  "RESPONSE_TOKENS=1024 longest response"
  "TOKENS_PER_GPU=16384 most tokens of a micro-batch"
  "DEBUGGER=0           1 serves the debugger on the last GPU; METHOD=egca, paper and soft ask it"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-7B-Instruct   the debugger's model"
  "DEBUGGER_MEMORY=0.25 share of the last GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/gpu.sh"
read_arguments "$@"
environment
mbpp_and_humaneval

objective=(
  $actor.optim.lr=5e-7 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.05 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 egca.seed="$SEED"
)
fsdp2_engine

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu "$((GPUS - 1))" --context-length 8192
train egca_qwen7b_fsdp2 "${objective[@]}"

# The memory of a GPU with the debugger's server, printed by scripts/plan; a test compares the two.
#
# $ python scripts/plan --model qwen2.5-coder-7b --engine fsdp2 --rollout-tp 1 --max-tokens-per-gpu 16384 \
#     --recipe-comment
# qwen2.5-coder-7b, 7,615,616,512 parameters
# 8 x a100-80gb, FSDP2 TP=1 PP=1 CP=1 DP=8, rollout 8 x TP=1; 34 x 16 sequences of 1024 + 1024 tokens
# debugger qwen2.5-coder-7b: 1 on GPUs that also train, 0.25 of the memory each
#
# GiB on a GPU              rollout  log-probs  reference     update       sync
# weights                         -       3.55          -       3.55       3.55
# gradients                       -          -          -       3.55          -
# optimizer                       -          -          -       7.09          -
# whole layers                    -       2.90       2.90       6.23          -
# activations                     -       3.66       3.66       6.72          -
# logits                          -      18.56       9.28      13.92          -
# fragmentation                   -       1.11       0.65       1.03          -
# trainer's runtime            2.00       2.00       2.00       2.00       2.00
# rollout's weights           14.19          -          -          -      14.19
# rollout's KV cache          18.71          -          -          -          -
# rollout's runtime            3.50       2.00       2.00       2.00       2.00
# sync bucket                     -          -          -          -       2.00
# debugger's weights          14.19      14.19      14.19      14.19      14.19
# debugger's KV cache          5.59       5.59       5.59       5.59       5.59
# debugger's runtime           2.50       2.50       2.50       2.50       2.50
# sum, with the debugger      60.67      56.05      42.76      68.37      46.01
# of 79.10 left               18.43      23.05      36.34      10.73      33.09
# with the debugger (1 GPU): fits; 10.73 GiB of 79.10 to spare in the fullest phase, update
#   rollout's KV cache: 350,333 tokens of 56 KiB, 171 of the longest or 570 mean sequences at once
#   debugger's KV cache: 104,666 tokens of 56 KiB
# without the debugger (7 GPUs): fits; 27.34 GiB of 79.10 to spare in the fullest phase, rollout
#   rollout's KV cache: 600,587 tokens of 56 KiB, 293 of the longest or 977 mean sequences at once
# host memory: 113 GiB a node offloaded, and 28 GiB on one for the guard at start-up
#
# weights 3.55: 7,615,616,512 parameters / 8 GPUs x 4 bytes (float32)
# gradients 3.55: 951,952,064 x 4 bytes (float32)
# optimizer 7.09: 951,952,064 x 8 bytes (float32, two moments)
# whole layers 6.23: 1,089,998,336 of embedding and head x 2 + two layers of 233,057,792 x 2 bytes
# activations 6.72: 16,384 tokens x (28 layers' inputs x 7,168 + one layer 225,400 + 14,336 bytes)
# logits 18.56: 16,384 tokens x 152,064 words x 8 bytes (log-probs), 6 (update), 4 (reference)
# fragmentation 1.11: 0.05 of the last two
# trainer's runtime 2.00: context, NCCL, workspaces
# rollout's weights 14.19: bfloat16, over the rollout's TP
# rollout's KV cache 18.71: 0.6 x 54.82 free at its start - weights
# rollout's runtime 3.50: context, CUDA graphs; awake also what it works with
# sync bucket 2.00: of tensors on their way
# debugger's weights 14.19: bfloat16
# debugger's KV cache 5.59: 0.25 x 79.10 - weights
# debugger's runtime 2.50: context, CUDA graphs, activations
#
# a step: 544 sequences, 334,234 tokens at mean length, at most 1,114,112
# an update: 34 sequences a rank in 2 micro-batches, each of up to 16,384 tokens; in 5 of 8 if all are the longest
# seconds: generation 15.6; verdicts 0.0; search 0.9; debugger 0.9; old log-probs 5.5; reference 5.5; update 21.8; data
#     parallelism 1.1; offloading 1.9; weight sync 3.0; bookkeeping 5.0
# a step takes about 61 s, 5,456 tokens a second; EGCA's part is 1.8 s (3.0%)
# 374 problems are 11 steps an epoch (0 are left out), 3 epochs 33 steps of 2 updates: 0.6 hours, evaluation and
#     checkpoints not counted
