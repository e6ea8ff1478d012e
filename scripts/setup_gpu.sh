#!/usr/bin/env bash
# Makes .venv for training on GPUs, by the exact pins of scripts/requirements-gpu.txt, if it is missing or outdated.
#
#   bash scripts/setup_gpu.sh [--dry-run]      --dry-run prints the packages to install, and needs no GPU
#
# From the environment:
#   ROLLOUT=sglang      the rollout's server, which is also the debugger's: sglang or vllm
#   PYTHON=python3.12   the interpreter
#   CHECK_DRIVER=1      0 if NVIDIA's compatibility package makes up for a driver older than the pins' CUDA
#
# flash-attn and transformer-engine-torch have no wheels on the package index. Their set-up takes a wheel for this
# torch, CUDA and Python from their releases, or else compiles, which takes long: MAX_JOBS limits the compilers at once
# (a few GB of memory each). That needs the CUDA toolkit (nvcc) of the pins' CUDA; the headers of cuDNN and NCCL come
# with the pins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pins=scripts/requirements-gpu.txt
engine=${ROLLOUT:-sglang}
refuse() {
  echo "setup_gpu.sh: $*" >&2
  exit 1
}
case $engine in sglang | vllm) ;; *) refuse "ROLLOUT=$engine: choose sglang or vllm" ;; esac
case ${1:-} in '' | --dry-run) dry_run=${1:-} ;; *) refuse "$1: the only flag is --dry-run" ;; esac

list=$(sed -nE "s/^([^# ]+==[^ ]+)( +# $engine)?\$/\1/p" "$pins")
pin_of() { sed -nE "s/^$1==([^ ]+)\$/\1/p" <<<"$list"; }
cuda=$(pin_of nvidia-cuda-runtime) # 13.0.96: the CUDA of torch's wheel
cuda=${cuda%.*}

# The steps need no dependency resolution: the pins are complete (scripts/resolve_gpu_pins.py).
compiled="flash-attn transformer-engine-torch" # against the torch, CUDA libraries and cuDNN headers of the steps before
is_compiled() { case " $compiled " in *" ${1%%==*} "*) true ;; *) false ;; esac }
prebuilt=$(while read -r pin; do is_compiled "$pin" || echo "$pin"; done <<<"$list")
sources=$(while read -r pin; do ! is_compiled "$pin" || echo "$pin"; done <<<"$list")

if [ -n "$dry_run" ]; then
  echo "# .venv, Python 3.12, for ROLLOUT=$engine; CUDA $cuda"
  echo "# 1. wheels, without dependency resolution"
  echo "$prebuilt"
  echo "# 2. compiled against them, without build isolation"
  echo "$sources"
  echo "# 3. this package"
  echo "-e ."
  exit 0
fi

stamp=.venv/egca-setup.sha256
wanted=$({ echo "$PWD $engine"; cat "$pins" pyproject.toml scripts/setup_gpu.sh; } | sha256sum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi

python=${PYTHON:-python3.12}
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$found" != 3.12 ]; then
  refuse "Python 3.12 is needed, because Megatron-Core and Megatron-Bridge want it and verl takes no later one;
  '$python' is ${found:+Python }${found:-not an interpreter that runs}. Install Python 3.12 with its headers, or name it: PYTHON=/path/to/python3.12 bash scripts/setup_gpu.sh"
fi

case ${cuda%%.*} in # the oldest driver of each CUDA: NVIDIA's release notes of the CUDA toolkit
  12) driver=525 ;;
  13) driver=580 ;;
  *) refuse "$pins pins CUDA $cuda, whose oldest driver this script does not know: add it" ;;
esac
command -v nvidia-smi >/dev/null || refuse "no nvidia-smi: this machine has no NVIDIA driver. Without a GPU: bash scripts/setup_cpu.sh"
has=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>&1 | head -n 1) || true
[[ $has =~ ^[0-9]+\.[0-9.]+$ ]] || refuse "nvidia-smi answers '$has': no GPU can be used. Does it work by itself?"
if [ "${CHECK_DRIVER:-1}" = 1 ] && [ "${has%%.*}" -lt "$driver" ]; then
  refuse "the driver is $has; CUDA $cuda needs $driver or later. Update it, or with NVIDIA's compatibility package: CHECK_DRIVER=0"
fi
export CUDA_HOME=${CUDA_HOME:-/usr/local/cuda}
nvcc=$(PATH=$CUDA_HOME/bin:$PATH command -v nvcc || true)
[ -n "$nvcc" ] || refuse "no nvcc in $CUDA_HOME/bin or on PATH: flash-attn and Transformer Engine may have to be compiled. Install the CUDA $cuda toolkit, or set CUDA_HOME"
release=$("$nvcc" --version | sed -nE 's/.*release ([0-9]+)\..*/\1/p')
[ "$release" = "${cuda%%.*}" ] || refuse "$nvcc is of CUDA ${release:-?}; torch's wheel is built with CUDA $cuda. Install that toolkit, or set CUDA_HOME to it"

if command -v flock >/dev/null; then # concurrent set-ups wait
  exec 9>.venv.lock
  flock 9
  [ ! -x .venv/bin/python ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
fi
if [ -x .venv/bin/python ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))'; then
  refuse ".venv is of another Python: it was made for the CPU. Move it away first: mv .venv .venv-cpu"
fi
rm -f "$stamp"
[ -x .venv/bin/python ] || "$python" -m venv .venv
log=.venv/setup.log
pip() {
  if ! .venv/bin/python -m pip --disable-pip-version-check "$@" >>"$log" 2>&1; then
    echo "setup_gpu.sh: 'pip ${*:0:6} ...' failed; the end of $PWD/$log:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}
echo "setting up .venv for ROLLOUT=$engine, once (about 10 GB; log: $log)"
pip install --no-deps -r /dev/stdin <<<"$prebuilt"
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
export CUDNN_PATH=${CUDNN_PATH:-$site/nvidia/cudnn} NVTE_FRAMEWORK=pytorch
export CPATH=$CUDNN_PATH/include:$site/nvidia/nccl/include${CPATH:+:$CPATH}
for pin in $sources; do # no build isolation: compile for the installed torch
  echo "compiling $pin"
  pip install --no-deps --no-build-isolation "$pin"
done
pip install --no-deps --no-build-isolation -e .
echo "$wanted" >"$stamp"
echo "set up: .venv"
