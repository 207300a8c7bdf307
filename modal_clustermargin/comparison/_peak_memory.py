"""The most memory that this process has held, since it was asked to look."""

import contextlib
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FORGET = Path("/proc/self/clear_refs")


def forget_peak():
    """Begin anew, where the system can: on Linux."""
    with contextlib.suppress(OSError):
        _FORGET.write_text("5")


def peak_memory_mib():
    """Most resident memory, MiB: since `forget_peak` on Linux, else since the start.

    nan where the system does not tell.
    """
    with contextlib.suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
