"""dacapo-toolbox's transforms: calls in a Python text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from predictor_inspector.core.config import kind_of, predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Call, Document
from predictor_inspector.core.tools.tool import (
    Grid,
    Reading,
    Tool,
    check_expressible,
    cube_edge,
    described_window,
    whole_voxels,
)

_HALF = "boundaries lie on voxels' faces here, on the next voxel's centre there, half a voxel farther"


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    descriptors = [call for call in document.calls if call.name == "LSD"]
    affinities = [call for call in document.calls if call.name == "Affs"]
    found = [_affinities(call, descriptors[0] if descriptors else None, grid) for call in affinities]
    if not affinities:
        alone = "descriptors have no predictor of their own here, beside affinities only"
        found += [Reading(None, call.place, (alone,)) for call in descriptors]
    return found + [_distance(call, grid) for call in document.calls if call.name == "SignedDistanceTransform"]


def _affinities(call: Call, descriptors: Call | None, grid: Grid | None) -> Reading:
    values = call.values("neighborhood", "dist_func", "pad", "concat_dim")
    function = values.get("dist_func", "equality")
    if function not in ("equality", "equality-no-bg"):
        raise ValueError(f"dist_func of {call.place} can be read as 'equality' or 'equality-no-bg', got {function!r}")
    config: dict[str, Any] = {
        "kind": "affinities",
        "neighborhood": values["neighborhood"],
        "lsds": descriptors is not None,
        "background_as_object": function == "equality",
    }
    if descriptors is not None:
        of = descriptors.values("sigma", "voxel_size", "labels", "downsample")
        config["num_voxels"] = whole_voxels(*described_window(of, grid, descriptors.place))
        config["downsample_lsds"] = of.get("downsample", 1)
    return Reading(config, call.place, ("weights are a transform of their own there",))


def _distance(call: Call, grid: Grid | None) -> Reading:
    scale_factor = float(call.values("sigma").get("sigma", 10.0)) * cube_edge(grid, call.place)
    config = {"kind": "distance", "channels": ["objects"], "scale_factor": scale_factor, "mask_distances": False}
    return Reading(config, call.place, (_HALF,))


def _write(predictor: Predictor, grid: Grid) -> str:
    expressible = (
        *("neighborhood", "lsds", "num_voxels", "downsample_lsds", "background_as_object"),
        *("channels", "scale_factor", "mask_distances", "context_tolerance"),
    )
    check_expressible(predictor, "dacapo-toolbox", ["affinities", "distance"], expressible)
    config = predictor_to_config(predictor)
    if kind_of(predictor) == "distance":
        sigma = config["scale_factor"] / cube_edge(grid, "dacapo-toolbox")
        return (
            f"# {_HALF[0].upper()}{_HALF[1:]}.\n"
            "from dacapo_toolbox.transforms.distances import SignedDistanceTransform\n\n"
            f"distance = SignedDistanceTransform(sigma={sigma:g})\n"
        )
    function = "equality" if config["background_as_object"] else "equality-no-bg"
    lines = ["from dacapo_toolbox.transforms.affs import Affs"]
    if config["lsds"]:
        lines.append("from dacapo_toolbox.transforms.lsds import LSD")
    lines += ["", f'affinities = Affs(\n    neighborhood={config["neighborhood"]},\n    dist_func="{function}",\n)']
    if config["lsds"]:
        window = f"sigma={config['num_voxels'] * grid.largest:g}, voxel_size={list(grid.voxel_size)}"
        lines.append(f"descriptors = LSD({window}, downsample={config['downsample_lsds']})")
    return "\n".join(lines) + "\n"


TOOLBOX = Tool("dacapo-toolbox", "dacapo-toolbox transforms", _read, _write)
