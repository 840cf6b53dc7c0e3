"""napari's reader: each array in files of ground truth as a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from napari.utils.notifications import show_warning

from predictor_inspector.data.formats.format import Kind, StoredArray
from predictor_inspector.data.formats.unreadable import Unreadable, UnreadableError, attempt
from predictor_inspector.data.opening import Contents, container_of, full_path, list_contents, readable_suffixes
from predictor_inspector.data.source import open_input
from predictor_inspector.data.stores.path import StorePath, place_of
from predictor_inspector.plugin.layers.layer_data import LayerData, layer_data

_ORDER = {"image": 0, "labels": 1, "mask": 2}
_MOST = 20  # arrays of a store that are opened because one of its metadata files was chosen
_TOLD = 5  # reasons in a notification


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """The function that reads `path`; None for other formats, for which napari asks other plugins."""
    paths, suffixes = path if isinstance(path, list) else [path], readable_suffixes()
    return read if all(_is_readable(full_path(p), suffixes) for p in paths) else None


def read(path: str | list[str]) -> list[LayerData]:
    """Layers for every array in the files: images, labels, and masks, which are hidden at first.

    A notification says what can't be shown. Raises ``ValueError``, ``FileNotFoundError`` or ``ImportError`` if there is
    nothing to show, or a file can't be read; the message says why.
    """
    shown = [shown_of(p) for p in (path if isinstance(path, list) else [path])]
    notify_of(shown)
    return [layer for one in shown for layer in one.layers]


@dataclass(frozen=True)
class Shown:
    """What of a file or container is shown as layers, and what of it can't be."""

    name: str
    layers: list[LayerData]
    left_out: list[Unreadable]

    @property
    def told(self) -> str:
        """A sentence about what is left out; empty if nothing is."""
        reasons = _reasons(self.left_out)
        return f"Not shown of {self.name}: {reasons}" if reasons else ""


class NothingShownError(ValueError):
    """Nothing of what is asked for can be shown; `left_out` is what is there."""

    def __init__(self, message: str, left_out: list[Unreadable]) -> None:
        super().__init__(message)
        self.left_out = left_out


def notify_of(shown: Iterable[Shown]) -> None:
    """Say what is left out in one notification of napari, if anything is."""
    told = "\n".join(one.told for one in shown if one.left_out)
    if told:
        show_warning(told)


def shown_of(path: str) -> Shown:
    """A layer for every array in one file or container; errors as of `read`.

    A metadata file in a zarr folder opens the store that it lies in; the part that it describes, where the store is a
    large collection.
    """
    try:
        place, (arrays, left_out) = _listed(path)
    except UnreadableError as error:
        raise NothingShownError(str(error), [error.entry]) from error
    layers: list[LayerData] = []
    for found in sorted(arrays, key=lambda found: _ORDER[found.kind]):
        # Values of small arrays are read now, and may be damaged.
        made = attempt(found.location, str(place), partial(_layer, place, found))
        if isinstance(made, Unreadable):
            left_out.append(made)
        else:
            layers.append(made)
    if not layers:
        reasons = _reasons(left_out)
        message = f"{path} holds no arrays that can be shown: {reasons}" if reasons else f"{path} holds no arrays"
        raise NothingShownError(message, left_out)
    return Shown(place.name, layers, left_out)


def layer_read_as(path: str, name: str | None, axes: str) -> LayerData:
    """The layer of one array with axes that a person has chosen, a letter for each, or ``""`` for what the file says.

    Errors are those of `open_input`.
    """
    array = open_input(path, name, axes or None)
    title = (name or "").strip("/") or full_path(path).name.split(".")[0]
    kind: Kind = "labels" if np.dtype(array.dtype).kind in "biu" else "image"
    return layer_data(array, title, kind, source=(str(full_path(path)), name), axes=axes)


def _reasons(left_out: Sequence[Unreadable]) -> str:
    more = f"; and {len(left_out) - _TOLD} more" if len(left_out) > _TOLD else ""
    return "; ".join(f"{one.name}: {one.reason}" for one in left_out[:_TOLD]) + more


def _layer(place: Path | StorePath, found: StoredArray) -> LayerData:
    name = found.location or place.name.split(".")[0]
    return layer_data(found.array, name, found.kind, found.kind != "mask", (str(place), found.name))


def _listed(path: str) -> tuple[Path | StorePath, Contents]:
    """The file or folder that a path stands for, and what it holds."""
    place = full_path(path)
    if place != place_of(path):
        store = container_of(place)
        contents = list_contents(store)
        if len(contents.arrays) <= _MOST:
            return store, contents
    return place, list_contents(place)


def _is_readable(path: Path | StorePath, suffixes: tuple[str, ...]) -> bool:
    # The path may lead into a container.
    if any(place.name.lower().endswith(suffixes) for place in (path, *path.parents)):
        return True
    try:
        container_of(path)
    except (ValueError, FileNotFoundError):
        return False
    except OSError:
        return True  # of a server that doesn't answer: reading says so
    return True
