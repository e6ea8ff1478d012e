"""In each step one task on every node; a row of metrics says where they ran and what they found there.

Asked to stop, it leaves after its step and goes on from there when it is started again, as the trainer does.
"""

import json
import os
import sys
import time
import urllib.request
from pathlib import Path

import ray


@ray.remote(num_gpus=1, num_cpus=1)
class Rank:
    """Holds a GPU, of which a node has one: so there is one on each."""

    def look(self):
        url = os.environ.get("EGCA_DEBUGGER_URL")
        return {
            "node": os.environ["SLURMD_NODENAME"],
            "job": os.environ["SLURM_JOB_ID"],
            "run": os.environ["EGCA_RUN_DIR"],
            "seed": os.environ["EGCA_SEED_SEEN"],
            "container": os.environ.get("IN_CONTAINER"),
            "debugger": url and urllib.request.urlopen(f"{url}/v1/models", timeout=10).read().decode(),
        }


def main():
    steps, run = int(sys.argv[1]), Path(os.environ["EGCA_RUN_DIR"])
    saved = run / "checkpoints/latest_checkpointed_iteration.txt"  # where the job looks for progress
    done = int(saved.read_text()) if saved.exists() else 0
    ray.init(log_to_driver=False)
    ranks = [Rank.remote() for _ in range(int(os.environ["NNODES"]))]
    with open(os.environ["VERL_FILE_LOGGER_PATH"], "w", buffering=1) as file:
        for step in range(done + 1, steps + 1):
            found = ray.get([rank.look.remote() for rank in ranks])
            file.write(json.dumps({"step": step, "data": {"timing_s/step": 0.1, "ranks": found}}) + "\n")
            if (run / "stop").exists():
                saved.parent.mkdir(exist_ok=True)
                saved.write_text(str(step))
                (run / "stopped.json").write_text(json.dumps({"step": step}))
                return
            time.sleep(0.5)


if __name__ == "__main__":
    main()
