"""`explain`: where one voxel's target and weight come from, in words, numbers and geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.explanation import affinities, classes, distance  # noqa: F401 (they register)
from predictor_inspector.inspection.explanation.marks import Mark
from predictor_inspector.inspection.explanation.parts import Curve
from predictor_inspector.inspection.explanation.target import explain_target
from predictor_inspector.inspection.explanation.text import amount, named
from predictor_inspector.inspection.explanation.voxel import Voxel, voxel_at
from predictor_inspector.inspection.explanation.weights import explain_weight


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
        What the arithmetic comes to; None where it isn't retraced (predictors of other people).
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
        If there is no such channel, or the voxel lies outside the ROI.
    """
    place = Voxel(inspection, channel, tuple(int(i) for i in voxel))
    predictor = place.predictor
    target, weight = explain_target(predictor, place), explain_weight(predictor, place)
    centre = place.centre()
    return Explanation(
        title=f"{place.name} at {named(place.axes, centre.tolist())} {place.unit}",
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
