"""Builds verl's Megatron engine of the model in a folder on two ranks and prints what each of them holds, as JSON.

Run as a script with that folder, and EGCA_CPU=1. A line is a layout: for every rank the numbers that its weight and gradient buffers and the
optimizer's moments hold, after a step.
"""

import json
import multiprocessing
import sys
import tempfile
from pathlib import Path

LAYOUTS = {"tp2": {"tensor_model_parallel_size": 2}, "pp2": {"pipeline_model_parallel_size": 2}, "dp2": {}}


def main():
    import verl.workers.engine  # noqa: F401  once, for all ranks: they are forked

    context = multiprocessing.get_context("fork")
    for name, sizes in LAYOUTS.items():
        with tempfile.TemporaryDirectory() as folder:
            ranks = [context.Process(target=measure, args=(rank, sizes, Path(folder))) for rank in range(2)]
            for rank in ranks:
                rank.start()
            for rank in ranks:
                rank.join()
            if any(rank.exitcode for rank in ranks):
                sys.exit(f"{name}: a rank failed")
            held = [json.loads((Path(folder) / f"{rank}.json").read_text()) for rank in range(2)]
        print(json.dumps({"layout": name, "ranks": held}), flush=True)


def measure(rank, sizes, folder):
    import os

    os.environ.update(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0")
    import torch
    import torch.distributed as dist
    from verl.workers.config import HFModelConfig, McoreEngineConfig, McoreOptimizerConfig
    from verl.workers.engine import EngineRegistry

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    engine = EngineRegistry.new(
        model_type="language_model",
        backend="megatron",
        model_config=HFModelConfig(path=sys.argv[1], use_remove_padding=True),
        engine_config=McoreEngineConfig(
            dtype="float32",
            sequence_parallel="tensor_model_parallel_size" in sizes,
            override_transformer_config={"apply_rope_fusion": False},
            **sizes,
        ),
        optimizer_config=McoreOptimizerConfig(lr=1e-3, lr_decay_steps=10, total_training_steps=10),
        checkpoint_config=None,
    )
    engine.initialize()
    engine.optimizer_step()
    buffers = [buffer for chunk in engine.module for buffer in chunk.buffers]
    states = [state for one in engine.optimizer.chained_optimizers for state in one.optimizer.state.values()]
    held = {
        "parameters": sum(one.numel() for chunk in engine.module for one in chunk.parameters()),
        "weights": sum(buffer.param_data.numel() for buffer in buffers),
        "gradients": sum(buffer.grad_data.numel() for buffer in buffers),
        "gradient_bytes": sum(buffer.grad_data.element_size() for buffer in buffers) // len(buffers),
        "moments": sum(state[name].numel() for state in states for name in ("exp_avg", "exp_avg_sq")),
    }
    (folder / f"{rank}.json").write_text(json.dumps(held))
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
