"""`explain_loss`: what a prediction adds to the loss at one voxel, in words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import amount, percent, signed
from predictor_inspector.inspection.engine.predictions import activated, covered_by, has_sigmoid, predicted_values
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.explanation.parts import Reason
from predictor_inspector.inspection.loss.loss_map import losses_of
from predictor_inspector.inspection.loss.losses import Loss

_TIMES = {0: "is ignored", 1: "counts once", 2: "counts squared"}


def explain_loss(
    inspection: Inspection, prediction: Array, loss: Loss, voxel: Sequence[int], logits: bool = False
) -> tuple[Reason, ...] | None:
    """What each channel of one voxel adds to the loss, as in `loss_map`; nothing else of the prediction is read.

    Parameters
    ----------
    prediction, loss, logits
        As of `loss_map`, but that the prediction may cover a part of the ROI: the loss is that of this part.
    voxel : sequence of int
        Its place in the ROI, in voxels.

    Returns
    -------
    tuple of Reason or None
        One per channel, whose `derived` is what it adds; None where the prediction doesn't cover the voxel.
    """
    at = tuple(slice(i, i + 1) for i in voxel)
    covered, one = covered_by(inspection, prediction), inspection.target.roi_of(at)
    if not covered.roi.contains(one):
        return None
    here = covered_by(inspection, prediction[one])
    channels, voxels = inspection.channels, prod(covered.target.spatial_shape)
    stored, truth, weight = predicted_values(here, prediction), here.target.numpy(), here.weight.numpy()
    found, effective = losses_of(loss, channels, stored, truth, weight, logits, voxels)
    compared = activated(stored, channels) if logits else stored
    predicted, right, weights, losses, factors = (
        np.asarray(a, dtype=np.float64).reshape(len(channels)) for a in (compared, truth, weight, found, effective)
    )
    terms = {channel: term for term in loss.terms(channels) for channel in term.channels}
    reasons, whole = [], losses.sum()
    for c, channel in enumerate(channels):
        error = f"{amount(predicted[c])} − {amount(right[c])} = {signed(predicted[c] - right[c])}"
        steps = [f"Predicted: {amount(predicted[c])}, where {amount(right[c])} is right; error {error}."]
        if logits and has_sigmoid(channels)[c]:
            steps[0] += f" It is the sigmoid of {amount(float(stored[c].reshape(())))}."
        if c not in terms:
            reasons.append(Reason((*steps, f"{channel.name} is in no term of this loss."), 0.0))
            continue
        term, count = terms[c], len(terms[c].channels) * voxels
        times = _TIMES.get(term.power, f"counts to the power of {term.power}")
        factor = "" if term.factor == 1 else f", times {amount(term.factor)}"
        steps.append(f"Effective weight: {amount(factors[c])}; the weight, {amount(weights[c])}, {times}{factor}.")
        value = losses[c] * count / factors[c] if factors[c] else 0.0
        mean = f"the mean over {count:,} values"
        if factors[c]:
            product = f"{amount(value)} · {amount(factors[c])} / {count:,} = {amount(losses[c])}"
            steps.append(f"{term.element.capitalize()} {amount(value)}, in {mean}: {product}")
        else:
            steps.append(f"So its {term.element} adds nothing to {mean}.")
        if whole:
            steps.append(f"That is {percent(losses[c] / whole)} of the loss of this voxel's {len(channels)} channels.")
        reasons.append(Reason(tuple(steps), float(losses[c])))
    return tuple(reasons)
