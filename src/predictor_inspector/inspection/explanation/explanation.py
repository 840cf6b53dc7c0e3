"""Explanation of one voxel's target and weight, and the registry of explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape

from predictor_inspector.core.html import html_titled
from predictor_inspector.core.registry import Extensions
from predictor_inspector.core.text import amount, format_voxel
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.explanation.parts import Mark, Reason
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
        "boundary": f"{_HERE}.boundary:explain_boundary",
        "constant": f"{_HERE}.unknown:explain_constant",
        "depth": f"{_HERE}.stars:explain_depth",
        "descriptor": f"{_HERE}.descriptors:explain_descriptor",
        "distance": f"{_HERE}.distance:explain_distance",
        "flow": f"{_HERE}.flows:explain_flow",
        "one-hot": f"{_HERE}.one_hot:explain_one_hot",
        "ray": f"{_HERE}.stars:explain_ray",
        "ray 3-D": f"{_HERE}.stars:explain_ray",
        "signed distance": f"{_HERE}.distance:explain_distance",
    },
    is_valid=callable,
    requirement="a function that gives the reasons of a voxel's target and weight",
)
"""By the kind of channel that they are for, see `Channel`."""


@dataclass(frozen=True)
class Explanation:
    """Why one voxel has the target, `value`, and the `weight` that it has.

    `title` says the channel and which voxel it is, as `format_voxel` does, `index` is its place in the ROI, and `position`
    its centre in the unit of length. `why_loss` is what a prediction adds to the loss there, where there is one.
    """

    title: str
    index: tuple[int, ...]
    position: tuple[float, ...]
    value: float
    weight: float
    why_value: Reason
    why_weight: Reason
    why_loss: Reason | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What to draw, in the world."""
        return (*self.why_value.marks, *self.why_weight.marks)

    @property
    def parts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Target, weight and, where there is a prediction, its loss: each with its value, and the steps that lead there."""
        found = [
            (f"Target {amount(self.value)}", self.why_value.steps),
            (f"Weight {amount(self.weight)}", self.why_weight.steps),
        ]
        if self.why_loss is not None:
            found.append((self.loss_title, self.why_loss.steps))
        return tuple(found)

    @property
    def loss_title(self) -> str:
        """``"Loss 1.2e-06"``; without the number where there is none, empty without a prediction."""
        if self.why_loss is None:
            return ""
        return "Loss" if self.why_loss.derived is None else f"Loss {amount(self.why_loss.derived)}"

    def _repr_html_(self) -> str:
        blocks = [f"<p>{escape(self.why_value.sentence)}</p>"]
        for title, steps in self.parts:
            items = "".join(f"<li>{escape(step)}</li>" for step in steps)
            blocks.append(f"<div><b>{escape(title)}</b><ul>{items}</ul></div>")
        return html_titled(self.title, *blocks)

    def as_text(self) -> str:
        """All that is said, for a terminal or the clipboard."""
        lines = [self.title, self.why_value.sentence]
        for title, steps in self.parts:
            lines += ["", title, *(f"  {step}" for step in steps)]
        return "\n".join(lines)


def explain(inspection: Inspection, channel: int | str, voxel: Sequence[int]) -> Explanation:
    """Where the target and the weight of one voxel come from.

    Parameters
    ----------
    channel : int or str
        The channel of target and weight, by index or by name.
    voxel : sequence of int
        Its place in the ROI, in voxels; `voxel_at` finds it for a point of the world.

    Raises
    ------
    ValueError
        If there is no such channel, the voxel lies outside the ROI, or the explanation that another package registers
        for this kind of channel can't be loaded.
    """
    if isinstance(channel, str):
        names = inspection.channel_names
        if channel not in names:
            raise ValueError(f"channel must be among {', '.join(map(repr, names))}; got {channel!r}")
        channel = names.index(channel)
    place = Voxel(inspection, channel, tuple(int(i) for i in voxel))
    why_value, why_weight = explanation_of(place.described.kind)(place)
    position = tuple(place.centre().tolist())
    title = f"{place.described.name} at {format_voxel(position, inspection.request.source.gt)}"
    return Explanation(title, place.index, position, place.value, place.weight, why_value, why_weight)


def explain_at(inspection: Inspection, channel: int | str, position: Sequence[float]) -> Explanation | None:
    """As `explain`, for the voxel at a point of the world in the unit of length; None outside the ROI."""
    voxel = voxel_at(inspection, position)
    return None if voxel is None else explain(inspection, channel, voxel)


@cache
def explanation_of(kind: str) -> Explain:
    """The explanation registered for channels of this kind, or one from outside if there is none."""
    known = kind in EXPLANATIONS.built_in or kind in EXPLANATIONS.names()
    return EXPLANATIONS.load(kind) if known else explain_unknown
