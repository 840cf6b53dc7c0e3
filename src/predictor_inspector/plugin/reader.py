"""napari's reader: each array in files of ground truth as a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from napari.utils.notifications import show_warning

from predictor_inspector.data.formats.axes import Described
from predictor_inspector.data.formats.format import StoredArray
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
    paths = path if isinstance(path, list) else [path]
    shown = [layers_from_path(p) for p in paths]
    notify_of(text for _, text in shown)
    return [layer for layers, _ in shown for layer in layers]


def notify_of(texts: Iterable[str]) -> None:
    """Say what is left out in one notification of napari, if anything is."""
    told = "\n".join(text for text in texts if text)
    if told:
        show_warning(told)


def layers_from_path(path: str) -> tuple[list[LayerData], str]:
    """Layers for every array in one file or container, and a sentence about what is left out, if anything is.

    A metadata file in a zarr folder opens the store that it lies in; the part that it describes, where the store is a
    large collection.
    """
    place, (arrays, left_out) = _listed(path)
    layers: list[LayerData] = []
    for found in sorted(arrays, key=lambda found: _ORDER[found.kind]):
        # Values of small arrays are read now, and may be damaged.
        made = attempt(found.location, str(place), partial(_layer, place, found))
        if isinstance(made, Unreadable):
            left_out.append(made)
        else:
            layers.append(made)
    reasons = [f"{one.name}: {one.reason}" for one in left_out]
    told = "; ".join(reasons[:_TOLD]) + (f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else "")
    if not layers:
        raise ValueError(f"{path} holds no arrays that can be shown: {told}" if told else f"{path} holds no arrays")
    return layers, f"Not shown of {place.name}: {told}" if told else ""


def layer_read_as(path: str, name: str | None, axes: str) -> LayerData:
    """The layer of one array with axes that a person has chosen, a letter for each; errors as of `open_input`."""
    array = open_input(path, name, axes)
    title = (name or "").strip("/") or full_path(path).name.split(".")[0]
    return layer_data(array, title, "labels", source=(str(full_path(path)), name), axes=axes)


def contradictory(path: str) -> list[tuple[str, Described]]:
    """The arrays in a file of whose axes it contradicts itself, by their names, and what it says: a person must choose."""
    try:
        left_out = _listed(path)[1].unreadable
    except UnreadableError as error:
        left_out = [error.entry]
    except (ValueError, OSError, ImportError):
        left_out = []
    return [(one.name, one.described) for one in left_out if one.described is not None]


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
