"""How the worker and the window share the machine's cores and Python's interpreter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_TURN = 0.0005
"""Seconds after which a thread of Python makes way for another while something is computed."""


@contextmanager
def quick_turns() -> Iterator[None]:
    """Let threads of Python take turns more often meanwhile, in the whole process.

    Every operation of torch gives the interpreter away and asks for it back, and while the window is painted it gets it
    back only after Python's switch interval: 5 ms, which would be most of the time that a small region takes.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def leave_a_core_to_the_window() -> None:
    """Let torch compute on all cores but one, in the calling thread.

    torch's threads wait for each other after every operation; when the window takes the core of one of them, all stand
    still, for longer than one thread less would have taken.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
