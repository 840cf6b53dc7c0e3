"""Ground truth, mask and raw data that a command's words stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from predictor_inspector.core.array import Array
from predictor_inspector.data.inputs import at_indices, check_still, open_input


def opened_inputs(
    path: str | os.PathLike[str], names: Mapping[str, str | None], index: Sequence[str] = ()
) -> dict[str, Array]:
    """Arrays by role; ``"gt"`` is always among them, other roles only where they have a name.

    Parameters
    ----------
    path : str or path
        The container.
    names : mapping of str to str
        For each role the array's name, as `open_input` takes it.
    index : sequence of str
        Positions on further axes, ``"t=3"``.

    Raises
    ------
    ValueError, FileNotFoundError
        If an array isn't there, or the ground truth has an axis of time at no position.
    """
    indices = indices_from_text(index)
    arrays = {
        role: at_indices(open_input(path, name), indices, skip_missing=role != "gt")
        for role, name in names.items()
        if role == "gt" or name is not None
    }
    check_still(arrays["gt"])
    return arrays


def indices_from_text(texts: Sequence[str]) -> dict[str, int]:
    """``["t=3", "c=0"]`` as a dictionary; anything else is a ``ValueError``."""
    indices = {}
    for text in texts:
        axis, equals, index = text.partition("=")
        if not equals or not axis or not index.strip().isdecimal():
            raise ValueError(f"--index needs an axis and a position from 0, such as t=3, got {text!r}")
        indices[axis.strip()] = int(index)
    return indices
