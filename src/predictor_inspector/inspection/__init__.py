"""What happens for one region: from a request to targets, weights, regions, statistics and pictures. Without Qt."""

from predictor_inspector.inspection.inspect import Inspection, Request, carry_out, inspect
from predictor_inspector.inspection.regions import Regions, regions_for

__all__ = ["Inspection", "Regions", "Request", "carry_out", "inspect", "regions_for"]
