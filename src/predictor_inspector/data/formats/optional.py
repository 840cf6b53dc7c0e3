"""Optional readers: imported when they are needed, with a sentence about what to install where they aren't there."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def optional_module(module: str, extra: str, needed_for: str) -> Any:
    """Import an optional dependency.

    Raises
    ------
    ImportError
        If it isn't installed; the message names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{needed_for} needs {module}, which is not installed: pip install "napari-predictor-inspector[{extra}]"'
        ) from error
