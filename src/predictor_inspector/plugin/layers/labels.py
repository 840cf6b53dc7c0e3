"""Labels layers of findings and of values without weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.weights import REASONS
from predictor_inspector.plugin.layers.colours import MISTAKE_COLOURS, REASON_COLOURS, SEVERITY_COLOURS
from predictor_inspector.plugin.layers.layer_data import geometry_beside
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.model.axes import Place

FINDING, ZERO_WEIGHT = "finding", "weight 0"
SEGMENTATION, MISTAKES = "segmentation", "mistakes"


class LabelLayer:
    """A layer of small whole numbers in colours of their own, hidden until it shows something."""

    role: str

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        self.hide()

    def hide(self) -> None:
        """Show nothing."""
        self._layers.hide(self.role)

    def remove(self) -> None:
        """Remove the layer."""
        self._layers.remove(self.role)

    def _put(self, array: Array, place: Place, colours: Mapping[int, str], **attributes: Any) -> None:
        """Show an array, [(C,) … spatial axes]; values without a colour are transparent."""
        self._put_ids(array, array.numpy().astype(np.uint8), place, colormap=label_colormap(colours), **attributes)

    def _put_ids(self, grid: Array, values: np.ndarray, place: Place, **attributes: Any) -> None:
        """Show ids, of the shape and at the place of `grid`."""
        if place.time is not None:
            values = np.expand_dims(values, grid.channel_dims)
        geometry = geometry_beside(grid, place, channels=bool(grid.channel_dims))
        self._layers.put("labels", self.role, values, geometry, {"opacity": 0.75}, **attributes)
        self._layers.show(self.role)


_OUTLINE = 2  # voxels


class FindingLayer(LabelLayer):
    """A layer with the voxels of one finding."""

    role = FINDING

    def show(self, finding: Finding, place: Place) -> None:
        """Mark the voxels of a finding: filled, or only their outline where they are a whole box."""
        mask = finding.where.mask
        values = mask.numpy()
        if values.all():
            # napari draws outlines in 2-D only, and warns in 3-D.
            values = values.copy()
            values[..., _OUTLINE:-_OUTLINE, _OUTLINE:-_OUTLINE] = 0
        self._put(mask.like(values, mask.axis_names), place, {1: SEVERITY_COLOURS[finding.severity]})


class ZeroWeightLayer(LabelLayer):
    """A layer that says why values have no weight; it has channels, as target and weight."""

    role = ZERO_WEIGHT

    def show(self, reasons: Array, place: Place) -> None:
        """Show numbers into `REASONS`, [C, … spatial axes]; the status bar says what they mean."""
        meanings = {"index": list(range(len(REASONS))), "meaning": list(REASONS)}
        self._put(reasons, place, REASON_COLOURS, features=meanings)


class SegmentationLayer(LabelLayer):
    """A layer of segments, in the colours that napari gives ids."""

    role = SEGMENTATION

    def show(self, segmentation: Array, place: Place) -> None:
        """Show ids, [… spatial axes]."""
        self._put_ids(segmentation, segmentation.numpy(), place)


class MistakeLayer(LabelLayer):
    """A layer of what a segmentation has split, merged and lost."""

    role = MISTAKES

    def show(self, mistakes: Array, place: Place) -> None:
        """Show numbers into `MISTAKE_COLOURS`, uint8, [… spatial axes]."""
        self._put(mistakes, place, MISTAKE_COLOURS)


def label_colormap(colours: Mapping[int, str]) -> Any:
    """Colours of these values; all others are transparent."""
    shown: dict[Any, str] = {None: "transparent", 0: "transparent", **colours}
    return DirectLabelColormap(color_dict=shown)
