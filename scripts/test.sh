#!/usr/bin/env bash
# Everything that has to hold: lint, types, tests. Sets up what it needs. tests/README.md says what each tier holds.
#
#   bash scripts/test.sh [fast | all] [pytest's arguments]     without either: what CI runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tier=ci
case "${1-}" in fast | all) tier=$1 && shift ;; esac
bash scripts/setup_cpu.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
exec .venv/bin/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder --tier "$tier" "$@"
