#!/usr/bin/env bash
# Writes FOLDER/mbpp/{train,validation,test}.parquet and FOLDER/humaneval/test.parquet, the data of the GPU recipes, if
# they are missing.
#
#   bash recipes/prepare_data.sh FOLDER
#
# MBPP, HUMANEVAL: the data sets' files (.jsonl, .jsonl.gz or .parquet) instead of the Hugging Face hub's.
set -euo pipefail
folder=${1:?folder to write to}
egca=$(command -v egca || echo .venv/bin/egca)

from_hub() { # dataset on the hub, its folder there, target folder
  "$(dirname "$egca")/hf" download "$1" --repo-type dataset --include "$2/*" --local-dir "$3" >/dev/null || {
    echo "prepare_data.sh: $1 could not be fetched; name its file by MBPP= or HUMANEVAL= instead" >&2
    exit 2
  }
}

if ! [ -f "$folder/mbpp/train.parquet" ] || ! [ -f "$folder/mbpp/test.parquet" ]; then
  if [ -n "${MBPP:-}" ]; then
    "$egca" prepare --source "$MBPP" --out "$folder/mbpp" --format mbpp
  else
    from_hub google-research-datasets/mbpp full "$folder/hub/mbpp"
    for file in "$folder"/hub/mbpp/full/{train,validation,test}-*.parquet; do
      "$egca" prepare --source "$file" --out "$folder/mbpp" --format mbpp
    done
  fi
fi
if ! [ -f "$folder/humaneval/test.parquet" ]; then
  if [ -z "${HUMANEVAL:-}" ]; then
    from_hub openai/openai_humaneval openai_humaneval "$folder/hub/humaneval"
    HUMANEVAL=$(echo "$folder"/hub/humaneval/openai_humaneval/test-*.parquet)
  fi
  "$egca" prepare --source "$HUMANEVAL" --out "$folder/humaneval" --format humaneval
fi
