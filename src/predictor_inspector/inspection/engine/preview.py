"""Previews of slow inspections: a coarser target, or the exact one of a smaller region."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from math import prod

from funlib.geometry import Coordinate, Roi

from predictor_inspector.inspection.engine.run import Inspection, Request

PREVIEW_AFTER = 0.15
"""Seconds that a result may take before a preview comes first."""

_UNKNOWN_RATE = 3e-8
"""Seconds per voxel of ground truth and channel that are assumed before anything was timed."""


class Pace:
    """Expected duration of inspections, from those that were done."""

    def __init__(self) -> None:
        self._rates: dict[Hashable, float] = {}

    def learn(self, inspection: Inspection) -> None:
        """Note how long an inspection took."""
        request = inspection.request
        self._rates[_kind(request)] = inspection.timings["total"] / _effort(request)

    def expected(self, request: Request) -> float:
        """Seconds that a request will take, about."""
        return self._rates.get(_kind(request), _UNKNOWN_RATE) * _effort(request)


def preview_of(request: Request, share: float) -> tuple[Request, str] | None:
    """A request that takes about `share` of the time, and what its result is; None if nothing is much quicker."""
    coarser = request.predictor.coarser()
    if coarser is not None:
        return replace(request, predictor=coarser), "Preview: coarser than the target, which is being computed."
    roi, voxel_size = request.regions.roi, request.source.gt.voxel_size
    shape = roi.shape // voxel_size
    side = share ** (1 / sum(n > 1 for n in shape)) if any(n > 1 for n in shape) else 1.0
    wanted = Coordinate(max(1, int(n * side)) for n in shape)
    if wanted == shape:
        return None
    begin = roi.begin + (shape - wanted) // 2 * voxel_size
    return replace(request, roi=Roi(begin, wanted * voxel_size)), "Preview: the middle; all of it is being computed."


def _kind(request: Request) -> Hashable:
    """Equal for requests that take about as long per voxel and channel."""
    predictor = request.predictor
    return type(predictor), len(predictor.channel_names), predictor.coarser() is None, request.device


def _effort(request: Request) -> int:
    voxels = prod(request.source.gt.shape_of(request.regions.read_region))
    return voxels * len(request.predictor.channel_names)
