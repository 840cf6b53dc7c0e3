"""Inspection of a region without a window: target, weights, statistics, findings, reports."""

from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.regions import Regions, regions_for
from predictor_inspector.inspection.engine.run import Inspection, Request, inspect, run
from predictor_inspector.inspection.engine.tiles import Tile, TiledInspection
from predictor_inspector.inspection.training.torch_dataset import PredictorDataset

__all__ = [
    "Inspection",
    "PredictorDataset",
    "Regions",
    "Request",
    "Source",
    "Tile",
    "TiledInspection",
    "inspect",
    "regions_for",
    "run",
]
