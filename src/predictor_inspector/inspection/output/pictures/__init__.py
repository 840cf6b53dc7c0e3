"""Figures of inspections and surveys; matplotlib is loaded when one is drawn."""

from predictor_inspector.inspection.output.pictures.figures import (
    FORMATS,
    overview_figure,
    publication_figure,
    save_figure,
)
from predictor_inspector.inspection.output.pictures.sample_figure import sample_figure
from predictor_inspector.inspection.output.pictures.weights_figure import draw_weights, weights_figure

__all__ = [
    "FORMATS",
    "draw_weights",
    "overview_figure",
    "publication_figure",
    "sample_figure",
    "save_figure",
    "weights_figure",
]
