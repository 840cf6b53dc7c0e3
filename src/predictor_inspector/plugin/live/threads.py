"""Cores and interpreter time, shared between the worker thread and the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread of Python makes way for another while something is computed."""


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Let threads of Python take turns more often meanwhile, in the whole process.

    Every operation of torch releases the interpreter and asks for it again. While the window is painted it gets it only
    after Python's switch interval: 5 ms, which would be most of the time that a small region takes.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _SWITCH_INTERVAL))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def leave_a_core_to_the_window() -> None:
    """Let torch compute on all cores but one, in the calling thread.

    torch's threads wait for each other after every operation: where the window takes the core of one, all stand still,
    for longer than one thread less would have taken.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
