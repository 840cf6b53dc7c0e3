"""napari's sample data: ground truth to try predictors on."""

from __future__ import annotations

from predictor_inspector.data.samples import Sample, cells_2d, neurites
from predictor_inspector.plugin.layers.layer_data import LayerData, layer_data

DEMO_CONFIG = {
    "kind": "affinities",
    "neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, -12, 0], [0, 0, -12]],
    "lsds": False,
}
"""Of the sample: offsets reach farther to one side than to the other, so that context and padding differ."""


def neurite_layers() -> list[LayerData]:
    """A volume of neurites: raw, dense labels, organelle channels, and where it is annotated."""
    return _layers(neurites())


def cell_layers() -> list[LayerData]:
    """A picture of touching nuclei: raw and labels."""
    return _layers(cells_2d())


def _layers(sample: Sample) -> list[LayerData]:
    layers = [layer_data(sample.raw, "raw", "image")]
    if sample.organelles is not None:
        layers.append(layer_data(sample.organelles, "organelles", "labels", visible=False))
    if sample.annotated is not None:
        layers.append(layer_data(sample.annotated, "annotated", "mask", visible=False))
    layers.append(layer_data(sample.labels, "labels", "labels"))
    return layers
