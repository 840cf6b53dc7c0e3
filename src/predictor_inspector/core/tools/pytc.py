"""PyTorch Connectomics' label transforms: the targets of its YAML, from version 2 on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool, check_expressible, described_window, whole_voxels

_NEAREST = ["1-0-0", "0-1-0", "0-0-1"]


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    found = []
    for transform in document.mappings():
        targets = transform.get("targets")
        if not isinstance(targets, list):
            continue
        tasks = list(_tasks(targets))
        lsd = next((values for name, values in tasks if name == "lsd"), None)
        for name, values in tasks:
            if name == "affinity":
                found.append(_affinities(values, lsd, int(transform.get("erosion") or 0), grid))
            elif name != "lsd" or not any(other == "affinity" for other, _ in tasks):
                found.append(Reading(None, name, ("it has no predictor here",)))
    return found


def _tasks(targets: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for target in targets:
        if isinstance(target, str):
            yield target, {}
        elif isinstance(target, Mapping) and (name := target.get("name") or target.get("task") or target.get("type")):
            yield str(name), target.get("kwargs") or {}


def _affinities(values: Mapping[str, Any], lsd: Mapping[str, Any] | None, eroded: int, grid: Grid | None) -> Reading:
    # "deepem" writes a pair to the voxel that an offset leads to, so that the partner lies the other way.
    sign = {"deepem": -1, "banis": 1}.get(str(values.get("affinity_mode", "deepem")).lower())
    if sign is None:
        raise ValueError(f"affinity_mode is deepem or banis in PyTorch Connectomics, got {values['affinity_mode']!r}")
    if (far := values.get("long_range")) is not None:
        offsets = [[d if axis == a else 0 for a in range(3)] for d in (1, int(far)) for axis in range(3)]
    else:
        offsets = [_offset(offset) for offset in values.get("offsets") or _NEAREST]
    config: dict[str, Any] = {
        "kind": "affinities",
        "neighborhood": [[sign * d for d in offset] for offset in offsets],
        "lsds": lsd is not None,
    }
    notes = ["weights aren't balanced by the target there, but by its losses"]
    if any(not any(offset) for offset in offsets):
        raise ValueError(
            "an offset of 0-0-0 is the foreground in PyTorch Connectomics, which affinities here don't have"
        )
    if eroded or values.get("erosion"):
        notes.append("its erosion, which leaves objects' outer faces alone, is left out")
    if lsd is not None:
        if lsd.get("mode", "gaussian") != "gaussian" or lsd.get("components"):
            raise ValueError("lsd can be read with mode gaussian and all its components only")
        config["num_voxels"] = whole_voxels(*described_window(lsd, grid, "lsd"))
        config["downsample_lsds"] = lsd.get("downsample", 1)
    return Reading(config, "affinity", tuple(notes))


def _offset(offset: Any) -> list[int]:
    parts = offset.split("-") if isinstance(offset, str) else offset
    return [int(part) for part in parts]


def _write(predictor: Predictor, grid: Grid) -> str:
    check_expressible(
        predictor, "PyTorch Connectomics", ["affinities"], ("neighborhood", "lsds", "num_voxels", "downsample_lsds")
    )
    config = predictor_to_config(predictor)
    offsets = config["neighborhood"]
    if len(offsets[0]) != 3:
        raise ValueError(f"offsets have three axes in PyTorch Connectomics, these have {len(offsets[0])}")
    backwards = all(d <= 0 for offset in offsets for d in offset)
    forwards = all(d >= 0 for offset in offsets for d in offset)
    kwargs: dict[str, Any] = {"offsets": offsets, "affinity_mode": "deepem" if backwards else "banis"}
    if backwards or forwards:
        kwargs["offsets"] = ["-".join(str(abs(d)) for d in offset) for offset in offsets]
    targets: list[dict[str, Any]] = [{"name": "affinity", "kwargs": kwargs}]
    if config["lsds"]:
        sizes = list(grid.voxel_size)
        lsd = {
            "sigma": config["num_voxels"] * grid.largest,
            "voxel_size": sizes,
            "downsample": config["downsample_lsds"],
        }
        targets.append({"name": "lsd", "kwargs": lsd})
    return str(
        yaml.safe_dump({"data": {"label_transform": {"targets": targets}}}, sort_keys=False, default_flow_style=None)
    )


PYTC = Tool("pytc", "PyTorch Connectomics label transform", _read, _write)
