#!/usr/bin/env bash
# Makes .venv for training on a CPU, by the exact pins of scripts/requirements-cpu.txt, if it is missing or outdated.
# PYTHON names the interpreter (default: python3.11).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pins=scripts/requirements-cpu.txt
stamp=.venv/egca-setup.sha256
wanted=$({ echo "$PWD"; cat "$pins" pyproject.toml scripts/setup_cpu.sh; } | sha256sum)
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
  exit 0
fi

python=${PYTHON:-python3.11}
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
if [ "$found" != 3.11 ]; then
  echo "setup_cpu.sh: Python 3.11 is needed, because Megatron's newest releases for the CPU pins are built for it;" >&2
  echo "  '$python' is ${found:+Python }${found:-not an interpreter that runs}. Install Python 3.11, or name it: PYTHON=/path/to/python3.11 bash scripts/setup_cpu.sh" >&2
  exit 1
fi

if command -v flock >/dev/null; then  # concurrent set-ups wait
  exec 9>.venv.lock
  flock 9
fi
rm -f "$stamp"
[ -x .venv/bin/python ] || "$python" -m venv .venv
log=.venv/setup.log
pip() {
  if ! .venv/bin/python -m pip --disable-pip-version-check "$@" >>"$log" 2>&1; then
    echo "setup_cpu.sh: 'pip $*' failed; the end of $PWD/$log:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}
echo "setting up .venv, once (about two minutes; log: $log)"
pip install "$(grep '^torch==' "$pins")" -c "$pins"  # first, so that packages that need torch find this build
pip install --no-deps -r "$pins"
pip install --no-deps --no-build-isolation -e .
echo "$wanted" >"$stamp"
echo "set up: .venv"
