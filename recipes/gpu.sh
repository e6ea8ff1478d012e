# The common part of the GPU recipes. A recipe sets `settings`, sources this, sets data, objective and engine, and ends
# with `train NAME override ...`.

settings=(
  "${settings[@]}"
  "DATA=data            folder of the parquet files; recipes/prepare_data.sh makes MBPP's and HumanEval's"
  "EPOCHS=3             epochs over the training data"
  "SAVE_EVERY=11        steps between checkpoints, and between validations"
  "ROLLOUT=sglang       the rollout's server: sglang or vllm"
)
source "$(dirname "${BASH_SOURCE[0]}")/arguments.sh"

mbpp_and_humaneval() { # sets `data`: trains on MBPP's train split, validates on HumanEval and MBPP's test split
  [ -n "$dry_run" ] || bash recipes/prepare_data.sh "$DATA"
  local folder
  folder=$(realpath -m "$DATA") # Ray's processes have other working directories
  problems "$folder/mbpp/train.parquet" "[$folder/humaneval/test.parquet,$folder/mbpp/test.parquet]"
}

problems() { # training file, validation files; sets `data`
  data=(
    data.train_files="$1" data.val_files="$2"
    data.train_batch_size="$PROMPTS" data.max_prompt_length="$PROMPT_TOKENS" data.max_response_length="$RESPONSE_TOKENS"
    data.filter_overlong_prompts=True data.truncation=error data.seed="$SEED"
  )
}

set_micro_batches() { # up to TOKENS_PER_GPU; log-probs and the reference follow the actor
  micro_batches=(
    $actor.ppo_mini_batch_size="$MINI_BATCH" $actor.use_dynamic_bsz=True $actor.ppo_max_token_len_per_gpu="$TOKENS_PER_GPU"
  )
  critic=( # METHOD=ppo: of the policy's size and layout. Its engine reads only the last key (trainer_base.py, _setup)
    critic.model.path="$MODEL" critic.optim.lr=1e-5 critic.ppo_mini_batch_size="$MINI_BATCH"
    critic.ppo_max_token_len_per_gpu="$TOKENS_PER_GPU" +critic.ppo_infer_max_token_len_per_gpu="$TOKENS_PER_GPU"
  )
}

megatron_engine() { # sets `engine`; arguments are keys of Megatron's TransformerConfig for actor, reference and critic
  local key of sequence_parallel=False
  [ "$TP" = 1 ] || sequence_parallel=True
  set_micro_batches
  engine=(model_engine=megatron $model.path="$MODEL" $model.use_remove_padding=True $actor.megatron.seed="$SEED")
  for of in $actor critic; do
    local layout=(
      "$of.megatron.tensor_model_parallel_size=$TP" "$of.megatron.sequence_parallel=$sequence_parallel"
      "$of.megatron.param_offload=True" "$of.megatron.optimizer_offload=True" # during generation
    )
    for key in "$@"; do
      layout+=("+$of.megatron.override_transformer_config.$key")
    done
    if [ "$of" = critic ]; then critic+=("${layout[@]}"); else engine+=("${layout[@]}"); fi
  done
  engine+=($ref.megatron.param_offload=True "${micro_batches[@]}") # its layout follows the actor's
}

fsdp2_engine() { # sets `engine`
  set_micro_batches
  engine=(model_engine=dp $model.path="$MODEL" $model.use_remove_padding=True $model.enable_gradient_checkpointing=True)
  engine+=($actor.strategy=fsdp2 $ref.strategy=fsdp2 $ref.fsdp_config.param_offload=True)
  engine+=($actor.fsdp_config.param_offload=True $actor.fsdp_config.optimizer_offload=True) # during generation
  engine+=($actor.fsdp_config.offload_policy="$OFFLOAD")
  engine+=("${micro_batches[@]}")
  critic+=(critic.strategy=fsdp2 critic.fsdp.param_offload=True critic.fsdp.optimizer_offload=True critic.fsdp.offload_policy="$OFFLOAD")
}

rollout_servers() { # sets `sampling`; reward workers and programs at once depend on the host, not on the GPUs
  sampling=(
    $rollout.name="$ROLLOUT" $rollout.mode=async $rollout.tensor_model_parallel_size="$ROLLOUT_TP"
    $rollout.n="$GROUP" $rollout.temperature=1.0 $rollout.gpu_memory_utilization="$ROLLOUT_MEMORY" $rollout.seed="$SEED"
    $rollout.calculate_log_probs=True         # egca/rollout_mismatch compares them with the actor's
    $rollout.val_kwargs.do_sample=False $rollout.val_kwargs.n=1 # greedy pass@1
    reward.num_workers=$((8 * NNODES)) egca.workers=4
  )
}

schedule() { # sets `trainer`
  trainer=(
    trainer.nnodes="$NNODES" trainer.n_gpus_per_node="$GPUS" trainer.total_epochs="$EPOCHS" trainer.val_before_train=True
    trainer.test_freq="$SAVE_EVERY" trainer.save_freq="$SAVE_EVERY" trainer.max_actor_ckpt_to_keep=2
    trainer.resume_mode=auto "trainer.logger=[console,file]" trainer.default_local_dir="{run}/checkpoints"
    trainer.project_name=verl_egca trainer.experiment_name="$1" egca.run_dir="{run}" hydra.run.dir="{run}/logs/hydra"
  )
}

debugger() { # arguments of `python -m verl_egca.debugger.launch`
  # shellcheck disable=SC2016 # expanded by the server's shell
  debugger_served_by python -m verl_egca.debugger.launch "$@" --host '$HOST' --port '$PORT' --print
  if [ "${served[0]-}" = --debugger ]; then
    export SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0 # the debugger leaves a rollout server's GPUs unequal memory
  fi
}

environment() { # the GPU's virtual environment; for a dry run without one, the CPU's
  if [ -n "$dry_run" ] && ! [ -x .venv/bin/python ]; then
    bash scripts/setup_cpu.sh
  elif [ -z "$dry_run" ]; then
    ROLLOUT=$ROLLOUT bash scripts/setup_gpu.sh
  fi
  source .venv/bin/activate
  export HYDRA_FULL_ERROR=1 RAY_USAGE_STATS_ENABLED=0 PYTHONUNBUFFERED=1 TOKENIZERS_PARALLELISM=false
  export CUDA_DEVICE_MAX_CONNECTIONS=1 # Megatron's tensor parallelism needs its streams in order
}

train() { # name of the recipe's runs, overrides of verl's config
  local name=$1
  shift
  credit_rule
  rollout_servers
  schedule "$name"
  exec python -m verl_egca.launch $dry_run --root runs --default-name "$name" --name "$RUN" "${served[@]}" -- \
    python -m verl.trainer.main_ppo --config-dir "$PWD/verl_egca/config" --config-name egca_ppo \
    "${data[@]}" "$@" "${engine[@]}" "${sampling[@]}" "${trainer[@]}" "${rule[@]}" "${asks[@]}" ${overrides[@]+"${overrides[@]}"}
}
