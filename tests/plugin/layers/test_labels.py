"""Layers of labels: what they show of findings."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.labels import FindingLayer
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.model.axes import Place

SHAPE = (3, 8, 9)


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_of_a_whole_box_the_outline_is_marked(ndisplay: int) -> None:
    viewer = ViewerModel(ndisplay=ndisplay)
    layers = OwnedLayers(viewer)
    shown = FindingLayer(layers)
    for filled in (True, False):
        values = np.ones(SHAPE, np.uint8)
        values[0, 0, 0] = filled
        mask = Array(values, (40, 4, 4))
        finding = SimpleNamespace(where=SimpleNamespace(mask=mask), severity="error")
        shown.show(finding, Place(("nanometer",) * 3, ("z", "y", "x")))
        marked = np.asarray(layers.find("finding").data) > 0
        assert marked.any(axis=(1, 2)).all()
        assert marked[:, 2:-2, 2:-2].any() != filled
        # What is drawn is a copy.
        assert values.sum() == values.size - (not filled)
