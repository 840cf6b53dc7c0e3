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

_BESIDE = {"lsd": "affinity", "binary": "instance_boundary"}
"""Targets that a predictor makes beside another one."""


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    found = []
    for transform in document.mappings():
        targets = transform.get("targets")
        if not isinstance(targets, list):
            continue
        tasks = list(_tasks(targets))
        lsd = next((values for name, values in tasks if name == "lsd"), None)
        for name, values in tasks:
            if name == "instance_boundary":
                found.append(_boundary(values, any(other == "binary" for other, _ in tasks)))
            elif name == "affinity":
                found.append(_affinities(values, lsd, int(transform.get("erosion") or 0), grid))
            elif _BESIDE.get(name) not in [other for other, _ in tasks]:
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


def _boundary(values: Mapping[str, Any], foreground: bool) -> Reading:
    edges, planes = values.get("edge_mode", "seg-all"), values.get("mode", "3d") == "2d"
    if values.get("thickness", 1) != 1 or edges not in ("all", "seg-all", "seg-no-bg"):
        raise ValueError("instance_boundary can be read with thickness 1 and edge_mode all, seg-all or seg-no-bg")
    config: dict[str, Any] = {"kind": "boundary", "thickness": [0, 1, 1] if planes else 1, "foreground": foreground}
    if edges == "seg-no-bg":
        config |= {"mode": "inner", "with_background": False}
    return Reading(config, "instance_boundary")


def _offset(offset: Any) -> list[int]:
    parts = offset.split("-") if isinstance(offset, str) else offset
    return [int(part) for part in parts]


def _write(predictor: Predictor, grid: Grid) -> str:
    affinities = ("neighborhood", "lsds", "num_voxels", "downsample_lsds")
    boundary = ("thickness", "mode", "with_background", "foreground")
    check_expressible(predictor, "PyTorch Connectomics", ["affinities", "boundary"], (*affinities, *boundary))
    config = predictor_to_config(predictor)
    targets = list(_boundary_tasks(config) if config["kind"] == "boundary" else _affinity_tasks(config, grid))
    written = {"data": {"label_transform": {"targets": targets}}}
    return str(yaml.safe_dump(written, sort_keys=False, default_flow_style=None))


def _affinity_tasks(config: Mapping[str, Any], grid: Grid) -> Iterator[dict[str, Any]]:
    offsets = config["neighborhood"]
    if len(offsets[0]) != 3:
        raise ValueError(f"offsets have three axes in PyTorch Connectomics, these have {len(offsets[0])}")
    backwards = all(d <= 0 for offset in offsets for d in offset)
    forwards = all(d >= 0 for offset in offsets for d in offset)
    if backwards or forwards:  # its strings have no room for a sign
        offsets = ["-".join(str(abs(d)) for d in offset) for offset in offsets]
    mode = "deepem" if backwards else "banis"
    yield {"name": "affinity", "kwargs": {"offsets": offsets, "affinity_mode": mode}}
    if config["lsds"]:
        sigma, sizes = config["num_voxels"] * grid.largest, list(grid.voxel_size)
        kwargs = {"sigma": sigma, "voxel_size": sizes, "downsample": config["downsample_lsds"]}
        yield {"name": "lsd", "kwargs": kwargs}


def _boundary_tasks(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    edges = {("thick", True): "seg-all", ("inner", False): "seg-no-bg"}.get((config["mode"], config["with_background"]))
    if edges is None:
        raise ValueError(
            "mode can be expressed in PyTorch Connectomics as thick with, or inner without with_background, "
            f"got {config['mode']} and with_background {config['with_background']}"
        )
    planes = config["thickness"] == [0, 1, 1]
    if not planes and config["thickness"] not in (1, [1, 1, 1]):
        raise ValueError(f"thickness can be expressed there as 1 or (0, 1, 1), got {config['thickness']}")
    if config["foreground"]:
        yield {"name": "binary", "kwargs": {}}
    kwargs = {"thickness": 1, "edge_mode": edges, "mode": "2d" if planes else "3d"}
    yield {"name": "instance_boundary", "kwargs": kwargs}


PYTC = Tool("pytc", "PyTorch Connectomics label transform", _read, _write)
