#!/usr/bin/env bash
# Makes .venv-servers, to check the GPU pins (scripts/requirements-gpu.txt) without a GPU, if it is missing or outdated:
#   sglang/ and vllm/   the rollout servers' Python code in the pinned release, with their argument parsers' imports;
#                       the rest comes from .venv. vLLM is built from source without kernels.
#   megatron/           the sources of the pinned Megatron-Core and Megatron-Bridge, for Python 3.12, to read
#   uv/                 the resolver of scripts/resolve_gpu_pins.py
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pins=scripts/requirements-gpu.txt
parsers_need="transformers tokenizers openai openai-harmony compressed-tensors interegular llguidance partial-json-parser
  pybase64 python-multipart setproctitle tiktoken uvloop xgrammar"
# shellcheck disable=SC2034 # the engine's name is part of the variable's
sglang_needs="sglang gguf loguru nvidia-ml-py orjson"
# shellcheck disable=SC2034
vllm_needs="anthropic apache-tvm-ffi blake3 cbor2 cloudpickle depyf diskcache dnspython docstring-parser einops
  email-validator httptools httpx2 ijson jiter jmespath lark mcp mcp-types mistral-common
  model-hosting-container-standards prometheus-fastapi-instrumentator py-cpuinfo pycountry pydantic-extra-types
  pydantic-settings python-dotenv python-json-logger sniffio sse-starlette watchfiles websockets"

bash scripts/setup_cpu.sh
stamp=.venv-servers/setup.sha256
wanted=$({ echo "$PWD"; cat "$pins" scripts/setup_servers.sh; } | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
if command -v flock >/dev/null; then # concurrent set-ups wait
  exec 8>.venv-servers.lock
  flock 8
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
fi

rm -rf .venv-servers
mkdir .venv-servers
log=.venv-servers/setup.log
installs() { # COMMAND ...: logs it; on failure prints the log's end and exits
  if ! "$@" >>"$log" 2>&1; then
    echo "setup_servers.sh: '$*' failed; the end of $PWD/$log:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}
pinned() { # ENGINE NAME ...: their pins
  local engine=$1 name found
  shift
  for name in "$@"; do
    found=$(sed -nE "s/^($name==[^ ]+)( +# $engine)?\$/\1/p" "$pins")
    [ -n "$found" ] || { echo "setup_servers.sh: $pins has no pin of $name for $engine" >&2 && exit 1; }
    echo "$found"
  done
}

echo "setting up .venv-servers, once (about a minute; log: $log)"
# uv accepts vLLM's version "0.24.0+empty", which pip refuses
installs .venv/bin/python -m pip --disable-pip-version-check install --no-deps --target .venv-servers/uv uv==0.13.9
uv=.venv-servers/uv/bin/uv
for engine in sglang vllm; do
  python=.venv-servers/$engine/bin/python
  .venv/bin/python -m venv --without-pip ".venv-servers/$engine"
  echo "$PWD/.venv/lib/python3.11/site-packages" >".venv-servers/$engine/lib/python3.11/site-packages/cpu.pth"
  needs=${engine}_needs
  # shellcheck disable=SC2086 # names without spaces
  found=$(pinned "$engine" $parsers_need ${!needs})
  # shellcheck disable=SC2086
  installs $uv pip install --python "$python" --no-deps $found
done
installs $uv pip install --python .venv-servers/vllm/bin/python setuptools-scm==10.3.4 setuptools-rust==1.13.0 # to build vLLM
export VLLM_TARGET_DEVICE=empty
installs $uv pip install --python .venv-servers/vllm/bin/python --no-deps --no-build-isolation --no-binary vllm \
  "$(pinned vllm vllm)"
found=$(pinned sglang megatron-core megatron-bridge)
# shellcheck disable=SC2086
installs $uv pip install --no-deps --target .venv-servers/megatron --only-binary :all: --python .venv/bin/python \
  --python-version 3.12 --python-platform x86_64-manylinux_2_28 $found
echo "$wanted" >"$stamp"
echo "set up: .venv-servers"
