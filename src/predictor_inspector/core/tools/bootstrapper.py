"""bootstrapper's net_config.json: what a network's outputs are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool, check_expressible, whole_voxels

_EXPRESSIBLE = ("neighborhood", "lsds", "num_voxels", "downsample_lsds", "grow_boundary_iterations", "only_xy")


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    outputs = document.mapping.get("outputs")
    if not isinstance(outputs, Mapping) or not all(isinstance(output, Mapping) for output in outputs.values()):
        return []
    found = []
    for name, output in outputs.items():
        dims, _, what = str(name).partition("d_")
        if what == "affs" and "neighborhood" in output:
            found.append(_affinities(str(name), output, outputs.get(f"{dims}d_lsds"), grid))
        elif what == "lsds" and f"{dims}d_affs" not in outputs:
            found.append(
                Reading(None, str(name), ("descriptors have no predictor of their own here, beside affinities only",))
            )
    return found


def _affinities(name: str, affs: Mapping[str, Any], lsds: Mapping[str, Any] | None, grid: Grid | None) -> Reading:
    config: dict[str, Any] = {"kind": "affinities", "neighborhood": affs["neighborhood"], "lsds": lsds is not None}
    notes = [
        "weights are balanced channel by channel here, over all channels together by gunpowder's BalanceLabels there"
    ]
    if grown := affs.get("grow_boundary", 0):
        config |= {"grow_boundary_iterations": grown, "only_xy": True}
    if lsds is not None:
        config["num_voxels"] = whole_voxels(float(lsds["sigma"]), grid, f"{name.partition('_')[0]}_lsds")
        config["downsample_lsds"] = lsds.get("downsample", 1)
        if lsds.get("grow_boundary", 0):
            notes.append("descriptors are of labels that aren't eroded here")
    return Reading(config, name, tuple(notes))


def _write(predictor: Predictor, grid: Grid) -> str:
    check_expressible(predictor, "bootstrapper", ["affinities"], _EXPRESSIBLE)
    config = predictor_to_config(predictor)
    dims = len(config["neighborhood"][0])
    grown = config["grow_boundary_iterations"]
    if grown and dims == 3 and not config["only_xy"]:
        raise ValueError(
            "grow_boundary_iterations can only be expressed in bootstrapper with only_xy, as it erodes in planes"
        )
    outputs: dict[str, Any] = {}
    if config["lsds"]:
        outputs[f"{dims}d_lsds"] = {
            "dtype": "uint8",
            "dims": 10 if dims == 3 else 6,
            "sigma": _plain(config["num_voxels"] * grid.largest),
            "downsample": config["downsample_lsds"],
        }
    outputs[f"{dims}d_affs"] = {
        "dtype": "uint8",
        "dims": len(config["neighborhood"]),
        "neighborhood": config["neighborhood"],
        "grow_boundary": grown,
    }
    listed = ",\n".join(f'        "{name}": {json.dumps(output)}' for name, output in outputs.items())
    return f'{{\n    "outputs": {{\n{listed}\n    }}\n}}\n'


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number


BOOTSTRAPPER = Tool("bootstrapper", "bootstrapper net_config.json", _read, _write)
