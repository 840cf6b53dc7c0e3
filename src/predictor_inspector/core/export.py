"""A predictor as text for elsewhere: a Python snippet, and a task configuration for DaCapo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from predictor_inspector.core.config import kind_of, predictor_to_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor

LINE_LENGTH = 88  # of Python snippets, as most formatters have it
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


def predictor_to_python(predictor: Predictor) -> str:
    """Python that makes `predictor`: an import and an assignment that names what differs from its default."""
    cls = type(predictor)
    core = __name__.rpartition(".")[0]
    module = core if cls.__module__.startswith(f"{core}.") else cls.__module__
    arguments = [
        f"{p.name}={getattr(predictor, p.name)!r}"
        for p in parameters_of(cls)
        if p.required or getattr(predictor, p.name) != p.default
    ]
    call = f"predictor = {cls.__name__}({', '.join(arguments)})"
    if len(call) > LINE_LENGTH:
        call = f"predictor = {cls.__name__}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"
    return f"from {module} import {cls.__name__}\n\n{call}\n"


def predictor_to_dacapo(predictor: Predictor, name: str, voxel_size: Iterable[float]) -> dict[str, Any]:
    """DaCapo's task configuration for training on the same targets: ``{"__type__": "AffinitiesTaskConfig", "name": …, …}``.

    `name` is the task's; `voxel_size` that of the ground truth, per axis, from which the distances of DaCapo's evaluator
    follow. Only plain lists, numbers and strings come out.

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
    config: dict[str, Any] = {"__type__": type_name, "name": name}
    config |= {_RENAMED.get(field, field): values[field] for field in fields}
    if kind == "affinities":
        config["lsds_to_affs_weight_ratio"] = 1
    elif kind == "dummy":
        config["detection_threshold"] = 0.5  # DaCapo wants one and has no default
    elif "scale_factor" in fields:
        largest = max(float(v) for v in voxel_size)
        config |= {"clip_distance": CLIP_VOXELS * largest, "tol_distance": TOLERANCE_VOXELS * largest}
    return config


def predictor_to_dacapo_yaml(predictor: Predictor, name: str, voxel_size: Iterable[float], unit: str = "nm") -> str:
    """`predictor_to_dacapo` as YAML, with a comment on every value that was chosen, not taken from `predictor`."""
    import yaml

    config = predictor_to_dacapo(predictor, name, voxel_size)
    notes = [f"# DaCapo task configuration, made from the {kind_of(predictor)} predictor."]
    if "clip_distance" in config:
        notes.append(
            f"# clip_distance and tol_distance are the evaluator's, in {unit}: set here to {CLIP_VOXELS} and "
            f"{TOLERANCE_VOXELS} times the largest voxel size."
        )
    if "lsds_to_affs_weight_ratio" in config:
        notes.append("# lsds_to_affs_weight_ratio is the loss's: set here to DaCapo's default.")
    if "detection_threshold" in config:
        notes.append("# detection_threshold is the post-processing's: set here to a half.")
    body = yaml.safe_dump(config, sort_keys=False, default_flow_style=None, width=110)
    return "\n".join(notes) + "\n" + str(body)
