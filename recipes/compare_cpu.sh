#!/usr/bin/env bash
# Does EGCA learn faster? Trains the starter policy with every method over seeds, without a GPU, and writes the page.
#
#   bash recipes/compare_cpu.sh [OUT] [PAGE]
#
# OUT (default: runs/compare) keeps every run: the same command after an interruption goes on. PAGE (default:
# recipes/evidence) gets tables, plots and the rows they are made of. Some hours on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-runs/compare} page=${2:-recipes/evidence}

bash scripts/setup_cpu.sh
source .venv/bin/activate
export EGCA_CPU=1 OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1

egca experiment tune --out "$out" # GRPO's learning rate first, which all methods then get
egca experiment run --out "$out"
egca experiment signal --out "$out"
egca experiment tune --out "$out" --methods executed,random,late,trace,counterfactual,egca # each at its own
egca experiment page --out "$out" --to "$page"
