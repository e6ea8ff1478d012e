#!/usr/bin/env bash
# Trains the starter policy with EGCA on a machine without a GPU, through verl's trainer and Megatron's engine.
#
#   bash recipes/run_egca_cpu.sh [KEY=VALUE ...] [hydra overrides] [--dry-run | --command]
#
# KEY=VALUE, or from the environment (--help lists them). --dry-run prints the command and the resolved config.
# Everything else is an override of verl's config: trainer.total_training_steps=2 egca.localizer=uniform ...
set -euo pipefail
settings=(
  "TP=1                 ranks of tensor parallelism; the number of ranks is TP x PP x CP x DP"
  "PP=1                 of pipeline parallelism"
  "CP=1                 of context parallelism"
  "DP=1                 of data parallelism"
  "ENGINE=megatron      or fsdp2"
  "MODEL=               a Hugging Face model, folder or name (default: the starter policy, scripts/starter)"
  "TRAIN=               verl's parquet file of rows (default: the starter problems)"
  "VAL=                 the same (default: TRAIN)"
  "DEBUGGER=0           1 serves a small chat model on the CPU as debugger"
  "ROLLOUT_SECONDS=0    least duration of the longest rollout; others in proportion to their tokens"
)
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"
read_arguments "$@"
ranks=$((TP * PP * CP * DP)) critic=()
[ $((ranks % NNODES)) = 0 ] || refuse "$ranks ranks can't be divided among NNODES=$NNODES nodes; change TP, PP, CP or DP"
[ "$METHOD" != ppo ] || refuse "METHOD=ppo is for the GPU recipes"
debugger_served_by bash scripts/serve_debugger_cpu.sh --print
credit_rule

bash scripts/setup_cpu.sh
if [ "${served[0]-}" = --debugger ]; then
  asks+=(egca.debugger.prompt_tokens=1500 egca.debugger.answer_tokens=160) # short, since two cores are slow
  [ -n "$dry_run" ] || bash scripts/serve_debugger_cpu.sh --setup-only
fi
source .venv/bin/activate
if [ -z "$TRAIN" ]; then
  python scripts/starter prepare --out runs/.starter --quiet
  TRAIN=runs/.starter/train.parquet VAL=runs/.starter/test.parquet
fi
MODEL=${MODEL:-scripts/starter/weights}
if [ -d "$MODEL" ]; then # else a name on the hub
  MODEL=$(realpath "$MODEL")
  export HF_HUB_OFFLINE=1
fi
VAL=${VAL:-$TRAIN}
for file in "$TRAIN" "$VAL"; do
  [ -f "$file" ] || refuse "$file: there is no such file"
done

# The embedded CPU platform: gloo, plain-torch layers, a transformers model as rollout.
export EGCA_CPU=1 VERL_PLATFORM=cpu VERL_ENGINE_DEVICE=cuda TORCHDYNAMO_DISABLE=1 CUDA_DEVICE_MAX_CONNECTIONS=1
# One thread per process: there are more processes than cores.
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
export EGCA_CPU_ROLLOUT_SECONDS=$ROLLOUT_SECONDS
export HYDRA_FULL_ERROR=1 RAY_USAGE_STATS_ENABLED=0 PYTHONUNBUFFERED=1

