"""napari's writer: layers as OME-Zarr, each where napari shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari.layers import Layer

from predictor_inspector.core.array import Array
from predictor_inspector.data.atomic_write import whole_folder
from predictor_inspector.data.formats.zarr_folders import is_zarr_node
from predictor_inspector.data.layers import array_from_layer
from predictor_inspector.data.write import write_ome_zarr
from predictor_inspector.plugin.layers.results import channel_names

_UNFIT = re.compile(r"[^\w.-]+")  # what folders shouldn't be called


def write(path: str, layers: Sequence[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Write layers as OME-Zarr: one is the container at `path`, several are containers in the folder `path`.

    All are written, or none. What is at `path` is replaced if it is a zarr container or a folder of such; napari has asked.

    Parameters
    ----------
    path
        The folder to make, which should end in ``.zarr``.
    layers
        Data, attributes and type of each layer, image or labels, as napari gives them.

    Raises
    ------
    ValueError
        If a layer shows colours, is empty, or is rotated.
    FileExistsError
        If there is something else at `path`.
    """
    target = Path(path).expanduser()
    found = [_described(*layer) for layer in layers]
    if len(found) == 1:
        ((name, array, channels),) = found
        write_ome_zarr(target, array, name, channels, overwrite=True)
        return [str(target)]
    if target.exists() and not (is_zarr_node(target) or any(map(is_zarr_node, target.glob("*")))):
        raise FileExistsError(f"{target} is there, and is no folder of zarr containers: choose another name")
    taken: set[str] = set()
    with whole_folder(target) as partial:
        for name, array, channels in found:
            folder = _folder_for(name, taken)
            write_ome_zarr(partial / folder, array, name, channels)
    return [str(target)]


def _described(data: Any, attributes: dict[str, Any], layer_type: str) -> tuple[str, Array, Sequence[str]]:
    layer = Layer.create(data, attributes, layer_type)
    return layer.name, array_from_layer(layer), channel_names(layer)


def _folder_for(name: str, taken: set[str]) -> str:
    """A folder's name for a layer, other than those that are `taken`, which it joins."""
    stem = _UNFIT.sub("_", name).strip("_.") or "layer"
    folder = next(f for f in (stem, *(f"{stem}_{i}" for i in range(2, len(taken) + 3))) if f not in taken)
    taken.add(folder)
    return folder
