"""Comparison of two inspections: values, parameters, statistics and findings."""

from predictor_inspector.inspection.comparison.compare import SAME, ChannelDifference, Comparison, common_roi, compare

__all__ = ["SAME", "ChannelDifference", "Comparison", "common_roi", "compare"]