data=(
  data.train_files="$(realpath "$TRAIN")" data.val_files="$(realpath "$VAL")"
  data.train_batch_size=16 data.max_prompt_length=256 data.max_response_length=96
  data.dataloader_num_workers=0 data.seed="$SEED"
)
# Groups of 8, the paper's clipping and KL coefficient. At three times this learning rate a policy of this size begins
# to write programs that do not parse (scripts/compare_default.py).
objective=(
  $rollout.n=8
  $actor.optim.lr=1e-4 $actor.clip_ratio=0.2
  $actor.use_kl_loss=True $actor.kl_loss_coef=0.05 $actor.kl_loss_type=low_var_kl
  $actor.ppo_mini_batch_size=16 $actor.use_dynamic_bsz=True $actor.ppo_max_token_len_per_gpu=16384
  egca.deterministic=True egca.seed="$SEED"
)
case $ENGINE in
  megatron)
    engine=(
      model_engine=megatron
      $actor.megatron.tensor_model_parallel_size="$TP" $actor.megatron.pipeline_model_parallel_size="$PP"
      $actor.megatron.context_parallel_size="$CP" $actor.megatron.sequence_parallel=$([ "$TP" -gt 1 ] && echo True || echo False)
      $actor.megatron.dtype=float32 $ref.megatron.dtype=float32 $actor.megatron.seed="$SEED"
      +$actor.megatron.override_transformer_config.apply_rope_fusion=False # it needs Transformer Engine
    )
    ;;
  fsdp2)
    [ $((TP * PP * CP)) = 1 ] || refuse "ENGINE=fsdp2 has data parallelism only: use DP, not TP, PP or CP"
    float32="mixed_precision={param_dtype:fp32,reduce_dtype:fp32,buffer_dtype:fp32}"
    engine=(
      model_engine=dp $actor.strategy=fsdp2 $ref.strategy=fsdp2 $actor.use_torch_compile=False
      "+$actor.fsdp_config.$float32" "+$ref.fsdp_config.$float32"
      actor_rollout_ref.model.enable_gradient_checkpointing=False
      +actor_rollout_ref.model.override_config.attn_implementation=sdpa
    )
    ;;
  *) refuse "ENGINE=$ENGINE: choose megatron or fsdp2" ;;
esac
sampling=( # a transformers model in a separate process
  actor_rollout_ref.model.path="$MODEL" actor_rollout_ref.model.use_remove_padding=$([ "$ENGINE" = megatron ] && echo True || echo False)
  $rollout.name=hf_cpu $rollout.dtype=float32 $rollout.seed="$SEED" $rollout.tensor_model_parallel_size="$ranks" # one server
  $rollout.calculate_log_probs=True $rollout.free_cache_engine=False $rollout.agent.num_workers=1
  $rollout.log_prob_use_dynamic_bsz=True $rollout.log_prob_max_token_len_per_gpu=16384
  $ref.log_prob_use_dynamic_bsz=True $ref.log_prob_max_token_len_per_gpu=16384
  reward.num_workers="$NNODES" # one per node
)
trainer=(
  trainer.nnodes="$NNODES" trainer.n_gpus_per_node=$((ranks / NNODES)) trainer.total_training_steps=20 trainer.total_epochs=1000
  trainer.val_before_train=False trainer.test_freq=-1 trainer.save_freq=1 trainer.max_actor_ckpt_to_keep=2
  trainer.resume_mode=auto "trainer.logger=[console,file]"
  trainer.default_local_dir="{run}/checkpoints" egca.run_dir="{run}" hydra.run.dir="{run}/logs/hydra"
  transfer_queue.backend.SimpleStorage.num_data_storage_units=1
)
if [ -z "${EGCA_RAY_ADDRESS:-}" ]; then # the run's own Ray; a cluster's nodes set their resources themselves
  trainer+=(
    ray_kwargs.ray_init.num_cpus=16 +ray_kwargs.ray_init.num_gpus="$ranks" # names for processes, not devices
    +ray_kwargs.ray_init.include_dashboard=False
  )
fi

exec python -m verl_egca.launch $dry_run --root runs --default-name egca_cpu --name "$RUN" "${served[@]}" -- \
  python -m verl.trainer.main_ppo --config-dir "$PWD/verl_egca/config" --config-name egca_ppo \
  "${data[@]}" "${objective[@]}" "${engine[@]}" "${sampling[@]}" "${trainer[@]}" "${rule[@]}" "${asks[@]}" ${overrides[@]+"${overrides[@]}"}
