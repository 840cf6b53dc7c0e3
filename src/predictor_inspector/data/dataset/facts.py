"""Facts about crops: their grids from metadata, and what their voxels hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_error, format_shape
from predictor_inspector.data.classes import stored_classes
from predictor_inspector.data.dataset.crop import Crop
from predictor_inspector.data.lazy import blocks_of
from predictor_inspector.data.source import Source, open_input

OBJECTS = "objects"
"""The class of ids that stand for objects, where a crop has no classes."""


@dataclass(frozen=True)
class GridFacts:
    """Where an array lies: as `Array` has it, without channel axes, in plain numbers."""

    shape: tuple[int, ...]
    voxel_size: tuple[int, ...]
    offset: tuple[int, ...]
    axes: tuple[str, ...]
    unit: str
    subdivision: int

    @classmethod
    def of(cls, array: Array) -> GridFacts:
        """That of an array."""
        shape, size, offset = (tuple(map(int, n)) for n in (array.spatial_shape, array.voxel_size, array.offset))
        return cls(shape, size, offset, array.spatial_axes, array.unit, array.subdivision)

    @property
    def voxel_size_text(self) -> str:
        """``"40 × 4 × 4 nm"``."""
        return f"{format_shape(v / self.subdivision for v in self.voxel_size)} {self.unit}"

    @property
    def array(self) -> Array:
        """An array there, of zeros that take no memory."""
        nothing = np.broadcast_to(np.uint8(0), self.shape)
        return Array(nothing, self.voxel_size, self.offset, self.axes, self.unit, self.subdivision)


@dataclass(frozen=True)
class ClassFacts:
    """What a crop holds of a class; of its voxels nothing is known, None, where they weren't counted.

    Attributes
    ----------
    stored : bool
        Whether the crop has an array for it; without one it isn't annotated.
    known, present : int or None
        Voxels that are annotated, and those among them that are of the class.
    objects : int or None
        Different ids among these.
    """

    name: str
    stored: bool = True
    known: int | None = None
    present: int | None = None
    objects: int | None = None


@dataclass(frozen=True)
class CropFacts:
    """A crop's grid and classes; `problem` says why it can't be read, if so. Fit for JSON, see `as_dict`."""

    name: str
    path: str
    gt: str | None = None
    split: str = ""
    volume: str = ""
    grid: GridFacts | None = None
    raw: GridFacts | None = None
    classes: tuple[ClassFacts, ...] = ()
    doubts: tuple[str, ...] = ()
    problem: str = ""

    @property
    def trains(self) -> bool:
        """Whether the network is trained on it."""
        return self.split in ("", "training")

    @property
    def voxels(self) -> int:
        """Of its grid."""
        return 0 if self.grid is None else prod(self.grid.shape)

    @property
    def counted(self) -> bool:
        """Whether its voxels were counted."""
        return any(found.known is not None for found in self.classes)

    @property
    def foreground(self) -> float | None:
        """The share of its annotated values, of all classes, that are of a class; None if none is known."""
        known = sum(found.known or 0 for found in self.classes)
        return sum(found.present or 0 for found in self.classes) / known if known else None

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> CropFacts:
        """What `as_dict` gave, read from JSON."""
        grids = {
            key: None if content[key] is None else GridFacts(**{k: _tuple(v) for k, v in content[key].items()})
            for key in ("grid", "raw")
        }
        classes = tuple(ClassFacts(**found) for found in content["classes"])
        return cls(**{**content, **grids, "classes": classes, "doubts": tuple(content["doubts"])})


def facts_of(crop: Crop, count: bool = False) -> CropFacts:
    """What a crop's metadata say, and with `count` what its voxels hold; what is wrong with it is its `problem`."""
    about = {"name": crop.name, "path": crop.shown().path, "gt": crop.gt, "split": crop.split, "volume": crop.volume}
    try:
        gt = crop.open_gt()
        classes = _counted(_stored(gt), crop.with_mask(gt)) if count else _stored(gt)
        raw = None if crop.raw_place is None else _grid_at(*crop.raw_place)
    except (ValueError, OSError, ImportError, MemoryError) as error:
        return CropFacts(**about, problem=format_error(error))  # type: ignore[arg-type]
    return CropFacts(
        **about,  # type: ignore[arg-type]
        grid=GridFacts.of(gt),
        raw=raw,
        classes=classes,
        doubts=gt.about.doubts,
    )


@lru_cache(maxsize=256)  # many crops lie in one volume
def _grid_at(path: str, name: str | None) -> GridFacts:
    return GridFacts.of(open_input(path, name))


def _stored(gt: Array) -> tuple[ClassFacts, ...]:
    stored = stored_classes(gt)
    return tuple(ClassFacts(name, not stored or name in stored) for name in _names(gt))


def _names(gt: Array) -> tuple[str, ...]:
    if not gt.channel_dims:
        return (OBJECTS,)
    return gt.about.channels or tuple(f"channel {i}" for i in range(gt.shape[0]))


def _counted(facts: tuple[ClassFacts, ...], source: Source) -> tuple[ClassFacts, ...]:
    """Voxels of each class, read block by block."""
    shape = tuple(source.gt.spatial_shape)
    known, present = np.zeros(len(facts), np.int64), np.zeros(len(facts), np.int64)
    ids: list[set[int]] = [set() for _ in facts]
    for block in blocks_of(shape):
        region = source.gt.roi_of(block)
        part = source.within(region).read(region)
        labels = part.gt.numpy().reshape(len(facts), -1)
        annotated = np.ones((1, 1), bool) if part.mask is None else np.asarray(part.mask.data) != 0
        annotated = annotated.reshape(annotated.shape[0] if part.mask is not None and part.mask.channel_dims else 1, -1)
        for i, values in enumerate(labels):
            inside = values[np.broadcast_to(annotated[min(i, len(annotated) - 1)], values.shape)]
            found = inside[inside > 0]
            known[i] += inside.size
            present[i] += found.size
            ids[i].update(np.unique(found).tolist())
    return tuple(
        ClassFacts(fact.name, fact.stored, int(known[i]), int(present[i]), len(ids[i])) for i, fact in enumerate(facts)
    )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
