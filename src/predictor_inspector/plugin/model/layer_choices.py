"""Which layers of a viewer can be ground truth, mask and raw data, and which is ground truth most likely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image, Labels

_ID_BYTES = 4  # intensities come in one or two


@dataclass(frozen=True, eq=False)
class LayerChoices:
    """Layers by the setting that they can be chosen for, the likelier ones first.

    Attributes
    ----------
    gt_layer : tuple of layers
        Labels, then images of whole numbers.
    mask_layer : tuple of layers
        The same, those first that are called masks.
    raw_layer : tuple of layers
        Images.
    """

    gt_layer: tuple[Any, ...] = ()
    mask_layer: tuple[Any, ...] = ()
    raw_layer: tuple[Any, ...] = ()

    @classmethod
    def among(cls, layers: Iterable[Any]) -> LayerChoices:
        """The choices that a list of layers allows; results of the plugin must have been left out."""
        layers = list(layers)
        labels = [layer for layer in layers if isinstance(layer, Labels)]
        images = [layer for layer in layers if isinstance(layer, Image)]
        ids = (*labels, *(i for i in images if not i.rgb and np.dtype(i.dtype).kind in "biu"))
        return cls(ids, tuple(sorted(ids, key=lambda layer: not _is_called_mask(layer))), tuple(images))


def likeliest_ground_truth(layers: Sequence[Any]) -> Any | None:
    """Of layers that can be ground truth the one that is: labels that are seen, rather instances than channels or a mask.

    An image is taken only if its type is one that ids have and intensities haven't; others wait to be chosen.
    """
    labels = [layer for layer in layers if isinstance(layer, Labels)]
    if labels:
        return min(labels, key=lambda layer: (_is_called_mask(layer), not layer.visible, layer.ndim))
    return next((layer for layer in layers if np.dtype(layer.dtype).itemsize >= _ID_BYTES), None)


def _is_called_mask(layer: Any) -> bool:
    return any(word in layer.name.lower() for word in ("mask", "annotated", "annotation"))
