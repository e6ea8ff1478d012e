#!/usr/bin/env bash
# Lint, types and tests, after their set-up. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash scripts/setup_cpu.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
exec .venv/bin/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder "$@"
