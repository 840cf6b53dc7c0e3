"""File formats: how files of one kind are read, and the arrays in them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.axes import Described, described_again
from predictor_inspector.data.formats.unreadable import Unreadable, relative_name

Kind = Literal["labels", "image", "mask"]

_MASK_WORDS = {"mask", "annotated", "annotation", "annotations", "labelled", "labeled", "roi", "valid"}
_LABEL_WORDS = {
    *("label", "labels", "id", "ids", "gt", "groundtruth", "masks", "instances", "instance", "seg", "segmentation"),
    *("segmentations", "neurons", "neuron", "nuclei", "cells", "objects"),
}
_IMAGE_WORDS = {"raw", "image", "images", "img", "em"}


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, or a multiscale group, which counts as its finest level: metadata are read, values are not.

    Attributes
    ----------
    location : str
        Its path in the file, or below the path that was listed; ``""`` for what lies at that path itself.
    array : Array
    kind : {"labels", "image", "mask"}
        What it seems to hold, judging by metadata, name and type: ids, intensities, or where ids are known.
    levels : tuple of str
        The names under which `open_array` finds each level, finest first; empty where there is only one.
    channel_names : tuple of str
        Names of the positions on the ``c^`` axis, where the file has them.
    described : Described or None
        What the file says of its axes, to read them in another order than `array` has.
    """

    location: str
    array: Array
    kind: Kind
    levels: tuple[str, ...] = ()
    channel_names: tuple[str, ...] = ()
    described: Described | None = None

    def read_as(self, axes: str) -> Array:
        """The array with its stored axes read as letters, ``"zyxc"``; a ``ValueError`` if they don't fit."""
        return (self.described or described_again(self.array, self.location or "array")).array(axes)

    @property
    def name(self) -> str:
        """What `open_array` takes."""
        return self.location or "/"

    def seen_from(self, base: str) -> StoredArray:
        """The same with names relative to `base`."""
        levels = tuple(relative_name(level, base) for level in self.levels)
        return replace(self, location=relative_name(self.location, base).strip("/"), levels=levels)


class Format(ABC):
    """How files of one kind are read; an instance is registered as an entry point of `predictor_inspector.formats`.

    A format needs `arrays`, and `suffixes` or `takes`.
    """

    suffixes: tuple[str, ...] = ()
    """How names of such files end, lower case: ``(".h5", ".hdf")``."""

    metadata_names: tuple[str, ...] = ()
    """Of folders: names of files in them that describe them, so that to choose one is to choose its folder."""

    reads_stores = False
    """Whether it reads what lies behind URLs and in zip files, too: then paths may be a `StorePath`, which is much like one."""

    def takes(self, path: Path) -> bool:
        """Whether there is a file or folder of this kind at `path`, which may be anything or nothing."""
        return path.suffix.lower() in self.suffixes and path.is_file()

    @abstractmethod
    def arrays(self, container: Path, location: str = "") -> Iterable[StoredArray | Unreadable]:
        """The arrays at or below `location`, ``""`` for all of the container; each multiscale group once.

        A format that finds all arrays quickly may give them all; one that has none at `location` gives none. What can't be
        read is best given, too, as `attempt` makes it: then the rest can be.

        Raises
        ------
        ValueError, OSError, ImportError
            If the container can't be read; the message names it.
        """


def guess_kind(name: str, dtype: Any, labels: bool = False) -> Kind:
    """What an array holds, judging by its path and type; `labels` where metadata say that it is a segmentation."""
    dtype = np.dtype(dtype)
    *folders, last = [set(re.findall(r"[a-z]+", part.lower())) for part in name.split("/")]
    if dtype.kind == "b" or (dtype.itemsize == 1 and dtype.kind in "iu" and last & _MASK_WORDS):
        return "mask"
    if labels:
        return "labels"
    if dtype.kind not in "iu" or last & _IMAGE_WORDS:
        return "image"
    words = last.union(*folders)
    return "labels" if words & _LABEL_WORDS or dtype.itemsize >= 4 else "image"


def optional_module(module: str, extra: str, needed_for: str) -> Any:
    """Import an optional dependency; an ``ImportError`` names the extra that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{needed_for} needs {module}, which is not installed: pip install "napari-predictor-inspector[{extra}]"'
        ) from error
