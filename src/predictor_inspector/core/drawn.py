"""What draws an object in a notebook, which lies above it and is found by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

_NOTEBOOK = "predictor_inspector.inspection.output.notebook"


def drawing(name: str) -> Callable[..., Any]:
    """The function of this name that draws. Without it an object couldn't show itself: arrows run downwards only."""
    found: Callable[..., Any] = getattr(import_module(_NOTEBOOK), name)
    return found
