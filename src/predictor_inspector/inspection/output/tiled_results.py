"""Results that are written tile by tile, of regions that don't fit into memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data import ChunkCache, cached, ome_zarr_in_parts, open_array
from predictor_inspector.data.atomic_write import whole_folder
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.run import Inspection, Progress, Request
from predictor_inspector.inspection.engine.tiles import STEPS, TiledInspection
from predictor_inspector.inspection.output.results import (
    TARGET,
    WEIGHT,
    WRITING,
    attributes_of,
    check_folder,
    write_about,
)

TILED_STEPS = (*STEPS, WRITING[-1])
"""What `write_results_in_tiles` tells of its progress."""

_FOR_CHUNKS = 4
"""One part in so many of the memory holds chunks that neighbouring tiles share."""


def tiled_if_needed(request: Request, memory: int | None = None) -> TiledInspection | None:
    """An inspection in tiles whose memory, chunks of ground truth and mask that it keeps included, is bounded.

    Parameters
    ----------
    memory : int, optional
        Bytes; by default the share of the machine's memory that `default_memory` tells.

    Returns
    -------
    TiledInspection or None
        None if the whole fits into `memory`, so that `inspect` will do.

    Raises
    ------
    ValueError
        If the request can't be met, or `memory` is too little for any tile.
    """
    memory = default_memory(pick_device(request.device)) if memory is None else memory
    cache = ChunkCache(memory // _FOR_CHUNKS)
    source = request.source
    mask = None if source.mask is None else cached(source.mask, cache)
    source = Source(cached(source.gt, cache), mask, source.raw)
    tiled = TiledInspection(replace(request, source=source), memory - cache.budget)
    return None if tiled.fits else tiled


def write_results_in_tiles(
    folder: str | os.PathLike[str],
    tiled: TiledInspection,
    inputs: Mapping[str, Any] | None = None,
    raw: Array | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Inspection:
    """Compute an inspection in tiles and write each when it is finished; the same folder as of `write_results`.

    Parameters
    ----------
    folder, inputs, raw, overwrite
        As in `write_results`, errors too.
    progress : callable, optional
        Called with each of `TILED_STEPS` and the fraction of it that is done.

    Returns
    -------
    Inspection
        Its arrays lie in the folder.
    """
    path, tell = check_folder(folder, overwrite), progress or (lambda step, fraction: None)
    request = tiled.request
    names, about = [channel.name for channel in request.channels], attributes_of(request.predictor)
    whole = request.result(np.broadcast_to(np.float32(0), request.shape))
    with whole_folder(path) as partial:
        with (
            ome_zarr_in_parts(partial / TARGET, whole, "target", names, about) as target_file,
            ome_zarr_in_parts(partial / WEIGHT, whole, "weight", names, about) as weight_file,
        ):
            for tile in tiled.run(target_file.array.__getitem__, progress):
                if tile.fresh:
                    target_file.write(tile.target)
                if tile.balanced:
                    weight_file.write(tile.weight)
        tell(TILED_STEPS[-1], 0.0)
        inspection = tiled.inspection(*(request.result(open_array(partial / n, "/").data) for n in (TARGET, WEIGHT)))
        write_about(partial, inspection, inputs, raw)
    target, weight = (request.result(open_array(path / name, "/").data) for name in (TARGET, WEIGHT))
    return replace(inspection, target=target, weight=weight)
