"""An inspection as a folder: target and weight as OME-Zarr, a picture, a report and the predictor's configuration."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funlib.geometry import Roi

from predictor_inspector import __version__
from predictor_inspector.core.array import Array
from predictor_inspector.core.config import predictor_to_config, predictor_to_yaml
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.data.atomic_write import whole_folder
from predictor_inspector.inspection.engine.run import Inspection, Progress

TARGET, WEIGHT = "target.ome.zarr", "weight.ome.zarr"
PICTURE, REPORT, CONFIGURATION = "overview.png", "report.json", "predictor.yaml"
WRITING = ("write target", "write weight", "draw overview")
PICTURE_DPI = 150


def check_folder(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Whether results may be written to `folder`, before any work is done.

    Raises
    ------
    FileExistsError
        If there is something at `folder`, unless `overwrite`; with it, if what is there is neither an empty
        folder nor one of results.
    """
    path = Path(folder)
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
    raw: Array | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write an inspection to a folder, whole or not at all.

    Parameters
    ----------
    folder : str or path
        Gets ``target.ome.zarr``, ``weight.ome.zarr``, ``overview.png``, ``report.json`` and ``predictor.yaml``.
    inspection : Inspection
        What to write.
    inputs : mapping, optional
        Where ground truth and mask came from, for the report; what JSON can hold.
    raw : Array, optional
        Drawn beneath the ground truth.
    overwrite : bool
        Replace an earlier folder of results.
    progress : callable, optional
        Called with the name of each of `WRITING` and 0.0 when it begins.

    Raises
    ------
    FileExistsError
        As `check_folder`.
    """
    path, tell = check_folder(folder, overwrite), progress or (lambda step, fraction: None)
    attributes = attributes_of(inspection.request.predictor)
    with whole_folder(path) as partial:
        for step, name, array in zip(WRITING, (TARGET, WEIGHT), (inspection.target, inspection.weight), strict=False):
            tell(step, 0.0)
            write_ome_zarr(partial / name, array, name.partition(".")[0], inspection.channel_names, attributes)
        tell(WRITING[-1], 0.0)
        write_about(partial, inspection, inputs, raw)
    return path


def attributes_of(predictor: Predictor) -> dict[str, Any]:
    """What is written beside the metadata of target and weight."""
    return {"predictor_inspector": {"version": __version__, "predictor": predictor_to_config(predictor)}}


def write_about(
    folder: Path, inspection: Inspection, inputs: Mapping[str, Any] | None = None, raw: Array | None = None
) -> None:
    """Write everything about an inspection but its arrays: picture, configuration and report."""
    from predictor_inspector.inspection.output.pictures import overview_figure

    overview_figure(inspection, raw).savefig(folder / PICTURE, dpi=PICTURE_DPI)
    (folder / CONFIGURATION).write_text(predictor_to_yaml(inspection.request.predictor), "utf-8")
    text = json.dumps(report(inspection, inputs), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / REPORT).write_text(text + "\n", "utf-8")


def report(inspection: Inspection, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything about an inspection but its values, as JSON can hold it; lengths are in the report's ``unit``."""
    request, regions, gt = inspection.request, inspection.regions, inspection.gt
    counts = inspection.counts
    content = {
        "version": __version__,
        "inputs": dict(inputs or {}),
        "predictor": predictor_to_config(request.predictor),
        "outside": request.outside,
        "balance_over": request.balance_over,
        "unit": gt.unit,
        "voxel_size": list(gt.physical_voxel_size),
        "axes": list(gt.axis_names[gt.channel_dims :]),
        "regions": {
            "roi": _region(regions.roi, gt),
            "gt_region": _region(regions.gt_region, gt),
            "read_region": _region(regions.read_region, gt),
            "padding_region": _region(regions.padding_region, gt),
            "data": _region(regions.data, gt),
            "beyond_data": [_region(box, gt) for box in regions.beyond_data],
        },
        "channels": [s.as_dict() for s in inspection.statistics],
        "class_counts": (
            {"count": counts.count.tolist(), "total": counts.total.tolist()}
            if isinstance(counts, ClassCounts)
            else None
        ),
        "timings": inspection.timings,
        "device": inspection.device,
        "memory": inspection.memory,
        "notes": list(inspection.notes),
        "files": {"target": TARGET, "weight": WEIGHT, "overview": PICTURE, "predictor": CONFIGURATION},
    }
    return {key: _finite(value) for key, value in content.items()}


def geometry(array: Array) -> dict[str, Any]:
    """Where an array lies, as JSON can hold it: `offset` is the corner of the first voxel."""
    return {
        "shape": list(array.shape),
        "axes": [axis.removesuffix("^") for axis in array.axis_names],
        "dtype": str(array.dtype).removeprefix("torch."),
        "voxel_size": list(array.physical_voxel_size),
        "offset": [o / array.subdivision for o in array.offset],
        "unit": array.unit,
    }


def _region(roi: Roi, gt: Array) -> dict[str, Any]:
    return {
        "begin": [b / gt.subdivision for b in roi.begin],
        "end": [e / gt.subdivision for e in roi.end],
        "voxels": [int(n) for n in roi.shape // gt.voxel_size],
    }


def _finite(value: Any) -> Any:
    """`value` with null for numbers that JSON doesn't know; somebody else's predictor may make them."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
