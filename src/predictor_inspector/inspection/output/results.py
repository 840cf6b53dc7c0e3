"""Folder of results: target and weight as OME-Zarr, picture, report, configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector import __version__
from predictor_inspector.core.array import Array
from predictor_inspector.core.config import predictor_to_config, predictor_to_yaml
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.data import open_array, write_ome_zarr
from predictor_inspector.data.atomic_write import whole_folder
from predictor_inspector.data.source import Source
from predictor_inspector.data.stores.chunks import pooled
from predictor_inspector.data.stores.engine import set_limit
from predictor_inspector.data.write import ome_zarr_in_parts
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.run import Inspection, Progress, Request
from predictor_inspector.inspection.engine.statistics import finite
from predictor_inspector.inspection.engine.tiles import STEPS, TiledInspection

TARGET, WEIGHT = "target.ome.zarr", "weight.ome.zarr"
PICTURE, REPORT, CONFIGURATION = "overview.png", "report.json", "predictor.yaml"
WRITING = ("write target", "write weight", "draw overview")
TILED_STEPS = (*STEPS, WRITING[-1])
PICTURE_DPI = 150

_FOR_CHUNKS = 4
"""One part in so many of the memory holds chunks that neighbouring tiles share."""


def check_folder(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Whether results may be written to `folder`, before any work is done.

    A ``FileExistsError`` if there is something at `folder`, unless `overwrite`; with it, if what is there is neither an empty
    folder nor one of results.
    """
    path = Path(folder).expanduser()
    if not (path.exists() or path.is_symlink()):
        return path
    if not overwrite:
        raise FileExistsError(f"{path} is there already; --overwrite (overwrite=True) replaces it")
    if not path.is_dir() or path.is_symlink() or (any(path.iterdir()) and not (path / REPORT).is_file()):
        raise FileExistsError(
            f"{path} is no folder of results (it has no {REPORT}), so it is not replaced; choose another"
        )
    return path


def write_results(
    folder: str | os.PathLike[str],
    inspection: Inspection,
    inputs: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write an inspection to a folder; if that fails, what was there stays.

    Parameters
    ----------
    folder : str or path
        Gets ``target.ome.zarr``, ``weight.ome.zarr``, ``overview.png``, ``report.json`` and ``predictor.yaml``.
    inputs : mapping, optional
        Where ground truth and mask came from, for the report; what JSON can hold.
    overwrite : bool
        Replace an earlier folder of results.
    progress : callable, optional
        Called with each of `WRITING` and 0.0 when it begins.

    Raises
    ------
    FileExistsError
        As `check_folder`.
    """
    path, about = check_folder(folder, overwrite), _attributes(inspection.request)
    with whole_folder(path) as partial:
        for step, name, array in zip(WRITING, (TARGET, WEIGHT), (inspection.target, inspection.weight), strict=False):
            if progress is not None:
                progress(step, 0.0)
            write_ome_zarr(partial / name, array, name.partition(".")[0], inspection.channel_names, about)
        _write_about(partial, inspection, inputs, progress)
    return path


def tiled_if_needed(request: Request, memory: int | None = None) -> TiledInspection | None:
    """An inspection in tiles that needs no more than `memory` bytes, chunks of its inputs included; None if the whole fits.

    By default these are as many as `default_memory` gives. A ``ValueError`` if the request can't be met, or `memory` is too
    little for any tile.
    """
    memory = default_memory(pick_device(request.device)) if memory is None else memory
    source, chunks = request.source, memory // _FOR_CHUNKS
    set_limit(chunks)
    source = Source(pooled(source.gt), None if source.mask is None else pooled(source.mask), source.raw)
    tiled = TiledInspection(replace(request, source=source), memory - chunks)
    return None if tiled.fits else tiled


def write_results_in_tiles(
    folder: str | os.PathLike[str],
    tiled: TiledInspection,
    inputs: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Inspection:
    """Compute an inspection in tiles and write each when it is finished; arguments and errors as of `write_results`.

    `progress` is called with each of `TILED_STEPS` and the fraction of it that is done. The arrays of the inspection that is
    returned lie in the folder.
    """
    path, request = check_folder(folder, overwrite), tiled.request
    names, about = [channel.name for channel in request.channels], _attributes(request)
    whole = request.result(np.broadcast_to(np.float32(0), request.shape))

    def opened(folder: Path) -> list[Array]:
        return [request.result(open_array(folder / name, "/").data) for name in (TARGET, WEIGHT)]

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
        inspection = tiled.inspection(*opened(partial))
        _write_about(partial, inspection, inputs, progress)
    target, weight = opened(path)
    return replace(inspection, target=target, weight=weight)


def report(inspection: Inspection, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything about an inspection but its values, as JSON can hold it; lengths are in the report's ``unit``."""
    request, regions, gt, counts = inspection.request, inspection.regions, inspection.gt, inspection.counts
    names, counted = ("roi", "gt_region", "read_region", "padding_region", "data"), isinstance(counts, ClassCounts)
    content = {
        "version": __version__,
        "inputs": dict(inputs or {}),
        "predictor": predictor_to_config(request.predictor),
        "outside": request.outside,
        "balance_over": request.balance_over,
        "unit": gt.unit,
        "voxel_size": gt.physical_voxel_size,
        "axes": gt.spatial_axes,
        "regions": {
            **{name: _region(getattr(regions, name), gt) for name in names},
            "beyond_data": [_region(box, gt) for box in regions.beyond_data],
        },
        "channels": [asdict(s) for s in inspection.statistics],
        "class_counts": {"count": counts.count.tolist(), "total": counts.total.tolist()} if counted else None,
        "timings": inspection.timings,
        "device": inspection.device,
        "memory": inspection.memory,
        "notes": inspection.notes,
        "files": {"target": TARGET, "weight": WEIGHT, "overview": PICTURE, "predictor": CONFIGURATION},
    }
    # A predictor of another package may make numbers that JSON doesn't know.
    return {key: finite(value) for key, value in content.items()}


def geometry(array: Array) -> dict[str, Any]:
    """Where an array lies, as JSON can hold it: `offset` is the corner of the first voxel."""
    return {
        "shape": list(array.shape),
        "axes": [axis.removesuffix("^") for axis in array.axis_names],
        "dtype": str(array.dtype).removeprefix("torch."),
        "voxel_size": list(array.physical_voxel_size),
        "offset": list(array.physical_offset),
        "unit": array.unit,
    }


def _write_about(
    folder: Path, inspection: Inspection, inputs: Mapping[str, Any] | None, progress: Progress | None
) -> None:
    """Write everything about an inspection but its arrays: picture, configuration and report."""
    from predictor_inspector.inspection.output.pictures import overview_figure

    if progress is not None:
        progress(WRITING[-1], 0.0)
    overview_figure(inspection).savefig(folder / PICTURE, dpi=PICTURE_DPI)
    (folder / CONFIGURATION).write_text(predictor_to_yaml(inspection.request.predictor), "utf-8")
    text = json.dumps(report(inspection, inputs), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / REPORT).write_text(text + "\n", "utf-8")


def _attributes(request: Request) -> dict[str, Any]:
    """What is written beside the metadata of target and weight."""
    return {"predictor_inspector": {"version": __version__, "predictor": predictor_to_config(request.predictor)}}


def _region(roi: Roi, gt: Array) -> dict[str, Any]:
    return {
        "begin": [b / gt.subdivision for b in roi.begin],
        "end": [e / gt.subdivision for e in roi.end],
        "voxels": gt.shape_of(roi),
    }
