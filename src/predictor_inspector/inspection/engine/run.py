"""`inspect`: the target and the weights that the loss would get for one region, and how they came about."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.labels import to_device
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.progress import listening
from predictor_inspector.core.result_cache import ResultCache, recall
from predictor_inspector.core.text import format_roi, format_shape
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import forget_peak_memory, peak_memory, pick_device, stopwatch
from predictor_inspector.inspection.engine.reading import read_lazily
from predictor_inspector.inspection.engine.regions import Outside, Regions, notes_on, regions_for
from predictor_inspector.inspection.engine.statistics import ChannelStatistics, channel_statistics

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
        Class counts of earlier regions to go on from, as `Inspection.counts`; None starts afresh.
    """

    predictor: Predictor
    source: Source
    roi: Roi | None = None
    device: str = "auto"
    outside: Outside = "clip"
    balance_over: BalanceOver = "roi"
    counts: Any = None

    @cached_property
    def regions(self) -> Regions:
        """ROI, context and padding; raises a ``ValueError`` as `regions_for`."""
        return regions_for(self.predictor, self.source.gt, self.roi, self.outside)


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
        Class counts, this region included; hand them to the next `Request` to see how they move.
    statistics : tuple of ChannelStatistics
        One per channel.
    timings : dict of str to float
        Seconds per step, and their ``"total"``.
    device : str
        Where it was computed.
    memory : int
        Bytes: the device's peak where it tells, else the size of all arrays involved.
    notes : tuple of str
        What the person should know about this result, in sentences.
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

    @property
    def gt(self) -> Array:
        """The ground truth that was used, context included."""
        return self.source.gt

    @property
    def mask(self) -> Array | None:
        """Where that is annotated; None: everywhere."""
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

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """What each channel of target and weight means, named after the ground truth's own axes."""
        return self.request.predictor.describe_channels(self.gt.spatial_axes)

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
) -> Inspection:
    """Target and weights of `roi`, from no more ground truth than the predictor asks for.

    Parameters
    ----------
    predictor, roi, device, outside, balance_over, counts
        As in `Request`.
    gt, mask : Array
        As in `Source`.
    progress : callable, optional
        Called with a step's name and the fraction of it that is done, 0.0 when it begins. What it raises ends the
        inspection.

    Raises
    ------
    ValueError
        If the region, the ground truth or an argument is of no use; the message says which and why.
    MemoryError
        If there isn't enough memory, with the size of the region.
    """
    return run(Request(predictor, Source(gt, mask), roi, device, outside, balance_over, counts), progress)


def run(request: Request, progress: Progress | None = None, cache: ResultCache | None = None) -> Inspection:
    """Compute what `request` asks for; progress and errors as in `inspect`.

    Parameters
    ----------
    cache : ResultCache, optional
        From an earlier inspection of the same data: what is in it isn't read or computed again.
    """
    if request.balance_over not in ("roi", "context"):
        raise ValueError(f"balance_over must be 'roi' or 'context', got {request.balance_over!r}")
    device = pick_device(request.device)
    regions = request.regions
    clock = _Clock(progress)
    with clock.step("read"):
        where = (*regions.read_region.begin, *regions.read_region.shape, request.outside)
        used = recall(cache, "read", where, lambda: _read(request))
    try:
        return _computed(request, used, device, clock, cache)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError, NotImplementedError) as error:
        if device.type == "cpu":
            if isinstance(error, MemoryError) or "allocate" in str(error):
                raise MemoryError(_too_large(regions, used.gt)) from error
            raise
        if not (_out_of_memory(error) or (device.type == "mps" and request.device == "auto")):
            raise
        log.info("falling back to the CPU", exc_info=error)
    reason = "too little memory" if device.type == "cuda" else "an operation it lacks or too little memory"
    inspection = run(replace(request, device="cpu"), progress, cache)
    note = f"Computed on the CPU: {reason} on {device}."
    return replace(inspection, request=request, notes=(*inspection.notes, note))


