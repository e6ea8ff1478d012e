#!/usr/bin/env bash
# Lint, types and tests, after their set-up. tests/README.md describes the tiers.
#
#   bash scripts/test.sh [fast | all] [pytest's arguments]     without a tier: what CI runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tier=ci
case "${1-}" in fast | all) tier=$1 && shift ;; esac
bash scripts/setup_cpu.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
exec .venv/bin/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder --tier "$tier" "$@"
