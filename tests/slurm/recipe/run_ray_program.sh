#!/usr/bin/env bash
# A recipe for run_egca.sbatch without model or trainer: a Ray program that goes round the nodes, STEPS times.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
dry_run=
for argument in "$@"; do
  case $argument in
    STEPS=*) export "${argument?}" ;;
    --dry-run) dry_run=yes ;;
    *) echo "bad command: $argument" >&2; exit 2 ;;
  esac
done
if [ -n "$dry_run" ]; then
  echo "# the command"
  echo "# the resolved config"
  echo "trainer: {nnodes: ${NNODES:-1}, n_gpus_per_node: 1, v1: {trainer_mode: egca_sync}}"
  echo "actor_rollout_ref: {rollout: {name: hf_cpu}}"
  exit 0
fi
export EGCA_SEED_SEEN=${SEED:-}
.venv/bin/python -m verl_egca.launch --root runs --default-name ray_program --name "$RUN" -- \
  .venv/bin/python tests/slurm/recipe/ray_program.py "${STEPS:-3}"
