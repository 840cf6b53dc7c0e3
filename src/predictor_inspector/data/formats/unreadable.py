"""What in a file can't be read as voxels, and why: tables, text, single numbers, damage."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from predictor_inspector.data.formats.axes import AxesError, Described

T = TypeVar("T")

# Lists of places in CREMI's files, of its own definition; some look like labels.
_CREMI = re.compile(r"(.*/)?(annotations/(ids|types?|locations)|presynaptic_site/partners|comments/\w+)")

_TABLES = {
    "anndata": "a table (AnnData)",
    "dataframe": "a table (AnnData)",
    "csr_matrix": "a sparse table (AnnData)",
    "csc_matrix": "a sparse table (AnnData)",
    "ngff:regions_table": "a table (AnnData)",
    "ngff:points": "points (SpatialData)",
    "ngff:shapes": "shapes (SpatialData)",
}


@dataclass(frozen=True)
class Unreadable:
    """What lies in a file and can't be read as voxels: a table, text, a single number, damage, a link to nowhere.

    Attributes
    ----------
    location : str
        As of `StoredArray`.
    reason : str
        Why, without the path.
    message : str
        The same as an error by itself: `open_array` raises it as an `UnreadableError`.
    is_damage : bool
        Whether it may have been meant to hold voxels; False for what never does, as a table.
    described : Described or None
        Of an array whose axes contradict each other: what can be read with an order of axes that is given.
    """

    location: str
    reason: str
    message: str
    is_damage: bool = True
    described: Described | None = None

    @property
    def name(self) -> str:
        """What `open_array` takes, to raise the reason."""
        return self.location or "/"

    def seen_from(self, base: str) -> Unreadable:
        """The same with its name relative to `base`."""
        return replace(self, location=relative_name(self.location, base).strip("/"))


class UnreadableError(ValueError):
    """What is asked for is there, and can't be read; `entry` says why."""

    def __init__(self, entry: Unreadable) -> None:
        super().__init__(entry.message)
        self.entry = entry


class NotVoxels(ValueError):
    """What is there is no array of numbers with two axes or more: a table, text, a single number."""


def attempt(location: str, source: str, read: Callable[[], T]) -> T | Unreadable:
    """What `read` gives, or why it fails; `source` names the array in the messages of errors."""
    try:
        return read()
    except Exception as error:  # whatever it is, it is the reason, and no reason not to read the rest
        expected = isinstance(error, ValueError | OSError | ImportError)
        message = str(error) if expected else f"{source}: {type(error).__name__}: {error}"
        entry = unreadable(location, source, message, is_damage=not isinstance(error, NotVoxels))
        return replace(entry, described=error.described) if isinstance(error, AxesError) else entry


def unreadable(location: str, source: str, message: str, is_damage: bool = True) -> Unreadable:
    """An entry for what can't be read; `message` may begin with `source` or not."""
    reason = message.removeprefix(f"{source}: ").replace(f"{source}/", "")
    full = message if source in message else f"{source}: {message}"
    return Unreadable(location, reason, full, is_damage)


def refuse_table(attributes: Mapping[str, Any], source: str) -> None:
    """Raise `NotVoxels` if a group's attributes say that it is a table, points or shapes: AnnData, SpatialData, Fractal."""
    encoding, kind = (attributes.get(key) for key in ("encoding-type", "type"))
    encoding = encoding.decode() if isinstance(encoding, bytes) else encoding
    holds = _TABLES.get(encoding) if isinstance(encoding, str) else None
    if holds is None and isinstance(kind, str) and kind.endswith("_table"):
        holds = f"a table ({kind})"
    if holds is not None:
        raise NotVoxels(f"{source}: it holds {holds}, no voxels")


def refuse_other_than_voxels(location: str, shape: Sequence[int], dtype: Any, source: str) -> None:
    """Raise `NotVoxels` unless an array holds real numbers, along two axes or more."""
    dtype, shape = np.dtype(dtype), tuple(shape)
    what = {"c": "complex numbers", "M": "dates", "m": "spans of time", "V": "raw bytes", "O": "objects or text"}
    if dtype.names:
        problem = f"it is a table with the columns {', '.join(dtype.names)}"
    elif dtype.kind not in "biuf":
        problem = f"it holds {what.get(dtype.kind, 'text')}, real numbers are needed"
    elif dtype.itemsize > 8:
        problem = f"it holds numbers of {dtype.itemsize} bytes, at most 8 can be read"
    elif not shape:
        problem = "it is a single number, without axes"
    elif len(shape) <= 2 and _CREMI.fullmatch(location):
        problem = "it is a list of CREMI's annotations, no voxels"
    elif len(shape) == 1:
        problem = f"it has one axis (of {shape[0]}), two are needed"
    elif 0 in shape:
        problem = f"it is empty ({' × '.join(map(str, shape))})"
    else:
        return
    raise NotVoxels(f"{source}: {problem}")


def relative_name(location: str, base: str) -> str:
    """`location` as seen from `base`; ``"/"`` for `base` itself."""
    if location == base:
        return "/"
    return location.removeprefix(f"{base}/") if base else location
