"""Mask layers: found in the file of the ground truth, or by what they are called."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.format import guess_kind
from predictor_inspector.data.layers import SOURCE, array_from_layer
from predictor_inspector.data.masks import is_mask_of, same_grid
from predictor_inspector.data.opening import container_of

IN_FILE, BY_NAME = "found in the file", "found by its name"


def mask_among(layers: Iterable[Any], gt_layer: Any, gt: Array) -> tuple[Any, str]:
    """The layer that looks like the mask of the ground truth, and how it was found; None if there is none.

    One from the same file comes first, then one with the same grid that is called a mask.
    """
    others = [layer for layer in layers if layer is not gt_layer]
    file, name = _place(gt_layer)
    beside = [layer for layer in others if file and _place(layer)[0] == file and _is_mask_in_file(layer)]
    beside.sort(key=lambda layer: -len(os.path.commonpath([_place(layer)[1], name])))
    for layer in beside:
        if (array := _array(layer, gt)) is not None and is_mask_of(array, gt):
            return layer, IN_FILE
    for layer in others:
        array = _array(layer, gt) if is_called_mask(layer) else None
        if array is not None and same_grid(array, gt) and is_mask_of(array, gt):
            return layer, BY_NAME
    return None, ""


def is_called_mask(layer: Any) -> bool:
    """Whether a layer's name says that it is a mask."""
    return any(word in layer.name.lower() for word in ("mask", "annotated", "annotation"))


def _is_mask_in_file(layer: Any) -> bool:
    return guess_kind(_place(layer)[1] or layer.name, np.dtype(layer.dtype)) == "mask"


def _place(layer: Any) -> tuple[str, str]:
    """The file that a layer was read from, and the name of its array there; empty where that isn't known."""
    known = layer.metadata.get(SOURCE)
    path = known["path"] if known else layer.source.path
    if path is None:
        return "", ""
    container = Path(path)
    with suppress(ValueError, OSError):
        container = container_of(Path(path))
    return str(container), str(known["name"] or "").strip("/") if known else ""


def _array(layer: Any, gt: Array) -> Array | None:
    with suppress(ValueError):
        return array_from_layer(layer, 0, min(gt.dims, int(layer.ndim)))
    return None
