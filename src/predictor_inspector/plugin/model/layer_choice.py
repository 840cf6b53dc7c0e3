"""Which layers can be ground truth, mask or raw data, and which most likely are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from napari.layers import Image, Labels

from predictor_inspector.core.array import Array
from predictor_inspector.data.formats.format import Kind, guess_kind
from predictor_inspector.data.layers import SOURCE, array_from_layer
from predictor_inspector.data.masks import is_mask_of, masks_beside, overlap, same_grid
from predictor_inspector.data.opening import container_of, readable_suffixes
from predictor_inspector.data.stores.path import StorePath, place_of

IN_FILE, BY_NAME = "found in the file", "found by its name"

_ID_BYTES = 4  # intensities come in one or two


@dataclass(frozen=True, eq=False)
class LayerChoices:
    """Layers that can be ground truth (labels, then images of whole numbers), mask or raw data, the likelier ones first."""

    gt_layer: tuple[Any, ...] = ()
    mask_layer: tuple[Any, ...] = ()
    raw_layer: tuple[Any, ...] = ()

    @classmethod
    def among(cls, layers: Iterable[Any]) -> LayerChoices:
        """The choices among layers that the plugin hasn't made."""
        layers = list(layers)
        labels = [layer for layer in layers if isinstance(layer, Labels)]
        images = [layer for layer in layers if isinstance(layer, Image) and not layer.rgb]
        ids = (*labels, *(image for image in images if np.dtype(image.dtype).kind in "biu"))
        return cls(ids, tuple(sorted(ids, key=lambda layer: not is_called_mask(layer))), tuple(images))

    @property
    def float_images(self) -> tuple[Any, ...]:
        """Images that can't be ground truth, but might be converted."""
        return tuple(image for image in self.raw_layer if np.dtype(image.dtype).kind == "f")


LAYERS = tuple(f.name for f in fields(LayerChoices))
"""The settings that are layers."""


def likeliest_ground_truth(layers: Sequence[Any]) -> Any | None:
    """The likeliest of layers that can be ground truth: visible labels of few axes that aren't called a mask.

    An image is taken only if its type is wide enough for ids; intensities rarely have such a type.
    """
    labels = [layer for layer in layers if isinstance(layer, Labels)]
    if labels:
        return min(labels, key=lambda layer: (is_called_mask(layer), not layer.visible, layer.ndim))
    return next((layer for layer in layers if np.dtype(layer.dtype).itemsize >= _ID_BYTES), None)


def mask_among(layers: Iterable[Any], gt_layer: Any, gt: Array) -> tuple[Any, str]:
    """The layer that looks like the mask of the ground truth, and how it was found; None if there is none.

    One from the same file comes first, then one with the same grid that is called a mask.
    """
    others = [layer for layer in layers if layer is not gt_layer]
    file, name = _place(gt_layer)
    there = {_place(layer)[1]: layer for layer in others if file and _place(layer)[0] == file}
    for location in masks_beside(name, {at: _kind_in_file(layer) for at, layer in there.items()}):
        layer = there[location]
        if (array := _array(layer, gt)) is not None and is_mask_of(array, gt):
            return layer, IN_FILE
    for layer in others:
        array = _array(layer, gt) if is_called_mask(layer) else None
        if array is not None and same_grid(array, gt) and is_mask_of(array, gt):
            return layer, BY_NAME
    return None, ""


def raw_among(layers: Iterable[Any], gt_layer: Any, gt: Array) -> Any | None:
    """The image that a network would learn the ground truth from: one around it, from the same file, or the only one."""
    there = [
        layer
        for layer in layers
        if layer is not gt_layer
        and not is_called_mask(layer)
        and (array := _array(layer, gt)) is not None
        and array.dims == gt.dims
        and overlap(array, gt)
    ]
    file = _place(gt_layer)[0]
    beside = [layer for layer in there if file and _place(layer)[0] == file]
    return next(iter(beside), there[0] if len(there) == 1 else None)


def is_called_mask(layer: Any) -> bool:
    """Whether a layer's name says that it is a mask."""
    return any(word in layer.name.lower() for word in ("mask", "annotated", "annotation"))


def _kind_in_file(layer: Any) -> Kind:
    kind = guess_kind(_place(layer)[1] or layer.name, np.dtype(layer.dtype))
    return "labels" if isinstance(layer, Labels) and kind == "image" else kind


def _place(layer: Any) -> tuple[str, str]:
    """The file that a layer was read from, and the name of its array there; empty where that isn't known."""
    known = layer.metadata.get(SOURCE)
    path = known["path"] if known else layer.source.path
    if path is None:
        return "", ""
    return _container(path), str(known["name"] or "").strip("/") if known else ""


def _container(path: str) -> str:
    """The file or folder that a path leads into."""
    place = place_of(path)
    if isinstance(place, StorePath):
        # The window can't wait for a server, whenever layers come and go: its names say where a store begins.
        levels = (*reversed(place.parents), place)
        return str(next((level for level in levels if level.name.lower().endswith(readable_suffixes())), place))
    with suppress(ValueError, OSError):
        return str(container_of(place))
    return path


def _array(layer: Any, gt: Array) -> Array | None:
    with suppress(ValueError):
        return array_from_layer(layer, 0, min(gt.dims, int(layer.ndim)))
    return None
