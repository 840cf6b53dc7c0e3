"""An explanation of one voxel's value, for channels of the kind "nearness"."""

import numpy as np

from predictor_inspector.inspection.explanation import Line, Reason, Voxel, annotated, balanced


def explain_nearness(voxel: Voxel) -> tuple[Reason, Reason]:
    """Why the target is what it is, and why the weight."""
    own, radius = voxel.id_at(voxel.at), voxel.parameter("scale")
    weight = balanced(voxel, [annotated(voxel)], voxel.value > 0)
    if own == 0:
        return Reason(("This voxel has id 0.",), 0.0, sentence="0, because this voxel is on background."), weight
    everything = tuple(slice(0, n) for n in voxel.shape)
    centre = voxel.centre(np.argwhere(voxel.labels(everything) == own).mean(0))
    here = voxel.centre()
    distance = float(np.linalg.norm(here - centre))
    return Reason(
        steps=(
            f"The centre of object {own} is {distance:.4g} {voxel.unit} away.",
            f"1 − {distance:.4g} / {radius:.4g} = {1 - distance / radius:.4g}, and not below 0.",
        ),
        derived=max(1 - distance / radius, 0.0),
        marks=(Line(tuple(here), tuple(centre), "object", f"{distance:.4g} {voxel.unit}"),),
        sentence=f"{voxel.value:.3g}, because the centre of object {own} is {distance:.4g} {voxel.unit} away.",
    ), weight
