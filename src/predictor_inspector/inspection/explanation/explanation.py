"""Explanation of one voxel's target and weight, and the registry of explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from predictor_inspector.core.registry import Extensions
from predictor_inspector.core.text import amount
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.explanation.parts import Curve, Mark, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Voxel, voxel_at

Explain = Callable[[Voxel], tuple[Reason, Reason]]
"""Gives the reasons of a voxel's target and of its weight."""

_HERE = "predictor_inspector.inspection.explanation"

EXPLANATIONS: Extensions[Explain] = Extensions(
    noun="explanation",
    group="predictor_inspector.explanations",
    built_in={
        "affinity": f"{_HERE}.affinities:explain_affinity",
        "constant": f"{_HERE}.unknown:explain_constant",
        "descriptor": f"{_HERE}.descriptors:explain_descriptor",
        "distance": f"{_HERE}.distance:explain_distance",
        "one-hot": f"{_HERE}.one_hot:explain_one_hot",
        "signed distance": f"{_HERE}.distance:explain_distance",
    },
    is_valid=callable,
    requirement="a function that gives the reasons of a voxel's target and weight",
)
"""By the kind of channel that they are for, see `Channel`."""


@dataclass(frozen=True)
class Explanation:
    """Why one voxel has the target and the weight that it has.

    Attributes
    ----------
    title : str
        The channel, and where in the world the voxel lies.
    sentence : str
        Why the target is what it is, in one plain sentence with ids, numbers and units.
    target_steps, weight_steps : tuple of str
        The arithmetic that leads to the target and to the weight, line by line.
    value, weight : float
        What target and weight hold.
    derived_value, derived_weight : float or None
        What the arithmetic comes to; None where it isn't retraced.
    marks : tuple of Mark
        What to draw, in the world.
    curve : Curve or None
        The function that made the last step, with the voxel on it.
    channel : int
        The channel of target and weight.
    index : tuple of int
        The voxel's place in the ROI.
    position : tuple of float
        Its centre in the unit of length.
    """

    title: str
    sentence: str
    target_steps: tuple[str, ...]
    weight_steps: tuple[str, ...]
    value: float
    weight: float
    derived_value: float | None
    derived_weight: float | None
    marks: tuple[Mark, ...]
    curve: Curve | None
    channel: int
    index: tuple[int, ...]
    position: tuple[float, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """All the arithmetic, target first."""
        return (*self.target_steps, *self.weight_steps)

    def as_text(self) -> str:
        """All that is said, for a terminal or the clipboard."""
        lines = [self.title, self.sentence, "", f"Target {amount(self.value)}", *(f"  {s}" for s in self.target_steps)]
        lines += ["", f"Weight {amount(self.weight)}", *(f"  {s}" for s in self.weight_steps)]
        return "\n".join(lines)


def explain(inspection: Inspection, channel: int, voxel: Sequence[int]) -> Explanation:
    """Where the target and the weight of one voxel come from.

    Parameters
    ----------
    inspection : Inspection
        What to explain.
    channel : int
        The channel of target and weight.
    voxel : sequence of int
        Its place in the ROI, in voxels; `voxel_at` finds it for a point of the world.

    Raises
    ------
    ValueError
        If there is no such channel, the voxel lies outside the ROI, or the explanation that another package registers
        for this kind of channel can't be loaded.
    """
    place = Voxel(inspection, channel, tuple(int(i) for i in voxel))
    target, weight = explanation_of(place.described.kind)(place)
    centre = place.centre()
    where = ", ".join(f"{axis} {amount(value, 6)}" for axis, value in zip(place.axes, centre.tolist(), strict=True))
    return Explanation(
        title=f"{place.described.name} at {where} {place.unit}",
        sentence=target.sentence,
        target_steps=target.steps,
        weight_steps=weight.steps,
        value=place.value,
        weight=place.weight,
        derived_value=target.derived,
        derived_weight=weight.derived,
        marks=(*target.marks, *weight.marks),
        curve=target.curve,
        channel=channel,
        index=place.index,
        position=tuple(centre.tolist()),
    )


def explain_at(inspection: Inspection, channel: int, position: Sequence[float]) -> Explanation | None:
    """As `explain`, for the voxel at a point of the world in the unit of length; None outside the ROI."""
    voxel = voxel_at(inspection, position)
    return None if voxel is None else explain(inspection, channel, voxel)


@cache
def explanation_of(kind: str) -> Explain:
    """What explains channels of this kind; what can be seen from outside where nothing is registered for it."""
    known = kind in EXPLANATIONS.built_in or kind in EXPLANATIONS.names()
    return EXPLANATIONS.load(kind) if known else explain_unknown
