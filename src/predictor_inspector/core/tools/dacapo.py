"""DaCapo's task configurations: YAML of its configuration store, or calls in a script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from predictor_inspector.core.config import kind_of, predictor_to_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.tools.document import Document
from predictor_inspector.core.tools.tool import Grid, Reading, Tool

CLIP_VOXELS = 10  # DaCapo's evaluator: distances beyond this many voxels count as this many
TOLERANCE_VOXELS = 2  # DaCapo's evaluator: boundaries this close count as found

_CLIPS = ("affs_weight_clipmin", "affs_weight_clipmax", "lsd_weight_clipmin", "lsd_weight_clipmax")
_TASKS = {
    "affinities": (
        "AffinitiesTaskConfig",
        ("neighborhood", "lsds", "num_voxels", "downsample_lsds", *_CLIPS, "background_as_object"),
    ),
    "distance": ("DistanceTaskConfig", ("channels", "scale_factor", "mask_distances", "clipmin", "clipmax")),
    "hot_distance": ("HotDistanceTaskConfig", ("channels", "scale_factor", "mask_distances", "kernel_size")),
    "inner_distance": ("InnerDistanceTaskConfig", ("channels", "scale_factor")),
    "one_hot": ("OneHotTaskConfig", ("classes", "kernel_size")),
    "dummy": ("DummyTaskConfig", ("embedding_dims",)),
}
"""DaCapo's task for each kind, and the parameters that it has as well."""

_RENAMED = {"num_voxels": "num_lsd_voxels"}

_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "affinities": {"lsds": False, "num_voxels": 10},
    "distance": {"scale_factor": 1, "mask_distances": True},
    "hot_distance": {"scale_factor": 1, "mask_distances": False},
    "inner_distance": {"scale_factor": 1},
}
"""What its fields are when they aren't given, where that isn't our default."""

_ELSEWHERE = {
    "name": "",
    "__type__": "",
    "clip_distance": "the evaluator's",
    "tol_distance": "the evaluator's",
    "lsds_to_affs_weight_ratio": "the loss's",
    "detection_threshold": "the post-processing's",
}
"""Fields that say nothing of the target, and whose they are."""


def _read(document: Document, grid: Grid | None) -> Sequence[Reading]:
    return [_reading(kind, values, of) for kind, values, of in _tasks(document)]


def _tasks(document: Document) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    kinds = {type_name: kind for kind, (type_name, _) in _TASKS.items()}
    for mapping in document.mappings():
        if (type_name := mapping.get("__type__")) in kinds:
            yield kinds[type_name], mapping, str(type_name)
    for call in document.calls:
        if call.name in kinds:
            yield kinds[call.name], call.values(without=_ELSEWHERE), call.place


def _reading(kind: str, values: Mapping[str, Any], of: str) -> Reading:
    own = {_RENAMED.get(field, field): field for field in _TASKS[kind][1]}
    config = {"kind": kind, **_DEFAULTS.get(kind, {})}
    notes = []
    for name, value in values.items():
        if name in own:
            if value is not None:  # as for kernel_size, which then is 1
                config[own[name]] = value
        elif name not in _ELSEWHERE:
            notes.append(f"{name} of {of} is no parameter of {kind} and was left out")
    return Reading(config, of, tuple(notes))


def predictor_to_dacapo(predictor: Predictor, grid: Grid) -> dict[str, Any]:
    """DaCapo's task configuration for training on the same targets: ``{"__type__": "AffinitiesTaskConfig", "name": …, …}``.

    The distances of DaCapo's evaluator follow from the voxel size. Only plain lists, numbers and strings come out.

    Raises
    ------
    ValueError
        If DaCapo has no task for this kind, or no field for a parameter that differs from its default.
    """
    kind = kind_of(predictor)
    if kind not in _TASKS:
        raise ValueError(f"DaCapo has no task for {kind!r}; it has tasks for {', '.join(_TASKS)}")
    type_name, fields = _TASKS[kind]
    for parameter in parameters_of(type(predictor)):
        value = getattr(predictor, parameter.name)
        if parameter.name not in fields and (parameter.required or value != parameter.default):
            raise ValueError(
                f"{parameter.name} cannot be expressed in DaCapo's {type_name}: it is {value}, and only its default "
                f"{parameter.default} can be exported"
            )
    values = predictor_to_config(predictor)
    config: dict[str, Any] = {"__type__": type_name, "name": grid.name}
    config |= {_RENAMED.get(field, field): values[field] for field in fields}
    if kind == "affinities":
        config["lsds_to_affs_weight_ratio"] = 1
    elif kind == "dummy":
        config["detection_threshold"] = 0.5  # DaCapo wants one and has no default
    elif "scale_factor" in fields:
        config |= {"clip_distance": CLIP_VOXELS * grid.largest, "tol_distance": TOLERANCE_VOXELS * grid.largest}
    return config


def _write(predictor: Predictor, grid: Grid) -> str:
    config = predictor_to_dacapo(predictor, grid)
    notes = [f"# DaCapo task configuration, made from the {kind_of(predictor)} predictor."]
    if "clip_distance" in config:
        notes.append(
            f"# clip_distance and tol_distance are the evaluator's, in {grid.unit}: set here to {CLIP_VOXELS} and "
            f"{TOLERANCE_VOXELS} times the largest voxel size."
        )
    if "lsds_to_affs_weight_ratio" in config:
        notes.append("# lsds_to_affs_weight_ratio is the loss's: set here to DaCapo's default.")
    if "detection_threshold" in config:
        notes.append("# detection_threshold is the post-processing's: set here to a half.")
    body = yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=110)
    return "\n".join(notes) + "\n" + str(body)


DACAPO = Tool("dacapo", "DaCapo task configuration", _read, _write)
