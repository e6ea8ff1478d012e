"""Checks for Ray, GPUs and the debugger's server, without starting any or heavy imports."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

DEBUGGER_VARIABLE = "EGCA_DEBUGGER_URL"
_TIMEOUT_S = 5.0
_DEVICE_FILES = ("/dev/nvidia0", "/dev/kfd", "/dev/dxg")


@dataclass(frozen=True, slots=True)
class Service:
    """``reachable`` is None if no service is configured, which is no fault."""

    address: str | None
    reachable: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class Gpus:
    names: tuple[str, ...]
    words: str


def examine_ray() -> Service:
    """The cluster that ``ray.init()`` would join: at RAY_ADDRESS, else one started on this machine."""
    address = os.environ.get("RAY_ADDRESS", "").strip()
    whence = "RAY_ADDRESS"
    if address in ("", "auto"):
        address, whence = _started_here() or "", "started on this machine"
    if address in ("", "local"):
        return Service(None, None, "no cluster is running; verl starts one of its own")
    host, _, port = address.removeprefix("ray://").rstrip("/").rpartition(":")
    if not (host and port.isdigit()):
        return Service(address, False, f"{whence} is no host:port")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _TIMEOUT_S):
            return Service(address, True, f"answers ({whence})")
    except (OSError, OverflowError) as error:
        return Service(address, False, f"does not answer ({whence}): {error}")


def examine_gpus() -> Gpus:
    names: list[str] = []
    if (command := shutil.which("nvidia-smi")) is not None:
        try:
            listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=20)
            names = [line.split(" (UUID")[0] for line in listed.stdout.splitlines() if line.startswith("GPU ")]
        except (OSError, subprocess.TimeoutExpired) as error:
            return Gpus((), f"nvidia-smi does not answer: {error}")
    elif any(os.path.exists(path) for path in _DEVICE_FILES):
        names = _seen_by_torch()
    return Gpus(tuple(names), f"{len(names)} GPUs" if names else "none: CPU platform")


def examine_debugger(url: str | None) -> Service:
    """Asks ``url``, by default EGCA_DEBUGGER_URL, for its models, else for its health."""
    url = (url or os.environ.get(DEBUGGER_VARIABLE, "")).strip().rstrip("/")
    if not url:
        return Service(None, None, "not set")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return Service(None, False, f"has a URL that can't be read: {error}")
    shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # without the password
    login = base64.b64encode(unquote(parts.netloc.rpartition("@")[0]).encode()).decode()
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return Service(shown, False, "is no URL that begins with http:// or https://")
    root = shown.removesuffix("/v1")
    try:
        return Service(shown, True, f"answers; models: {', '.join(_models(root, login)) or 'none'}")
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        said = str(error.reason if isinstance(error, urllib.error.URLError) else error)
        if not isinstance(error, urllib.error.URLError) or isinstance(error, urllib.error.HTTPError):
            try:
                _get(f"{root}/health", login)
                return Service(shown, True, "answers (its models can't be listed)")
            except (OSError, HTTPException, ValueError):
                pass
        return Service(shown, False, f"does not answer: {said}")


def _models(root: str, login: str) -> list[str]:
    return [str(model["id"]) for model in json.loads(_get(f"{root}/v1/models", login))["data"]]


def _get(url: str, login: str) -> bytes:
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {login}"} if login else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
        content: bytes = answer.read(1 << 20)
        return content


def _started_here() -> str | None:
    """The address that ``ray start`` wrote (ray/_private/utils.py, write_ray_address)."""
    try:
        return (Path(os.environ.get("RAY_TMPDIR", "/tmp")) / "ray" / "ray_current_cluster").read_text().strip()
    except OSError:
        return None


def _seen_by_torch() -> list[str]:
    try:
        import torch
    except ImportError:
        return []
    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
