#!/usr/bin/env bash
# Compares rules of credit without a GPU: a map over length and pass rate, training runs, and their page.
#
#   bash recipes/compare_cpu.sh [OUT] [PAGE]
#
# OUT (default: runs/compare) keeps all measurements and runs: after an interruption the same command resumes.
# PAGE (default: recipes/evidence/map) gets README.md, its pictures and tables. With two processes on two cores a cell
# of the map takes 3 minutes for one function, 6 for two, 12 to 16 for four; a run takes 1 minute in cell 1c, 2 to 3 in
# 2c, 4 to 6 in 4c, 3 to 5 in hard and foreign: about six hours in all. The steps below can be run one by one. The
# policy ships; `python scripts/experiment policy --out OUT` makes a similar one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-runs/compare} page=${2:-recipes/evidence/map}

bash scripts/setup_cpu.sh
source .venv/bin/activate
export EGCA_CPU=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
# Two pieces at once; they keep their memory rather than return it to the kernel each step.
export OMP_NUM_THREADS=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592

mkdir -p "$out"
[[ -f $out/policy/config.json ]] || cp -r recipes/evidence/policy "$out/policy"

rules=grpo,correct_only,negative_tenth,w_reinforce,entropy,executed,random,paper,egca,egca_4
python scripts/experiment map --out "$out" --cells 1a,1b,1c,2a,2b,2c,4a,4b,4c --rules "$rules"

python scripts/experiment run --out "$out" --cells 1b,1c,2c,4c --rules grpo,correct_only,paper,egca,egca_4 --seeds 5
failed=grpo,egca,twins,twins_whole,twins_blind,sft,luffy
python scripts/experiment run --out "$out" --cells hard,foreign --rules "$failed" --seeds 5

python scripts/experiment page --out "$out" --to "$page"
