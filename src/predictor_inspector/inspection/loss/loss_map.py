"""`loss_map`: the loss of each value of a prediction, and sums of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.text import format_table, percent
from predictor_inspector.data.roi_text import roi_to_text
from predictor_inspector.inspection.engine.predictions import activated, has_sigmoid, predicted_values
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.findings.finding import plain
from predictor_inspector.inspection.loss.losses import Loss

APART = 8
"""Voxels between places that are told apart, along some axis."""


@dataclass(frozen=True)
class WorstPlace:
    """A voxel where the loss is highest, with the channel that has most of it."""

    position: tuple[float, ...]  # of its centre, in the unit of the ground truth
    voxel: tuple[int, ...]  # in the ground truth
    channel: str
    loss: float
    prediction: float
    target: float
    weight: float


@dataclass(frozen=True, eq=False)
class LossMap:
    """The loss of a prediction, value by value.

    Attributes
    ----------
    inspection : Inspection
        Target and weights.
    loss : Loss
        What was computed.
    prediction : Array
        As it was compared: float32, [C, …], on the inspection's ROI.
    values : Array
        What each value adds to the loss: float32, [C, …]; their sum is `total`.
    effective_weight : Array
        What each value's error is multiplied by in the mean of its term: float32, [C, …]. Where a loss ignores weights it is
        1 throughout, and where it squares them, their square.
    total : float
        The loss, as the training would log it.
    """

    inspection: Inspection
    loss: Loss
    prediction: Array
    values: Array
    effective_weight: Array
    total: float

    @cached_property
    def by_channel(self) -> dict[str, float]:
        """What each channel adds to the loss."""
        sums = self._data.reshape(len(self._data), -1).sum(1, dtype=np.float64)
        return dict(zip(self.inspection.channel_names, map(float, sums), strict=True))

    @cached_property
    def by_class(self) -> dict[str, tuple[float, float]]:
        """What the negative and the positive class of each channel add to the loss."""
        target = torch.from_numpy(self.inspection.target.numpy())
        positive = self.inspection.request.predictor.positive(target).numpy()
        of_positive = (self._data * positive).reshape(len(positive), -1).sum(1, dtype=np.float64)
        pairs = zip(self.by_channel.items(), of_positive, strict=True)
        return {name: (whole - float(part), float(part)) for (name, whole), part in pairs}

    @cached_property
    def by_object(self) -> dict[int, float]:
        """What the voxels of each id of the ground truth's first channel add to the loss, the most first; 0 is background."""
        gt = self.inspection.gt[self.inspection.roi]
        ids = as_labels(gt.numpy()).numpy().reshape(-1, *gt.spatial_shape)[0]
        found, rank = np.unique(ids, return_inverse=True)
        sums = np.bincount(rank.reshape(-1), self.by_voxel.reshape(-1), len(found))
        return {int(found[i]): float(sums[i]) for i in np.argsort(-sums, kind="stable")}

    def share_of_worst(self, fraction: float) -> float:
        """The share of the loss that so many of the voxels make up, those where it is highest; 0 without any loss."""
        losses = np.sort(self.by_voxel.reshape(-1))[::-1]
        return float(losses[: max(1, round(fraction * losses.size))].sum() / self.total) if self.total else 0.0

    def worst(self, count: int = 10) -> tuple[WorstPlace, ...]:
        """Places where the loss is highest, the worst first, each more than `APART` voxels from the others along some axis."""
        places = []
        for at in peaks(self.by_voxel, count):
            channel = max(range(len(self._data)), key=lambda c, at=at: float(self._data[c][at]))  # type: ignore[misc]
            arrays = self.prediction, self.inspection.target, self.inspection.weight
            numbers = (float(a.numpy()[(channel, *at)]) for a in arrays)
            name, loss = self.inspection.channel_names[channel], float(self.by_voxel[at])
            places.append(WorstPlace(*place_of(self.inspection, at), name, loss, *numbers))
        return tuple(places)

    def calibration(self, bins: int = 10) -> dict[str, list[tuple[float, float, int]]]:
        """For channels that are 0 or 1, how often what is predicted comes true, where there is weight.

        For each bin of predictions that isn't empty: their mean, the share of targets that are 1, and how many there are.
        """
        found = {}
        for index, channel in enumerate(self.inspection.channels):
            if not channel.is_binary:
                continue
            counts = self.inspection.weight.numpy()[index] > 0
            predicted = self.prediction.numpy()[index][counts].clip(0, 1)
            true = self.inspection.target.numpy()[index][counts]
            of = np.minimum((predicted * bins).astype(int), bins - 1)
            sizes = np.bincount(of, minlength=bins)
            sums, hits = (np.bincount(of, values, bins) for values in (predicted, true))
            found[channel.name] = [
                (float(sums[b] / sizes[b]), float(hits[b] / sizes[b]), int(sizes[b])) for b in np.flatnonzero(sizes)
            ]
        return found

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, without arrays; of objects the 100 with the most loss."""
        objects = [{"id": i, "loss": loss} for i, loss in list(self.by_object.items())[:100]]
        classes = {name: {"negative": n, "positive": p} for name, (n, p) in self.by_class.items()}
        told: dict[str, Any] = {
            "loss": self.total,
            "channels": self.by_channel,
            "classes": classes,
            "objects": objects,
            "worst_1_percent": self.share_of_worst(0.01),
            "worst": [vars(place) for place in self.worst()],
            "calibration": self.calibration(),
        }
        result: dict[str, Any] = plain(told)
        return result

    def summary(self) -> str:
        """The loss, and the share of it that the worst 1 % of the voxels make up."""
        return f"loss {self.total:.6g}; the worst 1 % of the voxels make up {percent(self.share_of_worst(0.01))} of it"

    def channel_rows(self) -> list[tuple[str, ...]]:
        """A row per channel, the titles first."""
        rows: list[tuple[str, ...]] = [("channel", "loss", "share", "of −", "of +", "effective weight")]
        weights = self.effective_weight.numpy().reshape(len(self._data), -1).mean(1, dtype=np.float64)
        for (name, whole), weight in zip(self.by_channel.items(), weights, strict=True):
            classes = (f"{part:.4g}" for part in self.by_class[name])
            rows.append((name, f"{whole:.4g}", self._share(whole), *classes, f"{weight:.3g}"))
        return rows

    def objects_text(self) -> str:
        """The objects with most of the loss, and their shares; empty without any loss."""
        most = [(f"id {i}" if i else "background", loss) for i, loss in list(self.by_object.items())[:6]]
        told = ", ".join(f"{name} {self._share(loss)}" for name, loss in most if loss > 0)
        return f"most of it in {told}" if told else ""

    def place_rows(self, count: int = 10) -> list[tuple[str, ...]]:
        """A row per place where the loss is highest, without titles: loss, channel, values, and where as ``--roi`` takes it."""
        gt, rows = self.inspection.request.source.gt, list[tuple[str, ...]]()
        for place in self.worst(count):
            numbers = f"{place.prediction:.3g} where {place.target:.3g} is right, weight {place.weight:.3g}"
            roi = roi_to_text(gt.roi_of([slice(i, i + 1) for i in place.voxel]), gt)
            rows.append((f"{place.loss:.3g}", place.channel, numbers, roi))
        return rows

    def describe(self) -> str:
        """Sums and the worst places as text."""
        lines = [self.summary(), "", format_table(self.channel_rows(), right=range(1, 6)), ""]
        objects = self.objects_text()
        lines += [objects, ""] if objects else []
        lines += [f"{loss}  {channel}: {numbers}  --roi {roi}" for loss, channel, numbers, roi in self.place_rows()]
        return "\n".join(lines).rstrip()

    def _share(self, part: float) -> str:
        return percent(part / self.total) if self.total else "0 %"

    @property
    def _data(self) -> np.ndarray:
        return self.values.numpy()

    @cached_property
    def by_voxel(self) -> np.ndarray:
        """The loss of all channels at each voxel: float64, [… spatial axes]."""
        return np.asarray(self._data.sum(0, dtype=np.float64))


def loss_map(inspection: Inspection, prediction: Array, loss: Loss, logits: bool = False) -> LossMap:
    """The loss of a prediction of an inspection's target.

    Parameters
    ----------
    inspection : Inspection
        Not modified, nor is the prediction.
    prediction : Array
        As `predicted_values` takes it.
    loss : Loss
        What the training computes.
    logits : bool
        Whether probabilities and descriptors are before the sigmoid, as a model of ours gives them in training. Distances are
        compared as they are.

    Raises
    ------
    ValueError
        As `predicted_values`.
    """
    target, channels = inspection.target, inspection.channels
    predicted = predicted_values(inspection, prediction)
    weight, truth = inspection.weight.numpy(), target.numpy()
    values, effective = losses_of(loss, channels, predicted, truth, weight, logits, prod(truth.shape[1:]))
    compared = activated(predicted, channels) if logits else predicted
    shown, of_values, weights = (target.like(a, target.axis_names) for a in (compared, values, effective))
    return LossMap(inspection, loss, shown, of_values, weights, float(values.sum(dtype=np.float64)))


def losses_of(
    loss: Loss,
    channels: Sequence[Channel],
    predicted: np.ndarray,
    truth: np.ndarray,
    weight: np.ndarray,
    logits: bool,
    voxels: int,
) -> tuple[np.ndarray, np.ndarray]:
    """What values add to the loss, and what their errors are multiplied by: float32, [C, …] as all three arrays.

    These may be a part of a region of so many `voxels`, over which the loss is a mean.
    """
    values, effective, squeezed = np.zeros_like(truth), np.zeros_like(truth), has_sigmoid(channels)
    for term in loss.terms(channels):
        chosen = list(term.channels)
        here, there = (torch.from_numpy(a[chosen]) for a in (predicted, truth))
        effective[chosen] = term.factor * weight[chosen] ** term.power
        parts = [
            term.errors(one, true, logits and squeezed[c]) for one, true, c in zip(here, there, chosen, strict=True)
        ]
        values[chosen] = torch.stack(parts).numpy() * effective[chosen] / (len(chosen) * voxels)
    return values, effective


def peaks(values: np.ndarray, count: int) -> list[tuple[int, ...]]:
    """Where values are largest, the largest first, each more than `APART` voxels from the others along some axis.

    Only where they are above 0, and at most so many.
    """
    left, found = values.copy(), list[tuple[int, ...]]()
    while len(found) < count and left.max() > 0:
        at = tuple(int(i) for i in np.unravel_index(left.argmax(), left.shape))
        found.append(at)
        left[tuple(slice(max(0, i - APART), i + APART + 1) for i in at)] = 0
    return found


def place_of(inspection: Inspection, at: tuple[int, ...]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """A voxel of a region: its centre in the unit of the ground truth, and its place in that, in voxels."""
    gt = inspection.request.source.gt
    voxel = tuple(a + span.start for a, span in zip(at, gt.to_slices(inspection.roi), strict=True))
    corner = zip(voxel, gt.offset, gt.voxel_size, strict=True)
    return tuple((o + (i + 0.5) * v) / gt.subdivision for i, o, v in corner), voxel
