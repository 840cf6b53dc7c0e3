"""Points layer of findings, for the person to keep: one point in the middle of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings.review import Verdict
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS
from predictor_inspector.plugin.layers.layer_data import LayerData, geometry_beside
from predictor_inspector.plugin.model.axes import Place

_SIZE = 12.0  # pixels of the canvas, at any zoom
_SYMBOLS = {"to fix": "cross", "fine": "disc"}  # others are rings


def finding_points(verdicts: Sequence[Verdict], gt: Array, place: Place) -> LayerData:
    """A points layer beside the ground truth, in its voxels, with what is known of each finding as features.

    Colours tell the severity; a cross is to be fixed, a disc is fine, a ring not judged yet. A ``ValueError`` as
    `Verdict.slices`.
    """
    boxes = [verdict.slices(gt) for verdict in verdicts]
    # Whole numbers: napari shows a point in the slice that it lies in.
    at = np.array([[(s.start + s.stop - 1) // 2 for s in box] for box in boxes], dtype=float).reshape(-1, gt.dims)
    if place.time is not None:
        at = np.insert(at, 0, 0, axis=1)
    features: dict[str, Any] = {
        "kind": [j.finding for j in verdicts],
        "severity": [j.severity for j in verdicts],
        "state": [j.state for j in verdicts],
        "message": [j.message for j in verdicts],
        "channels": [" ".join(j.channels) for j in verdicts],
        "voxels": [j.voxels for j in verdicts],
    }
    colours = [SEVERITY_COLOURS[j.severity] for j in verdicts]
    style = {
        "size": 1,
        "canvas_size_limits": (_SIZE, _SIZE),
        "symbol": [_SYMBOLS.get(j.state, "ring") for j in verdicts],
        "face_color": colours,
        "border_width": 0,
    }
    geometry = geometry_beside(
        gt.like(np.broadcast_to(np.uint8(0), (1,) * gt.dims), gt.spatial_axes), place, channels=False
    )
    return at, {"name": "findings", "features": features, **style, **geometry._asdict()}, "points"
