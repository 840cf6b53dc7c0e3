"""Inspection of a region: from a `Request` to target, weights and statistics, on one device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, Literal

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.drawn import drawing
from predictor_inspector.core.labels import to_device
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.result_cache import ResultCache, recall
from predictor_inspector.core.text import format_roi, format_shape
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import Clock, forget_peak_memory, peak_memory, pick_device
from predictor_inspector.inspection.engine.network import NetworkFacts
from predictor_inspector.inspection.engine.regions import Outside, Regions, notes_on, regions_for
from predictor_inspector.inspection.engine.statistics import ChannelStatistics, ChannelSums, channel_sums

Progress = Callable[[str, float], None]
BalanceOver = Literal["roi", "context"]

log = logging.getLogger(__name__)

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Request:
    """What to inspect, and how.

    Attributes
    ----------
    predictor : Predictor
        Makes the target and the weights.
    source : Source
        Ground truth, and where it is annotated; only the region that is needed is read.
    roi : Roi or None
        The region, in world coordinates of the ground truth; None for all of it.
    device : str
        ``"auto"``, or a torch device.
    outside : str
        Where the context reaches beyond the data: ``"clip"`` does without, ``"zero"`` pads ground truth and mask with 0,
        as DaCapo's trainer does, which makes false boundaries along the data's edge.
    balance_over : str
        Classes are counted over the ``"roi"``, which is what the loss sees, or over ROI and ``"context"`` together, as
        DaCapo's trainer does.
    counts : object
        Class counts of earlier regions, as `Inspection.counts`, to which those of this one are added.
    network : NetworkFacts, optional
        What is known of the network that is trained, for checks; results don't depend on it.
    """

    predictor: Predictor
    source: Source
    roi: Roi | None = None
    device: str = "auto"
    outside: Outside = "clip"
    balance_over: BalanceOver = "roi"
    counts: Any = None
    network: NetworkFacts | None = None

    def __post_init__(self) -> None:
        if self.network is not None and self.network.input_shape.dims != self.source.gt.dims:
            raise ValueError(
                f"the network has {self.network.input_shape.dims} spatial axes, but the ground truth has {self.source.gt.dims}"
            )
        if self.balance_over not in ("roi", "context"):
            raise ValueError(f"balance_over must be 'roi' or 'context', got {self.balance_over!r}")

    @cached_property
    def regions(self) -> Regions:
        """ROI, context and padding; raises a ``ValueError`` as `regions_for`."""
        return regions_for(self.predictor, self.source.gt, self.roi, self.outside)

    @cached_property
    def used_source(self) -> Source:
        """Ground truth and mask in the region that is read; parts are read when they are sliced."""
        return self.source.within(self.regions.read_region, pad=self.outside == "zero")

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """What each channel of target and weight means, named after the ground truth's own axes."""
        gt, channels = self.source.gt, self.predictor.describe_channels(self.source.gt.spatial_axes)
        if gt.channel_dims and gt.shape[0] == len(channels):
            # With a channel for each class, ids aren't those of classes.
            return tuple(replace(channel, label=None) for channel in channels)
        return channels

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of target and weight: channels, and voxels of the ROI."""
        return (len(self.channels), *self.source.gt.shape_of(self.regions.roi))

    def result(self, data: Any) -> Array:
        """`data`, of shape `shape`, as an array in the ROI."""
        return self.source.gt.like(data, ("c^", *self.source.gt.spatial_axes), self.regions.roi.begin)


@dataclass(frozen=True)
class Inspection:
    """One inspected region. Arrays lie on the CPU.

    Attributes
    ----------
    request : Request
        What was asked for.
    target, weight : Array
        float32, [C, …spatial axes], on the ROI.
    source : Source
        The part of ground truth and mask that was used, context included.
    counts : object
        Class counts, this region's included; hand them to the next `Request` to see how they move.
    statistics : tuple of ChannelStatistics
        One per channel.
    timings : dict of str to float
        Seconds per step, and their ``"total"``.
    device : str
        Where it was computed.
    memory : int
        Bytes: the device's peak where that is known, else the size of all arrays involved.
    notes : tuple of str
        What to know about this result, in sentences.
    """

    request: Request
    target: Array
    weight: Array
    source: Source
    counts: Any
    statistics: tuple[ChannelStatistics, ...]
    timings: dict[str, float]
    device: str
    memory: int
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        what, size = type(self.request.predictor).__name__, self.target.size_text
        return f"Inspection({what}: {', '.join(self.channel_names)}; {size}; roi {format_roi(self.roi)})"

    def _repr_html_(self) -> str:
        html: str = drawing("inspection_html")(self)
        return html

    def plot(self, channel: Any = None, what: str = "both", raw: Any = None) -> Any:
        """A picture of ground truth, target and weight, which a notebook shows; see `output.notebook.plot`."""
        return drawing("plot")(self, channel, what, raw)

    @property
    def gt(self) -> Array:
        """The ground truth that was used."""
        return self.source.gt

    @property
    def mask(self) -> Array | None:
        """Where that is annotated; None for everywhere."""
        return self.source.mask

    @property
    def regions(self) -> Regions:
        """ROI, context and padding."""
        return self.request.regions

    @property
    def roi(self) -> Roi:
        """What target and weight cover."""
        return self.regions.roi

    @property
    def gt_region(self) -> Roi:
        """The ground truth that the predictor asks for; may reach beyond the data."""
        return self.regions.gt_region

    @property
    def padding_region(self) -> Roi:
        """The ROI grown by the predictor's padding on every side."""
        return self.regions.padding_region

    @property
    def channels(self) -> tuple[Channel, ...]:
        """As of the request."""
        return self.request.channels

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One name per channel of target and weight."""
        return tuple(channel.name for channel in self.channels)


def inspect(
    predictor: Predictor,
    gt: Array,
    roi: Roi | None = None,
    mask: Array | None = None,
    device: str = "auto",
    outside: Outside = "clip",
    balance_over: BalanceOver = "roi",
    counts: Any = None,
    progress: Progress | None = None,
    raw: Array | None = None,
    network: NetworkFacts | None = None,
) -> Inspection:
    """Target and weights of `roi`, from no more ground truth than the predictor asks for.

    Parameters
    ----------
    predictor, roi, device, outside, balance_over, counts, network
        As in `Request`.
    gt, mask, raw : Array
        As in `Source`; raw data are drawn in pictures and looked at by checks.
    progress : callable, optional
        Called as ``progress(step, fraction)``, with 0.0 when a step begins; raise from it to cancel.

    Raises
    ------
    ValueError
        If the region, the ground truth or an argument doesn't fit; the message says which and why.
    MemoryError
        If there isn't enough memory, with the size of the region.
    """
    return run(Request(predictor, Source(gt, mask, raw), roi, device, outside, balance_over, counts, network), progress)


def run(request: Request, progress: Progress | None = None, cache: ResultCache | None = None) -> Inspection:
    """Compute what `request` asks for; progress and errors as in `inspect`.

    Parameters
    ----------
    cache : ResultCache, optional
        From an earlier inspection of the same data: what is in it isn't read or computed again.
    """
    roi, region = request.regions.roi, request.regions.read_region
    computation = Computation(
        request,
        f"{format_shape(request.used_source.gt.shape)} voxels of ground truth, {format_roi(region)}; "
        "choose a smaller region or a coarser level",
        cache,
    )
    whole = Task(roi, region, region if request.balance_over == "context" else roi, request.counts)
    return computation.inspection(computation.compute(whole, progress))


@dataclass(frozen=True)
class Task:
    """A part of a region to compute."""

    roi: Roi  # where target and weight are wanted
    region: Roi  # ground truth to read for that
    over: Roi  # where classes are counted: the ROI, or more of the region
    counts: Any  # of classes, to go on from
    target: Array | None = None  # in `over`, if it is known already
    statistics: bool = True  # whether to sum up the channels


@dataclass(frozen=True)
class Part:
    """A computed part of a region. Arrays lie on the CPU."""

    source: Source  # ground truth and mask that were read
    target: Array  # float32, [C, …spatial axes], as is the weight
    weight: Array
    counts: Any  # of classes, this part's included
    sums: ChannelSums | None


class Computation:
    """Computes parts of a request on its device, and on the CPU from where the device can't.

    `too_large` is for the error where memory runs out: what needs too much, and what to do.
    """

    def __init__(self, request: Request, too_large: str, cache: ResultCache | None = None) -> None:
        self._device = pick_device(request.device)
        self._request, self._cache, self._too_large = request, cache, too_large
        self._names = [channel.name for channel in request.channels]
        self._seconds: dict[str, float] = {}
        self._memory = 0
        self._notes = (*notes_on(request.regions, request.outside), *request.source.gt.about.sentences)

    def compute(self, task: Task, progress: Progress | None = None) -> Part:
        """Target and weight of one part."""
        while True:
            try:
                return self._compute(task, progress)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError, NotImplementedError) as error:
                self._fall_back(error)

    def inspection(self, part: Part) -> Inspection:
        """The inspection of the whole region, given that as one part."""
        assert part.sums is not None
        return Inspection(
            request=self._request,
            target=part.target,
            weight=part.weight,
            source=part.source,
            counts=part.counts,
            statistics=part.sums.statistics(self._names),
            timings={**self._seconds, "total": sum(self._seconds.values())},
            device=str(self._device),
            memory=self._memory,
            notes=self._notes,
        )

    def _compute(self, task: Task, progress: Progress | None) -> Part:
        predictor, device, cache, clock = self._request.predictor, self._device, self._cache, Clock(progress)
        read = (*task.region.begin, *task.region.shape, self._request.outside)
        moved = (*read, str(device))
        with clock.step("read"):
            used = recall(cache, "read", read, lambda: self._request.used_source.read(task.region))
        forget_peak_memory(device)
        with clock.step("transfer", device):
            gt, mask = recall(cache, "transfer", moved, lambda: _transferred(used, device))
        with clock.step("target", device):
            made = (target_key(predictor), *moved, *task.over.begin, *task.over.shape)
            target = task.target
            if target is None:
                target = recall(cache, "target", made, lambda: predictor.target_in(gt, task.over, cache))
            target = target.to(device)
        with clock.step("weight", device):
            weight, counts = predictor.weight_in(gt, target, mask, task.counts, cache)
            target, weight = target[task.roi], weight[task.roi]
        sums = None
        with clock.step("statistics", device):
            if tuple(target.shape) != tuple(weight.shape) or target.shape[0] != len(self._names):
                raise ValueError(
                    f"{type(predictor).__name__} names {len(self._names)} channels, but its target has shape "
                    f"{target.shape} and its weight {weight.shape}"
                )
            if task.statistics:
                sums = channel_sums(target.data, weight.data, predictor.positive(target.data))
            counts = counts.to("cpu") if isinstance(counts, ClassCounts) else counts
        with clock.step("copy back", device):
            # A crop keeps the whole in memory; a contiguous copy doesn't.
            target, weight = (a.like(a.data.contiguous().cpu(), a.axis_names) for a in (target, weight))
        for step, seconds in clock.seconds().items():
            self._seconds[step] = self._seconds.get(step, 0.0) + seconds
        arrays = [a for a in (used.gt, used.mask, target, weight) if a is not None]
        self._memory = max(self._memory, peak_memory(device) or sum(prod(a.shape) * a.dtype.itemsize for a in arrays))
        return Part(used, target, weight, counts, sums)

    def _fall_back(self, error: Exception) -> None:
        """Go on on the CPU, or raise the error if that wouldn't help."""
        device = self._device
        if device.type == "cpu":
            if isinstance(error, MemoryError) or "allocate" in str(error):
                raise MemoryError(f"not enough memory for {self._too_large}") from error
            raise error
        too_little = isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "out of memory" in str(error).lower()
        if not (too_little or (device.type == "mps" and self._request.device == "auto")):
            raise error
        log.info("falling back to the CPU", exc_info=error)
        reason = "too little memory" if device.type == "cuda" else "an operation it lacks or too little memory"
        self._notes = (*self._notes, f"Computed on the CPU: {reason} on {device}.")
        self._device, self._memory = _CPU, 0


def target_key(predictor: Predictor) -> Hashable:
    """Equal for predictors that make the same targets, whatever their weights."""
    cls = type(predictor)
    return cls, tuple(getattr(predictor, p.name) for p in parameters_of(cls) if p.affects == "target")


def _transferred(source: Source, device: torch.device) -> tuple[Array, Array | None]:
    mask = None if source.mask is None else source.mask.to(device)
    return source.gt.like(to_device(source.gt.data, device), source.gt.axis_names), mask
