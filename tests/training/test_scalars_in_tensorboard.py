"""verl's own logger sends EGCA's scalars to TensorBoard, by the names that metrics.jsonl has."""

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from verl.utils.tracking import Tracking


def test_scalars_reach_tensorboard_under_their_names(tmp_path, monkeypatch):
    monkeypatch.setenv("TENSORBOARD_DIR", str(tmp_path))
    tracking = Tracking("project", "run", default_backend=["tensorboard"], config={})
    tracking.log({"egca/mode/logic": 0.25, "egca/confirmed/full": 0.5}, step=3)
    tracking.logger["tensorboard"].finish()
    written = EventAccumulator(str(tmp_path))
    written.Reload()
    assert set(written.Tags()["scalars"]) == {"egca/mode/logic", "egca/confirmed/full"}
    assert [(event.step, event.value) for event in written.Scalars("egca/mode/logic")] == [(3, 0.25)]
