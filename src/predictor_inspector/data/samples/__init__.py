"""Synthetic ground truth to try predictors on, the same every time, made in a moment."""

from predictor_inspector.data.samples.cells import cells_2d
from predictor_inspector.data.samples.faults import faulty_cells
from predictor_inspector.data.samples.neurites import neurites
from predictor_inspector.data.samples.sample import Sample

__all__ = ["Sample", "cells_2d", "faulty_cells", "neurites"]
