"""napari's reader: files of ground truth, each array as a layer in the right place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari.layers import Layer

from predictor_inspector.data.opening import list_arrays, open_array, readable_suffixes
from predictor_inspector.plugin.layers.layer_data import LayerData, layer_data, with_source

_ORDER = {"image": 0, "labels": 1, "mask": 2}


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[LayerData]] | None:
    """The function that reads `path`; None if it is of a kind that isn't known here (napari asks others then)."""
    paths = path if isinstance(path, list) else [path]
    return read if all(_readable(p) for p in paths) else None


def read(path: str | list[str]) -> list[LayerData]:
    """Layers for every array in the files: images, then labels, then masks, which are hidden at first.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        If a file can't be read; the message says why.
    """
    paths = path if isinstance(path, list) else [path]
    return [layer for p in paths for layer in layers_from_path(p)]


def layers_from_path(path: str) -> list[LayerData]:
    """Layers for every array in one file or container."""
    infos = sorted(list_arrays(path), key=lambda info: _ORDER[info.kind])
    if not infos:
        raise ValueError(f"{path} holds no arrays")
    stem = Path(path).name.split(".")[0]
    layers = []
    for info in infos:
        name = info.name.strip("/") or stem
        layer = layer_data(open_array(path, info.name), name, info.kind, visible=info.kind != "mask")
        layers.append(with_source(layer, path, info.name))
    return layers


def add_layers(viewer: Any, path: str) -> list[Any]:
    """Show every array in one file in napari's viewer, of formats that napari's own dialogue doesn't ask us for, too."""
    return [viewer.add_layer(Layer.create(*data)) for data in read(path)]


def _readable(path: str) -> bool:
    """Whether a path leads to a file of a known kind, or into a container of one."""
    suffixes = readable_suffixes()
    return any(part.lower().endswith(suffixes) for part in Path(path).parts)