def _read(request: Request) -> Source:
    """Ground truth and mask of the region that is used."""
    region = request.regions.read_region
    lazy = read_lazily(request.source, region, request.outside)
    return Source(lazy.gt[region], None if lazy.mask is None else lazy.mask[region], lazy.raw)


def _computed(
    request: Request, source: Source, device: torch.device, clock: _Clock, cache: ResultCache | None
) -> Inspection:
    predictor, regions, roi = request.predictor, request.regions, request.regions.roi
    gt, mask = source.gt, source.mask
    forget_peak_memory(device)
    with clock.step("transfer", device):
        there = (*regions.read_region.begin, *regions.read_region.shape, request.outside, str(device))
        on_device, mask_there = recall(cache, "transfer", there, lambda: _transferred(gt, mask, device))
    with clock.step("target", device):
        over = regions.read_region if request.balance_over == "context" else roi
        made = (target_key(predictor), *there, *over.begin, *over.shape)
        target = recall(cache, "target", made, lambda: predictor.target_in(on_device, over, cache))
    with clock.step("weight", device):
        weight, counts = predictor.weight_in(on_device, target, mask_there, request.counts, cache)
        target, weight = target[roi], weight[roi]
    with clock.step("statistics", device):
        names = [channel.name for channel in predictor.describe_channels(gt.spatial_axes)]
        if tuple(target.shape) != tuple(weight.shape) or target.shape[0] != len(names):
            raise ValueError(
                f"{type(predictor).__name__} names {len(names)} channels, but its target has shape {target.shape} and its "
                f"weight {weight.shape}"
            )
        statistics = channel_statistics(names, target.data, weight.data, predictor.positive(target.data))
        counts = counts.to("cpu") if isinstance(counts, ClassCounts) else counts
    with clock.step("copy back", device):
        # Crops hold on to the whole; contiguous copies let it go.
        target, weight = (a.like(a.data.contiguous().cpu(), a.axis_names) for a in (target, weight))
    arrays = [gt, target, weight] + ([] if mask is None else [mask])
    return Inspection(
        request=request,
        target=target,
        weight=weight,
        source=source,
        counts=counts,
        statistics=statistics,
        timings=clock.timings(),
        device=str(device),
        memory=peak_memory(device) or sum(_bytes(a) for a in arrays),
        notes=notes_on(regions, request.outside),
    )


def target_key(predictor: Predictor) -> Hashable:
    """Equal for predictors that make the same targets, whatever their weights."""
    cls = type(predictor)
    return cls, tuple(getattr(predictor, p.name) for p in parameters_of(cls) if p.affects == "target")


def _transferred(gt: Array, mask: Array | None, device: torch.device) -> tuple[Array, Array | None]:
    known = None if mask is None else mask.to(device)
    return gt.like(to_device(gt.data, device), gt.axis_names), known


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "out of memory" in str(error).lower()


def _too_large(regions: Regions, part: Array) -> str:
    return (
        f"not enough memory for {format_shape(part.shape)} voxels of ground truth, {format_roi(regions.read_region)}; "
        "choose a smaller region or a coarser level"
    )


def _bytes(array: Array) -> int:
    return int(np.prod(array.shape)) * int(array.dtype.itemsize)


class _Clock:
    """Times the steps of an inspection and tells when one begins."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._seconds: dict[str, Callable[[], float]] = {}

    @contextmanager
    def step(self, name: str, device: torch.device = _CPU) -> Any:
        progress = self._progress
        if progress is not None:
            progress(name, 0.0)
        stop = stopwatch(device)
        with listening(None if progress is None else partial(progress, name)):
            yield
        self._seconds[name] = stop()

    def timings(self) -> dict[str, float]:
        seconds = {name: elapsed() for name, elapsed in self._seconds.items()}
        return {**seconds, "total": sum(seconds.values())}
