"""Why a voxel has the target and the weight that it has: `explain` says it in words, numbers and geometry.

A predictor's own explanation is registered with `explain_target` and `explain_weight`, which dispatch on its class;
predictors know nothing of it.
"""

from predictor_inspector.inspection.explanation.explanation import Explanation, explain, explain_at
from predictor_inspector.inspection.explanation.marks import (
    Arrow,
    BoxMark,
    Ellipsoid,
    Line,
    Mark,
    Point,
    VoxelSet,
)
from predictor_inspector.inspection.explanation.parts import Curve, TargetPart, WeightPart
from predictor_inspector.inspection.explanation.target import explain_target
from predictor_inspector.inspection.explanation.voxel import Voxel, voxel_at
from predictor_inspector.inspection.explanation.weights import explain_weight

__all__ = [
    "Arrow",
    "BoxMark",
    "Curve",
    "Ellipsoid",
    "Explanation",
    "Line",
    "Mark",
    "Point",
    "TargetPart",
    "Voxel",
    "VoxelSet",
    "WeightPart",
    "explain",
    "explain_at",
    "explain_target",
    "explain_weight",
    "voxel_at",
]
