"""torch_em's label transforms: calls in a Python text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Call, Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool, check_expressible

_UNREAD = ("NoToBackgroundBoundaryTransform", "PerObjectDistanceTransform")
"""Transforms that no predictor here makes; others' names are too common to be told from other packages'."""

_MODES = ("thick", "inner", "outer")


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    readers = {
        "AffinityTransform": _affinities,
        "BoundaryTransform": _boundary,
        "BoundaryTransformWithIgnoreLabel": _boundary,
        "OneHotTransform": _one_hot,
        **dict.fromkeys(_UNREAD, _unread),
    }
    return [readers[call.name](call) for call in document.calls if call.name in readers]


def _unread(call: Call) -> Reading:
    return Reading(None, call.place, ("it has no predictor here",))


def _boundary(call: Call) -> Reading:
    ignores = call.name == "BoundaryTransformWithIgnoreLabel"
    values = call.values(*(["ignore_label"] if ignores else []), "mode", "add_binary_target", "ndim")
    mode = values.get("mode", "thick")
    if mode not in _MODES:
        raise ValueError(f"mode of {call.place} can be read as {', '.join(_MODES)}, got {mode!r}")
    ignored = values.get("ignore_label", -1)
    notes = (f"id {ignored} is ignored there: mask it out here",) if ignores else ()
    config = {"kind": "boundary", "mode": mode, "foreground": bool(values.get("add_binary_target", False))}
    return Reading(config, call.place, notes)


def _one_hot(call: Call) -> Reading:
    ids = call.values("class_ids").get("class_ids")
    ids = list(range(ids)) if isinstance(ids, int) else ids
    if not ids or ids != list(range(len(ids))):
        raise ValueError(f"class_ids of {call.place} can be read as 0, 1, 2 …, got {ids}")
    return Reading({"kind": "one_hot", "classes": [f"class {i}" for i in ids]}, call.place)


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
    parameters = ("neighborhood", "lsds", "num_voxels", "background_as_object", "mode", "foreground", "classes")
    check_expressible(predictor, "torch_em", ["affinities", "boundary", "one_hot"], parameters)
    config: dict[str, Any] = predictor_to_config(predictor)
    if config["kind"] == "one_hot":
        return _call("OneHotTransform", f"class_ids={len(config['classes'])}")
    if config["kind"] == "boundary":
        return _call("BoundaryTransform", f"mode={config['mode']!r}, add_binary_target={config['foreground']}")
    if config["lsds"]:
        raise ValueError("lsds cannot be expressed in torch_em, which has no descriptors: turn them off")
    if not config["background_as_object"]:
        raise ValueError(
            "background_as_object cannot be expressed in torch_em: it is False, and there background is one more object"
        )
    said = "# Its values are one minus those of the affinities here: 1 parts two voxels.\n"
    return said + _call("AffinityTransform", f"offsets={config['neighborhood']}, add_mask=True")


def _call(transform: str, arguments: str) -> str:
    return f"from torch_em.transform.label import {transform}\n\nlabel_transform = {transform}({arguments})\n"


TORCH_EM = Tool("torch_em", "torch_em label transform", _read, _write)
