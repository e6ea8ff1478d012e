"""The difference between the rollout's and the actor's probabilities of the sampled tokens, each step.

verl measures it if the rollout server reports log-probs (``rollout.calculate_log_probs``, verl/utils/debug/metrics.py);
here it becomes a metric, and a warning past ``egca.mismatch_warning``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

logger = logging.getLogger(__name__)


def mismatch_metrics(metrics: Mapping[str, float], threshold: float, step: int) -> dict[str, float]:
    """Mean and largest |p_rollout - p_actor| over the step's response tokens; ``measured``: 0 without verl's figure."""
    mean = metrics.get("training/rollout_probs_diff_mean")
    if mean is None or not metrics.get("training/rollout_probs_diff_valid", 1):
        return {"egca/rollout_mismatch/measured": 0.0}
    largest = metrics["training/rollout_probs_diff_max"]
    if not mean <= threshold:  # NaN warns too
        logger.warning(
            "egca: step %d: rollout and actor give the sampled tokens probabilities that differ by %.2g on average and %.2g "
            "at most (egca.mismatch_warning is %.2g): their weights or precisions differ; compare both engines' settings",
            *(step, mean, largest, threshold),
        )
    return {
        "egca/rollout_mismatch/measured": 1.0,
        "egca/rollout_mismatch/mean": float(mean),
        "egca/rollout_mismatch/largest": float(largest),
    }
