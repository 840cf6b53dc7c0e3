"""Explanations of a voxel's target and weight, in words, numbers and geometry.

There is one for each kind of channel, see `Channel`.
"""

from predictor_inspector.inspection.explanation.explanation import Explanation, explain, explain_at
from predictor_inspector.inspection.explanation.parts import (
    Arrow,
    BoxMark,
    Curve,
    Ellipsoid,
    Line,
    Mark,
    Point,
    Reason,
    VoxelMark,
)
from predictor_inspector.inspection.explanation.voxel import Voxel, voxel_at
from predictor_inspector.inspection.explanation.weights import annotated, balanced

__all__ = [
    "Arrow",
    "BoxMark",
    "Curve",
    "Ellipsoid",
    "Explanation",
    "Line",
    "Mark",
    "Point",
    "Reason",
    "Voxel",
    "VoxelMark",
    "annotated",
    "balanced",
    "explain",
    "explain_at",
    "voxel_at",
]
