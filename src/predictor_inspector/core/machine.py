"""Memory of the machine."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_UNKNOWN_MACHINE = 8 * 2**30
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def machine_memory() -> int:
    """Bytes of memory that this process can have at most; 8 GiB where the machine doesn't tell."""
    limits = [_physical_memory()]
    for file in _CGROUP_LIMITS:
        text = file.read_text("ascii").strip() if file.is_file() else "max"
        if text.isdecimal():
            limits.append(int(text))
    return min(limits)


def _physical_memory() -> int:
    if sys.platform == "win32":
        kilobytes = ctypes.c_ulonglong()
        if ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)):
            return 1024 * kilobytes.value
        return _UNKNOWN_MACHINE
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return pages * size if pages > 0 and size > 0 else _UNKNOWN_MACHINE
