"""Ground truth, mask and raw data by the names that people give them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from predictor_inspector.core.array import Array
from predictor_inspector.data import READABLE, open_array

TIME = "t^"


def open_input(path: str | os.PathLike[str], name: str | None = None) -> Array:
    """An array by name: one below `path`, one elsewhere in the same container, or one at a path of its own.

    Errors are those of `open_array` for an array below `path`.
    """
    try:
        return open_array(path, name)
    except (ValueError, FileNotFoundError):
        if name is None:
            raise
        container = _container(Path(path))
        for at, within in ((container, name), (Path(name), None)):
            if at is not None and (within is not None or _container(at) is not None or at.exists()):
                found = _opened(at, within)
                if found is not None:
                    return found
        raise


def at_indices(array: Array, indices: Mapping[str, int], skip_missing: bool = False) -> Array:
    """`array` at one position of each of the axes in `indices` (``{"t": 3}``), without those axes.

    Raises
    ------
    ValueError
        If it has no such axis, unless `skip_missing`, or no such position.
    """
    for axis, index in indices.items():
        name = f"{axis.removesuffix('^')}^"
        if skip_missing and name not in array.axis_names:
            continue
        array = array.select(name, index)
    return array


def check_still(gt: Array) -> None:
    """Raise a ``ValueError`` if `gt` has an axis of time: targets are of one moment."""
    if TIME in gt.axis_names:
        last = gt.shape[gt.axis_names.index(TIME)] - 1
        raise ValueError(f"the ground truth has an axis of time; choose one of its moments 0 … {last} with --index t=0")


def _container(path: Path) -> Path | None:
    """The outermost file or folder on the way to `path` that is a container by its name."""
    return next((p for p in (*reversed(path.parents), path) if p.suffix.lower() in READABLE), None)


def _opened(path: Path, name: str | None) -> Array | None:
    try:
        return open_array(path, name)
    except (ValueError, FileNotFoundError):
        # Damaged files must not be passed over, only names that are not there.
        if name is None and path.exists():
            raise
        return None
