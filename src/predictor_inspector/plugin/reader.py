"""napari's reader: each array in files of ground truth as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from predictor_inspector.data.formats.format import StoredArray
from predictor_inspector.data.opening import container_of, full_path, list_arrays, readable_suffixes
from predictor_inspector.plugin.layers.layer_data import LayerData, layer_data

_ORDER = {"image": 0, "labels": 1, "mask": 2}
_MOST = 20  # arrays of a store that are opened because one of its metadata files was chosen


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """The function that reads `path`; None for other formats, for which napari asks other plugins."""
    paths, suffixes = path if isinstance(path, list) else [path], readable_suffixes()
    return read if all(_is_readable(full_path(p), suffixes) for p in paths) else None


def read(path: str | list[str]) -> list[LayerData]:
    """Layers for every array in the files: images, labels, and masks, which are hidden at first.

    Raises ``ValueError``, ``FileNotFoundError`` or ``ImportError`` if a file can't be read; the message says why.
    """
    paths = path if isinstance(path, list) else [path]
    return [layer for p in paths for layer in layers_from_path(p)]


def layers_from_path(path: str) -> list[LayerData]:
    """Layers for every array in one file or container.

    A metadata file in a zarr folder opens the store that it lies in; the part that it describes, where the store is a
    large collection.
    """
    place, arrays = _listed(path)
    if not arrays:
        raise ValueError(f"{path} holds no arrays")
    stem = place.name.split(".")[0]
    return [
        layer_data(found.array, found.location or stem, found.kind, found.kind != "mask", (str(place), found.name))
        for found in sorted(arrays, key=lambda found: _ORDER[found.kind])
    ]


def _listed(path: str) -> tuple[Path, list[StoredArray]]:
    """The file or folder that a path stands for, and its arrays."""
    place = full_path(path)
    if place.name != Path(path).name:
        store = container_of(place)
        arrays = list_arrays(store)
        if len(arrays) <= _MOST:
            return store, arrays
    return place, list_arrays(place)


def _is_readable(path: Path, suffixes: tuple[str, ...]) -> bool:
    # The path may lead into a container.
    if any(part.lower().endswith(suffixes) for part in path.parts):
        return True
    try:
        container_of(path)
    except (ValueError, FileNotFoundError):
        return False
    return True
