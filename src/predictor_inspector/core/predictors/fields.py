"""Parameters that several predictors have, and the checks that go with them."""

from __future__ import annotations

from typing import Any

CHANNELS: dict[str, Any] = {"doc": "Names of the ground truth's channels, in order.", "widget": "names"}
SCALE_FACTOR: dict[str, Any] = {
    "doc": "Distance at which the target reaches tanh(1) = 0.76; larger values give a gentler slope.",
    "unit": "length",
    "minimum": 0.0,
    "exclusive": True,
}
CONTEXT_TOLERANCE: dict[str, Any] = {
    "doc": "How far a target may be off for lack of ground truth around it; decides the context.",
    "minimum": 0.0,
    "maximum": 1.0,
    "exclusive": True,
    "advanced": True,
}
KERNEL_SIZE: dict[str, Any] = {
    "doc": "Kernel size of the model's last convolution.",
    "unit": "voxels",
    "minimum": 1,
    "maximum": 31,
    "advanced": True,
    "affects": "model",
}

_OF_WEIGHTS: dict[str, Any] = {"minimum": 0.0, "maximum": 1.0, "advanced": True, "affects": "weight"}

CLIPMIN: dict[str, Any] = {
    **_OF_WEIGHTS,
    "doc": "A class counts as at least this share of the voxels, so that no weight exceeds 1 / (2 · clipmin).",
    "exclusive": True,
}
CLIPMAX: dict[str, Any] = {
    **_OF_WEIGHTS,
    "doc": "A class counts as at most this share of the voxels, so that no weight falls below 1 / (2 · clipmax).",
}
MASK_DISTANCES: dict[str, Any] = {
    "doc": "Give no weight to voxels whose nearest boundary may lie beyond what is annotated.",
    "affects": "weight",
}
EPSILON: dict[str, Any] = {
    **_OF_WEIGHTS,
    "doc": "How much more than its own target the distance to the unknown must amount to for a voxel to keep its weight.",
}
THRESHOLD: dict[str, Any] = {
    **_OF_WEIGHTS,
    "doc": "A voxel as far from the unknown as this target value keeps its weight whatever its own target.",
}
MAX_DIAMETER: dict[str, Any] = {
    "doc": "The longest that an object is along any axis: so far ground truth is looked at, that objects may be whole.",
    "unit": "length",
    "minimum": 0.0,
    "exclusive": True,
}
MASK_CUT_OBJECTS: dict[str, Any] = {
    "doc": "Give no weight to what depends on objects that may go on where nothing is annotated, or beyond the data.",
    "affects": "weight",
}


def check_clips(owner: str, prefix: str, clipmin: float, clipmax: float) -> None:
    """Raise a ``ValueError`` naming both limits if they are the wrong way round."""
    if clipmin > clipmax:
        raise ValueError(f"{owner}: {prefix}min must not exceed {prefix}max, got {clipmin} > {clipmax}")


def checked_names(owner: str, parameter: str, names: Any) -> tuple[str, ...]:
    """`names` as strings; ``ValueError`` for a single string, and for none."""
    if isinstance(names, str) or len(names) == 0:
        raise ValueError(f"{owner}: {parameter} must be a list of at least one name, got {names!r}")
    return tuple(str(name) for name in names)
