"""Stopping at a step's end on request, with a checkpoint of that step.

The request is a file, because the one who asks (the launcher, a batch job whose time is up) may be on another machine
than the trainer.
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
        # The loop runs while `global_steps <= total_training_steps`; this step's metrics are still to be written.
        self.total_training_steps = self.global_steps
        (self.run_dir / STOPPED).write_text(json.dumps({"step": self.global_steps}) + "\n")
