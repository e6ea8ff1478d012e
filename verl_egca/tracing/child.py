from typing import Any


def load(source: str, namespace: dict[str, Any], sink: int, max_events: int) -> None: ...
