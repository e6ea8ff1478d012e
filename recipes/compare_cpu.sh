#!/usr/bin/env bash
# Does EGCA learn faster? Trains two small policies with each method over seeds, without a GPU, and writes a page each.
#
#   bash recipes/compare_cpu.sh [OUT] [PAGES]
#
# OUT (default: runs/compare) keeps every run: the same command after an interruption goes on. PAGES (default:
# recipes/evidence) gets starter/ and styled/, each with tables, plots and the rows they are made of. Hours on two cores.
#
# "starter" is the policy that ships. "styled" is made first, by the same training on the same solutions in names and forms
# drawn at random, so that it is undecided about much that no test sees, as a real model is. "styled_long" trains it three
# times as long, with three methods.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-runs/compare} pages=${2:-recipes/evidence}
others=executed,correct_only,random,late,trace,counterfactual,egca,egca_moved

bash scripts/setup_cpu.sh
source .venv/bin/activate
export EGCA_CPU=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
[[ -f $out/policy/config.json ]] || egca starter train --out "$out/policy" --styles --steps 2000
# Two runs at once; their memory is kept, not given back to the kernel and cleared anew each step.
export OMP_NUM_THREADS=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592

twin="The starter's twin, which has learned the same solutions in names and forms drawn at random,"
for name in starter styled; do
  methods=grpo,$others,random_moved,egca_statement,soft25,soft50,soft75 policy=() about=()
  if [[ $name == starter ]]; then
    methods+=,oracle # who knows one wording
  else
    policy=(--policy "$out/policy") about=(--about "$twin")
  fi
  egca experiment tune --out "$out/$name" "${policy[@]}" --seeds 2 # GRPO's learning rate first, which all methods then get
  egca experiment run --out "$out/$name" "${policy[@]}" --methods "$methods"
  [[ $name == styled ]] || egca experiment tune --out "$out/$name" --seeds 2 --methods "$others" # each at its own
  egca experiment signal --out "$out/$name" --methods "$methods"
  egca experiment page --out "$out/$name" --to "$pages/$name" "${about[@]}"
done

long=$out/styled_long
egca experiment run --out "$long" --policy "$out/policy" --lr 0.0003 --steps 48 --seeds 3 --methods grpo,executed,egca
egca experiment page --out "$long" --to "$pages/styled_long" --about "$twin"
