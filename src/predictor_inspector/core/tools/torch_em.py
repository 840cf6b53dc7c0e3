"""torch_em's label transforms: calls in a Python text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Call, Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool, check_expressible

_TRANSFORMS = "torch_em.transform.label"
_UNREAD = (
    "BoundaryTransform",
    "BoundaryTransformWithIgnoreLabel",
    "NoToBackgroundBoundaryTransform",
    "OneHotTransform",
    "PerObjectDistanceTransform",
)
"""Transforms that no predictor here makes; others' names are too common to be told from other packages'."""


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    return [
        _affinities(call)
        if call.name == "AffinityTransform"
        else Reading(None, call.place, ("it has no predictor here",))
        for call in document.calls
        if call.name in ("AffinityTransform", *_UNREAD)
    ]


def _affinities(call: Call) -> Reading:
    values = call.values("offsets", "ignore_label", "add_binary_target", "add_mask", "include_ignore_transitions")
    if "offsets" not in values:
        raise ValueError(f"{call.place} has no offsets")
    ignored = values.get("ignore_label")
    notes = ["its values are one minus these: there, 1 parts two voxels"]
    if values.get("add_binary_target"):
        notes.append("the foreground, its first channel, has no predictor here")
    if ignored is not None:
        notes.append(f"id {ignored} is ignored there: mask it out here")
    # Background is one more object there, unless it is ignored, when both are the same.
    return Reading(
        {"kind": "affinities", "neighborhood": values["offsets"], "lsds": False, "background_as_object": ignored != 0},
        call.place,
        tuple(notes),
    )


def _write(predictor: Predictor, grid: Grid) -> str:
    check_expressible(
        predictor, "torch_em", ["affinities"], ("neighborhood", "lsds", "num_voxels", "background_as_object")
    )
    config: dict[str, Any] = predictor_to_config(predictor)
    if config["lsds"]:
        raise ValueError("lsds cannot be expressed in torch_em, which has no descriptors: turn them off")
    if not config["background_as_object"]:
        raise ValueError(
            "background_as_object cannot be expressed in torch_em: it is False, and there background is one more object"
        )
    return (
        "# Its values are one minus those of the affinities here: 1 parts two voxels.\n"
        f"from {_TRANSFORMS} import AffinityTransform\n\n"
        f"label_transform = AffinityTransform(\n    offsets={config['neighborhood']},\n    add_mask=True,\n)\n"
    )


TORCH_EM = Tool("torch_em", "torch_em label transform", _read, _write)
