"""Layers of a viewer that can be ground truth or mask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels

_ID_BYTES = 4  # intensities come in one or two


@dataclass(frozen=True, eq=False)
class LayerChoices:
    """Layers that can be ground truth (labels, then images of whole numbers) or mask, the likelier ones first."""

    gt_layer: tuple[Any, ...] = ()
    mask_layer: tuple[Any, ...] = ()

    @classmethod
    def among(cls, layers: Iterable[Any]) -> LayerChoices:
        """The choices among layers that the plugin hasn't made."""
        layers = list(layers)
        labels = [layer for layer in layers if isinstance(layer, Labels)]
        images = [layer for layer in layers if isinstance(layer, Image) and not layer.rgb]
        ids = (*labels, *(image for image in images if np.dtype(image.dtype).kind in "biu"))
        return cls(ids, tuple(sorted(ids, key=lambda layer: not _is_called_mask(layer))))


def likeliest_ground_truth(layers: Sequence[Any]) -> Any | None:
    """The likeliest of layers that can be ground truth: visible labels of few axes that aren't called a mask.

    An image is taken only if its type is wide enough for ids; intensities rarely have such a type.
    """
    labels = [layer for layer in layers if isinstance(layer, Labels)]
    if labels:
        return min(labels, key=lambda layer: (_is_called_mask(layer), not layer.visible, layer.ndim))
    return next((layer for layer in layers if np.dtype(layer.dtype).itemsize >= _ID_BYTES), None)


def _is_called_mask(layer: Any) -> bool:
    return any(word in layer.name.lower() for word in ("mask", "annotated", "annotation"))
