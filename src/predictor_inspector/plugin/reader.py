"""napari's reader: each array in files of ground truth as a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from predictor_inspector.data.opening import list_arrays, readable_suffixes
from predictor_inspector.plugin.layers.layer_data import LayerData, layer_data

_ORDER = {"image": 0, "labels": 1, "mask": 2}


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """The function that reads `path`; None for other formats, for which napari asks other plugins."""
    paths, suffixes = path if isinstance(path, list) else [path], readable_suffixes()
    # The path may lead into a container.
    known = all(any(part.lower().endswith(suffixes) for part in Path(p).parts) for p in paths)
    return read if known else None


def read(path: str | list[str]) -> list[LayerData]:
    """Layers for every array in the files: images, labels, and masks, which are hidden at first.

    Raises ``ValueError``, ``FileNotFoundError`` or ``ImportError`` if a file can't be read; the message says why.
    """
    paths = path if isinstance(path, list) else [path]
    return [layer for p in paths for layer in layers_from_path(p)]


def layers_from_path(path: str) -> list[LayerData]:
    """Layers for every array in one file or container."""
    arrays = sorted(list_arrays(path), key=lambda found: _ORDER[found.kind])
    if not arrays:
        raise ValueError(f"{path} holds no arrays")
    stem = Path(path).name.split(".")[0]
    return [
        layer_data(found.array, found.location or stem, found.kind, found.kind != "mask", (path, found.name))
        for found in arrays
    ]
