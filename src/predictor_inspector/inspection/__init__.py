"""What happens for one region: from a request to targets, weights, regions, statistics and pictures. Without Qt."""

from predictor_inspector.inspection.engine.regions import Regions, regions_for
from predictor_inspector.inspection.engine.run import Inspection, Request, carry_out, inspect
from predictor_inspector.inspection.engine.tiles import Tile, TiledInspection, inspect_in_tiles

__all__ = [
    "Inspection",
    "Regions",
    "Request",
    "Tile",
    "TiledInspection",
    "carry_out",
    "inspect",
    "inspect_in_tiles",
    "regions_for",
]
