"""Crops of a data set, and what they are trained with."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from predictor_inspector.core.array import Array
from predictor_inspector.data.classes import class_names, classes_in
from predictor_inspector.data.masks import find_mask
from predictor_inspector.data.source import Source, open_input
from predictor_inspector.data.stores.path import is_url, shown_path

Split = Literal["", "training", "validation", "test"]

_SPLITS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validate", "validation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
    "": "",
}


def split_of(word: str, source: str) -> Split:
    """The part of a data set that a word means: ``"validate"`` is ``"validation"``; a ``ValueError`` for others."""
    try:
        return _SPLITS[word.strip().lower()]
    except KeyError:
        raise ValueError(f"{source}: {word!r} is no part of a data set; use training, validation or test") from None


@dataclass(frozen=True)
class Crop:
    """Ground truth of one place, and what belongs to it; nothing is opened before it is asked for.

    Attributes
    ----------
    name : str
        In tables and messages; unique in its data set.
    path : str
        Of the file or folder, or of the group in it that holds the crop.
    gt : str or None
        The array of ids, or ``"[mito,er]"`` for a channel per class; None for the only one.
    mask, raw : str or None
        Arrays in the file, or paths. Without a mask the one in the file is used, as everywhere; ``"none"`` does without.
    split : str
        ``"training"``, ``"validation"``, ``"test"`` or ``""``, which counts as training.
    volume : str
        Equal for crops of one volume, whose world coordinates can be compared; ``""`` where that isn't known.
    """

    name: str
    path: str
    gt: str | None = None
    mask: str | None = None
    raw: str | None = None
    split: Split = ""
    volume: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that its ground truth names; empty where it names an array, or nothing."""
        found = class_names(self.gt or "")
        return found[1] if found else ()

    @property
    def is_cellmap(self) -> bool:
        """Whether it lies where CellMap's containers have their crops, each of classes."""
        return "groundtruth" in Path(self.path).parts

    def shown(self) -> Crop:
        """The same as it may be written and shown: without credentials in URLs."""
        mask, raw = (None if p is None or not is_url(p) else shown_path(p) for p in (self.mask, self.raw))
        path = shown_path(self.path) if is_url(self.path) else self.path
        return replace(self, path=path, mask=mask or self.mask, raw=raw or self.raw)

    def with_classes(self, names: tuple[str, ...]) -> Crop:
        """The same with a channel for each of these classes, where its ground truth is one array per class."""
        found = class_names(self.gt or "")
        if found is None:
            return self
        return replace(self, gt=f"{found[0]}/[{','.join(names)}]".lstrip("/"))

    def open_gt(self) -> Array:
        """Its ground truth; errors as `open_array` and `open_classes`."""
        return open_input(self.path, self.gt)

    @property
    def raw_place(self) -> tuple[str, str | None] | None:
        """Path and name of its raw data; None without any."""
        if self.raw is None:
            return None
        # A path of its own needs no search in the crop's container, which may hold hundreds.
        is_path = os.path.exists(self.raw) or is_url(self.raw)
        return (self.raw, None) if is_path else (self.path, self.raw)

    def open(self, raw: bool = False) -> Source:
        """Ground truth and mask, and its raw data, if there are any and they are wanted; errors as `open_gt`."""
        source = self.with_mask(self.open_gt())
        return replace(source, raw=open_input(*self.raw_place)) if raw and self.raw_place is not None else source

    def with_mask(self, gt: Array) -> Source:
        """Its ground truth as opened, and its mask.

        Where none is named, it is looked for as the commands do, but not beside classes, which say it themselves, nor in
        CellMap's containers of many crops, which hold no masks.
        """
        mask = None
        if self.mask is None and not self.classes and not self.is_cellmap:
            found = find_mask(self.path, self.gt, gt)
            mask = None if found is None else found.array
        elif self.mask not in (None, "none"):
            mask = open_input(self.path, self.mask)
        return Source(gt, mask)


@dataclass(frozen=True)
class Dataset:
    """Crops that one network is trained and validated on.

    Attributes
    ----------
    crops : tuple of Crop
    classes : tuple of str
        That the network learns, in the order of its channels; empty where ids are objects, or nobody said.
    voxel_size : tuple of float or None
        At which the network is trained, in `unit`; None where crops aren't resampled.
    input_size : tuple of int or None
        Voxels of the network's input along each spatial axis; None where nobody said.
    predictors : tuple of dict
        Configurations of the predictors whose targets it is trained on, as `predictor_from_config` takes them.
    """

    crops: tuple[Crop, ...]
    classes: tuple[str, ...] = ()
    voxel_size: tuple[float, ...] | None = None
    unit: str = "nm"
    input_size: tuple[int, ...] | None = None
    predictors: tuple[dict[str, Any], ...] = ()

    def with_classes(self, names: tuple[str, ...] = ()) -> Dataset:
        """The same with a channel for each class, the same ones in all crops that have an array per class.

        These are `names`, else the data set's own, else all that any crop has, in the order in which they come. A crop of one
        array of ids is one of a class if others have several, and in CellMap's layout. One that can't be listed stays as it
        is: opening it says why.
        """
        there = [crop.classes or (_classes_at(crop.path) if crop.gt is None else ()) for crop in self.crops]
        wanted = names or self.classes
        several = any(len(found) > 1 or crop.is_cellmap for crop, found in zip(self.crops, there, strict=True))
        if not wanted and several:
            wanted = tuple(dict.fromkeys(name for found in there for name in found))
        bare = [bool(names) or not set(found).isdisjoint(wanted) for found in there]
        crops = [
            replace(crop, gt="[]") if crop.gt is None and has_classes else crop
            for crop, has_classes in zip(self.crops, bare, strict=True)
        ]
        wanted = wanted or tuple(dict.fromkeys(name for crop in crops for name in crop.classes))
        return replace(self, crops=tuple(crop.with_classes(wanted) for crop in crops), classes=wanted)


def _classes_at(path: str) -> tuple[str, ...]:
    try:
        return tuple(classes_in(path))
    except (ValueError, OSError, ImportError):
        return ()
