"""The shipped policy's path, separate from `policy`, whose import loads torch and transformers."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
