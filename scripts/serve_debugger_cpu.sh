#!/usr/bin/env bash
# Serves a small chat model on the CPU as the debugger, with vLLM's CPU build:
#
#   bash scripts/serve_debugger_cpu.sh [--setup-only | --print] [vLLM's flags ...]
#
# It listens at HOST and PORT of the environment (default: 127.0.0.1, 30000). The model has 135 million parameters: its
# answers have the right form but are mostly wrong, enough to try a debugger in the loop. Sets up .venv-debugger if
# needed; --setup-only ends after that, --print shows the server's command.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pins=scripts/requirements-debugger-cpu.txt
folder=.venv-debugger
model=$folder/smollm2-135m-instruct
stamp=$folder/setup.sha256
log=$folder/setup.log

installs() { # COMMAND ...: logs it; on failure prints the log's end and exits
  if ! "$@" >>"$log" 2>&1; then
    echo "serve_debugger_cpu.sh: '$*' failed; the end of $PWD/$log:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}

set_up() {
  bash scripts/setup_cpu.sh >&2 # for Python 3.11, or how to get it
  local wanted
  wanted=$({ echo "$PWD"; cat "$pins" scripts/debugger_model.py scripts/serve_debugger_cpu.sh; } | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  if command -v flock >/dev/null; then # concurrent set-ups wait
    exec 7>.venv-debugger.lock
    flock 7
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  fi
  rm -f "$stamp"
  [ -x $folder/bin/python ] || .venv/bin/python -m venv $folder
  echo "setting up $folder, once (about two minutes; log: $log)" >&2
  installs $folder/bin/python -m pip --disable-pip-version-check install "$(grep '^torch==' "$pins")" -c "$pins"
  installs $folder/bin/python -m pip --disable-pip-version-check install uv==0.13.9 # faster than pip
  installs $folder/bin/uv pip install --python $folder/bin/python --no-deps -r "$pins"
  installs env OMP_NUM_THREADS=2 $folder/bin/python scripts/debugger_model.py $model
  echo "$wanted" >"$stamp"
  echo "set up: $folder" >&2
  exec 7>&-
}

# The module, since vLLM's command needs metadata of a package named vllm. A GiB of KV cache holds at least 23,000
# tokens.
environment=(VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind OMP_NUM_THREADS=1 VLLM_NO_USAGE_STATS=1 HF_HUB_OFFLINE=1)
dtype=float32
! grep -qs avx512_bf16 /proc/cpuinfo || dtype=bfloat16 # faster if the processor supports it
serves=(
  $folder/bin/python -m vllm.entrypoints.openai.api_server --model $model --served-model-name smollm2-135m-instruct
  --dtype $dtype --max-model-len 4096 --max-num-seqs 8 --enforce-eager --enable-prompt-tokens-details
)
case ${1-} in
  --setup-only) set_up ;;
  --print) shift && echo "env ${environment[*]} ${serves[*]}${*:+ $*} --host \$HOST --port \$PORT" ;;
  *)
    set_up
    exec env "${environment[@]}" "${serves[@]}" "$@" --host "${HOST:-127.0.0.1}" --port "${PORT:-30000}"
    ;;
esac
