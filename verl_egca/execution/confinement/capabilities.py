"""Root without its powers: empty capability sets, for good."""

from __future__ import annotations

import ctypes
import struct

from verl_egca.execution.confinement.kernel import PR_CAPBSET_DROP, checked, libc

_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def empty_bounding_set() -> None:
    """No program that is executed gains a capability. Without effect, and need, where this process has none itself."""
    for capability in range(_LAST_CAPABILITY + 1):
        if libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            break  # past the last one, or no right to narrow the set


def drop_capabilities() -> None:
    """Empty the permitted, effective and inheritable sets of this process. Raises OSError."""
    checked(libc.capset(struct.pack("Ii", _VERSION_3, 0), bytes(24)), "capset")
