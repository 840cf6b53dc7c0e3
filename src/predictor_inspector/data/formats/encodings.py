"""What values mean: absent, present, unknown, to be ignored, as CellMap and others say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from predictor_inspector.core.about import About
from predictor_inspector.core.text import listed
from predictor_inspector.data.lazy import Box, LazyArray

_POSSIBILITIES = ("absent", "present", "unknown")

# Keys of attributes, without what joins their words, and words in OME-Zarr's properties of labels.
_IGNORED = {f"{what}{thing}" for what in ("ignore", "ignored", "unknown", "unlabeled", "unlabelled", "unannotated")
            for thing in ("", "label", "labels", "id", "ids", "index", "value", "values")}  # fmt: skip
_UNKNOWN_WORDS = {"unknown", "ignore", "ignored", "unlabeled", "unlabelled", "unannotated", "not annotated", "void"}

# imglib2's ids for what is transparent, invalid and outside, which Paintera paints with.
_PAINTERA = tuple(2**64 - k for k in (1, 2, 3))


@dataclass(frozen=True)
class Annotation:
    """What CellMap's metadata say of an array of one class; None for a state that isn't in its encoding.

    Attributes
    ----------
    class_name : str
    instances : bool
        Whether each object has an id of its own; else all voxels of the class hold `present`.
    absent, present, unknown : int or None
        The values that mean that a voxel isn't of the class, is of it, or isn't annotated.
    counts : mapping of str to int
        How many voxels of the array are ``"absent"`` or ``"unknown"``, where that was counted.
    """

    class_name: str
    instances: bool = False
    absent: int | None = None
    present: int | None = None
    unknown: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def annotation_of(attributes: Mapping[str, Any], source: str) -> Annotation | None:
    """The annotation that attributes of an array or a group describe (``cellmap.annotation.annotation_type``).

    None if they describe none; a ``ValueError`` that begins with `source` if the encoding is damaged or contradicts itself.
    """
    found = _within(attributes, "cellmap", "annotation")
    kind = _within(found, "annotation_type")
    if not kind:
        return None
    encoding = kind.get("encoding")
    if not isinstance(encoding, Mapping) or not all(
        key in _POSSIBILITIES and _is_whole(value) for key, value in encoding.items()
    ):
        raise ValueError(
            f"{source}: the encoding of its annotation must give whole numbers for {', '.join(_POSSIBILITIES)}, got {encoding}"
        )
    values = {key: int(value) for key, value in encoding.items()}
    if len(set(values.values())) < len(values):
        raise ValueError(
            f"{source}: its annotation gives one number to two of {', '.join(values)}, which are different states: {values}"
        )
    counts = found.get("complement_counts")
    counts = {k: int(n) for k, n in counts.items() if _is_whole(n)} if isinstance(counts, Mapping) else {}
    instances = kind.get("type") == "instance_segmentation"
    return Annotation(str(found.get("class_name", "")), instances, **values, counts=counts)


def is_annotation(attributes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether attributes of an array or of the groups around it say that it holds an annotation."""
    return any(_within(content, "cellmap", "annotation", "annotation_type") for content in attributes)


def encoded(data: Any, attributes: Sequence[Mapping[str, Any]], source: str) -> tuple[Any, About]:
    """The data with 0 for what is absent, of which nothing is read, and what else is said of their values.

    `attributes` are those of the array, then of the groups around it, the nearest first. Errors are those of `annotation_of`.
    """
    for content in attributes:
        annotation = annotation_of(content, source)
        if annotation is not None:
            return _decoded(data, annotation, source)
    ids = tuple(dict.fromkeys(n for content in attributes for n in _ignored(content) if _holds(data.dtype, n)))
    notes = (
        (f"{listed(ids)} {'means' if len(ids) == 1 else 'mean'} “not annotated” in the file: weight 0",) if ids else ()
    )
    return data, About(ids, notes=notes)


def _decoded(data: Any, a: Annotation, source: str) -> tuple[Any, About]:
    for name in _POSSIBILITIES:
        value = getattr(a, name)
        if value is not None and not _holds(data.dtype, value):
            raise ValueError(
                f"{source}: {name} is {value} in its annotation, which {np.dtype(data.dtype)} doesn't hold"
            )
    # 0 must be what is absent; what is stored as 0 takes the freed number.
    swapped = a.absent
    if a.absent is None and a.present == 0:
        swapped = 1 if a.unknown is None else a.unknown
    unknown = a.unknown
    if swapped:
        data = Swapped(data, swapped)
        # What an encoding with another number for absent says nothing of, as 0 in chunks that were never written, is unknown.
        unknown = {0: swapped, swapped: 0}.get(a.unknown, a.unknown) if a.unknown is not None else None
    ids = () if unknown is None else (unknown,)
    if a.absent and 0 not in (a.present, a.unknown):
        ids = (*ids, a.absent)
    told = [f"{getattr(a, name)} is {name}" for name in _POSSIBILITIES if getattr(a, name) is not None]
    weight = ": unknown gets weight 0" if ids else ""
    read = f", read as 0 (and 0 as {swapped})" if swapped else ""
    about = f"{a.class_name}: " if a.class_name else ""
    return data, About(ids, notes=(f"{about}{listed(told)} in the file{read}{weight}",) if told else ())


class Swapped(LazyArray):
    """A lazily sliced array in which 0 and another number have changed places."""

    def __init__(self, data: Any, number: int) -> None:
        self._data, self._number = data, number
        self.shape, self.dtype = tuple(int(n) for n in data.shape), np.dtype(data.dtype)
        self.chunks = getattr(data, "chunks", None)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        values = np.asarray(self._data[box])
        read = np.where(values == self._number, self.dtype.type(0), values)
        read[values == 0] = self._number
        return read


def _ignored(content: Mapping[str, Any]) -> Iterator[int]:
    """Ids that attributes call unknown, or to be ignored."""
    for key, value in content.items():
        if key.lower().replace("_", "").replace("-", "") in _IGNORED:
            yield from (int(v) for v in (value if isinstance(value, (list, tuple)) else [value]) if _is_whole(v))
        elif key in ("_FillValue", "missing_value") and _is_whole(value) and value != 0:
            yield int(value)
        elif key in ("painteraData", "maxId"):
            yield from _PAINTERA
    for holder in (content, _within(content, "ome")):
        properties = _within(holder, "image-label").get("properties")
        for entry in properties if isinstance(properties, list) else ():
            words = (
                {str(v).lower() for k, v in entry.items() if k != "label-value"}
                if isinstance(entry, Mapping)
                else set()
            )
            if words & _UNKNOWN_WORDS and _is_whole(entry.get("label-value")):
                yield int(entry["label-value"])


def _within(content: Any, *keys: str) -> Mapping[str, Any]:
    """The object under some keys; an empty one if there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content if isinstance(content, Mapping) else {}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and value == int(value)


def _holds(dtype: Any, value: int) -> bool:
    kind = np.dtype(dtype)
    return kind.kind == "f" or (kind.kind in "iu" and np.iinfo(kind).min <= value <= np.iinfo(kind).max)
