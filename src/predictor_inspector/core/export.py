"""A predictor as text for elsewhere: a Python snippet, and a task configuration for DaCapo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from predictor_inspector.core.config import kind_of, predictor_to_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor

LINE_LENGTH = 88  # of Python snippets, as most formatters have it
CLIP_VOXELS = 10  # DaCapo's evaluator: distances beyond this many voxels count as this many
TOLERANCE_VOXELS = 2  # DaCapo's evaluator: boundaries this close count as found
DETECTION_THRESHOLD = 0.5  # DaCapo's dummy task wants one and gives none


@dataclass(frozen=True)
class _Task:
    """A task configuration of DaCapo: its fields after our parameters', and what else it needs."""

    type_name: str
    fields: dict[str, str]
    constants: dict[str, Any] = field(default_factory=dict)
    evaluates_distance: bool = False


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


_CLIPS = ("affs_weight_clipmin", "affs_weight_clipmax", "lsd_weight_clipmin", "lsd_weight_clipmax")
_TASKS = {
    "affinities": _Task(
        "AffinitiesTaskConfig",
        _same("neighborhood", "lsds")
        | {"num_voxels": "num_lsd_voxels"}
        | _same("downsample_lsds", *_CLIPS, "background_as_object"),
        {"lsds_to_affs_weight_ratio": 1},
    ),
    "distance": _Task(
        "DistanceTaskConfig",
        _same("channels", "scale_factor", "mask_distances", "clipmin", "clipmax"),
        evaluates_distance=True,
    ),
    "hot_distance": _Task(
        "HotDistanceTaskConfig",
        _same("channels", "scale_factor", "mask_distances", "kernel_size"),
        evaluates_distance=True,
    ),
    "inner_distance": _Task("InnerDistanceTaskConfig", _same("channels", "scale_factor"), evaluates_distance=True),
    "one_hot": _Task("OneHotTaskConfig", _same("classes", "kernel_size")),
    "dummy": _Task("DummyTaskConfig", _same("embedding_dims")),
}


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


def predictor_to_dacapo(
    predictor: Predictor,
    name: str,
    voxel_size: Iterable[float],
    clip_distance: float | None = None,
    tol_distance: float | None = None,
    detection_threshold: float = DETECTION_THRESHOLD,
) -> dict[str, Any]:
    """The task configuration with which DaCapo trains on what `predictor` makes, of plain lists, numbers and strings.

    Parameters
    ----------
    predictor : Predictor
        One of the built-in kinds.
    name : str
        The task's name.
    voxel_size : sequence of float
        Of the ground truth, per axis, in its unit.
    clip_distance, tol_distance : float, optional
        What DaCapo's evaluator of distances takes, in the unit of `voxel_size`; by default 10 and 2 times the largest
        voxel size. Other kinds have none.
    detection_threshold : float
        What DaCapo's dummy task takes; other kinds have none.

    Returns
    -------
    dict
        ``{"__type__": "AffinitiesTaskConfig", "name": …, …}``.

    Raises
    ------
    ValueError
        If DaCapo has no task for this kind, or no field for a parameter that differs from its default.
    """
    kind = kind_of(predictor)
    if kind not in _TASKS:
        raise ValueError(f"DaCapo has no task for {kind!r}; it has tasks for {', '.join(_TASKS)}")
    task = _TASKS[kind]
    values = predictor_to_config(predictor)
    for parameter in parameters_of(type(predictor)):
        value = getattr(predictor, parameter.name)
        if parameter.name not in task.fields and (parameter.required or value != parameter.default):
            raise ValueError(
                f"{parameter.name} cannot be expressed in DaCapo's {task.type_name}: it is {value}, and only its "
                f"default {parameter.default} can be exported"
            )
    config: dict[str, Any] = {"__type__": task.type_name, "name": name}
    config |= {theirs: values[ours] for ours, theirs in task.fields.items()} | task.constants
    if task.evaluates_distance:
        largest = max(float(v) for v in voxel_size)
        config["clip_distance"] = CLIP_VOXELS * largest if clip_distance is None else clip_distance
        config["tol_distance"] = TOLERANCE_VOXELS * largest if tol_distance is None else tol_distance
    if kind == "dummy":
        config["detection_threshold"] = detection_threshold
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
