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
  "OFFLOAD=False        True keeps weights and optimizer in host memory, for a 24 GB GPU, with TOKENS_PER_GPU=2048"
  "ROLLOUT_TP=1         tensor parallelism of a rollout server"
  "ROLLOUT_MEMORY=0.5   share of the GPU that the rollout server takes for weights and KV cache"
  "GROUP=8              responses per prompt"
  "PROMPTS=34           prompts per step"
  "MINI_BATCH=17        prompts per optimizer step"
  "PROMPT_TOKENS=512    longest prompt"
  "RESPONSE_TOKENS=512  longest response"
  "TOKENS_PER_GPU=8192  most tokens of a micro-batch"
  "DEBUGGER=0           1 serves the debugger on the GPU; METHOD=egca, paper and soft ask it"
  "DEBUGGER_MODEL=Qwen/Qwen2.5-Coder-1.5B-Instruct   the debugger's model"
  "DEBUGGER_MEMORY=0.15 share of the GPU that the debugger's server takes"
)
source "$(dirname "${BASH_SOURCE[0]}")/gpu.sh"
read_arguments "$@"
environment
mbpp_and_humaneval

# For a smaller model: a higher learning rate, and a lower KL coefficient.
objective=(
  $actor.optim.lr=1e-6 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.01 $actor.kl_loss_type=low_var_kl $actor.entropy_coeff=0
  $actor.ppo_epochs=1 egca.seed="$SEED"
)
fsdp2_engine

debugger --engine "$ROLLOUT" --model "$DEBUGGER_MODEL" --memory "$DEBUGGER_MEMORY" --gpu 0 --context-length 8192
train egca_qwen1.5b "${objective[@]}"

# The memory of a GPU with the debugger's server, printed by scripts/plan; a test compares the two.
#
# $ python scripts/plan --model qwen2.5-coder-1.5b --engine fsdp2 --gpus 1 --group 8 --prompt-tokens 512 \
#     --response-tokens 512 --rollout-memory 0.5 --debugger 1.5b --debugger-memory 0.15 --recipe-comment
# qwen2.5-coder-1.5b, 1,543,714,304 parameters
# 1 x a100-80gb, FSDP2 TP=1 PP=1 CP=1 DP=1, rollout 1 x TP=1; 34 x 8 sequences of 512 + 512 tokens
# debugger qwen2.5-coder-1.5b: 1 on GPUs that also train, 0.15 of the memory each
#
# GiB on a GPU              rollout  log-probs  reference     update       sync
# weights                         -       5.75          -       5.75       5.75
# gradients                       -          -          -       5.75          -
# optimizer                       -          -          -      11.50          -
# whole layers                    -       0.61       0.61       1.31          -
# activations                     -       0.84       0.84       1.49          -
# logits                          -       9.27       4.64       6.96          -
# fragmentation                   -       0.51       0.27       0.42          -
# trainer's runtime            2.00       2.00       2.00       2.00       2.00
# rollout's weights            2.88          -          -          -       2.88
# rollout's KV cache          28.49          -          -          -          -
# rollout's runtime            3.50       2.00       2.00       2.00       2.00
# sync bucket                     -          -          -          -       2.00
# debugger's weights           2.88       2.88       2.88       2.88       2.88
# debugger's KV cache          8.99       8.99       8.99       8.99       8.99
# debugger's runtime           2.50       2.50       2.50       2.50       2.50
# sum, with the debugger      51.23      35.34      24.72      51.54      28.99
# of 79.10 left               27.87      43.76      54.38      27.56      50.11
# with the debugger (1 GPU): fits; 27.56 GiB of 79.10 to spare in the fullest phase, update
#   rollout's KV cache: 1,067,005 tokens of 28 KiB, 1041 of the longest or 3473 mean sequences at once
#   debugger's KV cache: 336,653 tokens of 28 KiB
# host memory: 23 GiB a node offloaded, and 6 GiB on one for the guard at start-up
#
# weights 5.75: 1,543,714,304 parameters / 1 GPUs x 4 bytes (float32)
# gradients 5.75: 1,543,714,304 x 4 bytes (float32)
# optimizer 11.50: 1,543,714,304 x 8 bytes (float32, two moments)
# whole layers 1.31: 233,375,232 of embedding and head x 2 + two layers of 46,797,824 x 2 bytes
# activations 1.49: 8,192 tokens x (28 layers' inputs x 3,072 + one layer 103,480 + 6,144 bytes)
# logits 9.27: 8,192 tokens x 151,936 words x 8 bytes (log-probs), 6 (update), 4 (reference)
# fragmentation 0.51: 0.05 of the last two
# trainer's runtime 2.00: context, NCCL, workspaces
# rollout's weights 2.88: bfloat16, over the rollout's TP
# rollout's KV cache 28.49: 0.5 x 62.73 free at its start - weights
# rollout's runtime 3.50: context, CUDA graphs; awake also what it works with
# sync bucket 2.00: of tensors on their way
# debugger's weights 2.88: bfloat16
# debugger's KV cache 8.99: 0.15 x 79.10 - weights
# debugger's runtime 2.50: context, CUDA graphs, activations
#
# a step: 272 sequences, 83,558 tokens at mean length, at most 278,528
# an update: 136 sequences a rank in 6 micro-batches, each of up to 8,192 tokens; in 17 of 8 if all are the longest
# seconds: generation 4.2; verdicts 0.0; search 0.9; debugger 0.4; old log-probs 2.4; reference 2.4; update 9.5; data
#     parallelism 0.0; offloading 3.1; weight sync 0.6; bookkeeping 5.0
# a step takes about 29 s, 2,930 tokens a second; EGCA's part is 1.3 s (4.5%)
# 374 problems are 11 steps an epoch (0 are left out), 3 epochs 33 steps of 2 updates: 0.3 hours, evaluation and
#     checkpoints not counted
