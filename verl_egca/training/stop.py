"""A stop on request after a step, with a checkpoint of that step.

The request is a file, because it may come from another machine (the launcher, a batch job at its time limit).
"""

from __future__ import annotations

import json
from pathlib import Path

from verl.utils.debug import marked_timer

REQUEST = "stop"  # both in the run's directory, see run_dir.py
STOPPED = "stopped.json"


class StopsOnRequest:
    """Mixin over any of verl's v1 trainers. ``run_dir`` is the run's directory."""

    run_dir: Path

    def on_step_end(self):
        if (self.run_dir / REQUEST).exists() and self.global_steps < self.total_training_steps:
            self._stop_here()
        super().on_step_end()

    def _stop_here(self):
        """Called where verl saves checkpoints itself, before weights go to the rollout (trainer_base.py, fit)."""
        save_freq = self.config.trainer.save_freq
        if save_freq <= 0 or self.global_steps % save_freq:
            with marked_timer("save_checkpoint", self.timing_raw, color="green"):
                self._save_checkpoint()
        # The loop runs while `global_steps <= total_training_steps`, and must still write this step's metrics.
        self.total_training_steps = self.global_steps
        (self.run_dir / STOPPED).write_text(json.dumps({"step": self.global_steps}) + "\n")
