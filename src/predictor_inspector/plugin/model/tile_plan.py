"""Tile plans of regions that are too large to be computed at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from predictor_inspector.core.array import Array
from predictor_inspector.core.machine import machine_memory
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_bytes, millions
from predictor_inspector.data.source import Source
from predictor_inspector.data.stores.engine import DEFAULT_LIMIT
from predictor_inspector.data.stores.temporary import temporary_folder, temporary_room
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.engine.held_results import results_size
from predictor_inspector.inspection.engine.memory import SHARE, memory_from_text, needed_memory
from predictor_inspector.inspection.engine.tiles import tile_shape

MAX_VALUES = 2**26  # target values computed at most in one go: two float32 arrays of this size are 512 MB
MAX_CONTEXT = 2**27  # voxels of ground truth read at most in one go
TILE = 2**31  # bytes that a tile takes at most, whatever the memory, so that the first ones are seen soon
AUTO = "auto"  # the memory setting for a share of the machine's
_CHUNKS = 8  # 1/8 of the memory holds chunks of the ground truth and of results in files
_SPARE_ROOM = 2**30  # bytes of disk that are left to others


class TooLarge(ValueError):
    """The region is beyond what can be computed at all."""


@dataclass(frozen=True)
class TilePlan:
    """How to compute a region that is too large to be computed at once."""

    reason: str  # why it isn't computed at once, in a sentence
    tiles: int  # how many
    tile_memory: int  # bytes that each may take
    results: int  # bytes of target and weight
    in_memory: bool  # whether these are held in memory, or in temporary files


def memory_of(setting: str) -> int:
    """Bytes that the dock may use: ``"auto"``, or a size as `memory_from_text` reads it, which may raise a ValueError."""
    return int(SHARE * machine_memory()) if setting == AUTO else memory_from_text(setting)


def memory_for_chunks(memory: int) -> int:
    """Bytes of decoded chunks to keep, of all that may be used."""
    return min(DEFAULT_LIMIT, memory // _CHUNKS)


def plan_for(request: Request, memory: int) -> TilePlan | None:
    """The tiles in which to compute a region with at most `memory` bytes; None if it is computed at once.

    Raises `TooLarge` if the result fits neither into memory nor on the disk, and ``ValueError`` if the memory is too little
    for any tile.
    """
    reason = _reason(request, memory)
    if reason is None:
        return None
    predictor, regions = request.predictor, request.regions
    source = request.used_source
    gt = source.gt
    shape = gt.shape_of(regions.roi)
    results = results_size(len(predictor.channel_names), shape)
    chunks = memory_for_chunks(memory)
    in_memory = results <= (memory - chunks) // 2
    free = temporary_room() - _SPARE_ROOM
    if not in_memory and results > free:
        raise TooLarge(
            f"{reason} Target and weights take {format_bytes(results)}, but there is room for "
            f"{format_bytes(max(0, free))} in {temporary_folder()}. Set TMPDIR to a folder with more before napari starts, or "
            "take a smaller region."
        )
    rest = memory - chunks - (results if in_memory else 0)
    one = needed_memory(predictor, source, (1,) * gt.dims)
    # Where a single voxel's context is large, larger tiles share more of it.
    tile_memory = min(rest, max(TILE, 8 * one))
    tile = tile_shape(predictor, source, tile_memory, regions.roi)
    tiles = prod(-(-n // t) for n, t in zip(shape, tile, strict=True))
    return TilePlan(reason, tiles, tile_memory, results, in_memory)


def affordable(predictor: Predictor, gt: Array, memory: int) -> int:
    """Voxels along each axis of a cube that is comfortably within what is computed at once."""
    side = max(8, int((MAX_VALUES / 16 / max(1, len(predictor.channel_names))) ** (1 / gt.dims)))
    while side > 8 and needed_memory(predictor, Source(gt), (side,) * gt.dims) > memory:
        side = side * 3 // 4
    return side


def _reason(request: Request, memory: int) -> str | None:
    """Why a region isn't computed at once, in a sentence; None if it is."""
    gt, regions, predictor = request.source.gt, request.regions, request.predictor
    shape = gt.shape_of(regions.roi)
    values, context = len(predictor.channel_names) * prod(shape), prod(gt.shape_of(regions.read_region))
    if values > MAX_VALUES:
        return (
            f"The region has {millions(values)} target values, more than the {millions(MAX_VALUES)} that are computed "
            "at once."
        )
    if context > MAX_CONTEXT:
        return (
            f"With its context the region has {millions(context)} voxels, more than the {millions(MAX_CONTEXT)} that "
            "are read at once."
        )
    needed = needed_memory(predictor, request.source, shape, regions.read_region)
    if needed > memory:
        return (
            f"At once the region takes {format_bytes(needed)}, more than the {format_bytes(memory)} of memory allowed."
        )
    return None
