"""Search for findings: in an inspection, in ground truth and mask as opened, or in a region."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_bytes, format_shape
from predictor_inspector.data.geometry import counts_factor, exact, moved
from predictor_inspector.data.roi_text import roi_to_text
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory, needed_memory
from predictor_inspector.inspection.engine.network import measure
from predictor_inspector.inspection.engine.regions import regions_for
from predictor_inspector.inspection.engine.run import Inspection, Progress, Request, run
from predictor_inspector.inspection.findings.checks import kinds, load_checks
from predictor_inspector.inspection.findings.finding import Cure, Finding, Findings, gravity
from predictor_inspector.inspection.findings.subject import Inputs, Subject, ignored_ids

Find = Callable[[Inspection], Sequence[Finding]]
"""Gives the findings of an inspection."""

_PER_CONTEXT_VOXEL, _PER_CHANNEL = 60, 12
"""Bytes that checks use beside the inspection: components of objects per voxel of ground truth, and flags and differences
per value of the target. Measured on dense tissue."""


def find(
    inspection: Inspection,
    slow: bool = True,
    progress: Progress | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Findings of all checks in an inspection with arrays in memory, the most severe first.

    The source of its request is read only where a check needs more context.

    Parameters
    ----------
    slow : bool
        Run slow checks too, not only those that are quick enough to run with every inspection.
    progress : callable, optional
        Called with a check's name and the fraction of it that is done; raise from it to cancel.
    only, ignore : collection of str
        Identifiers of the findings wanted, all by default, and of those not wanted; a ``ValueError`` if one isn't known.
    """
    return find_in(Subject(inspection, progress), slow, only, ignore)


def find_quickly(inspection: Inspection) -> tuple[Finding, ...]:
    """Findings of the checks that are quick enough to run with every inspection."""
    return find(inspection, slow=False)


def find_with_raw(inspection: Inspection) -> tuple[Finding, ...]:
    """As `find_quickly`, and of the slow checks those that compare raw data, if there are any."""
    subject, raw = Subject(inspection), [kind.id for check in load_checks()[0] if check.raw for kind in check.kinds]
    quick = find_in(subject, slow=False)
    return quick if inspection.request.source.raw is None else in_order((*quick, *find_in(subject, only=raw)))


def find_in(
    subject: Subject,
    slow: bool = True,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
    inputs: bool = True,
    failures: list[str] | None = None,
) -> tuple[Finding, ...]:
    """As `find`, for a `Subject` that more is derived from.

    Without `inputs` the values of ground truth and mask aren't looked at, which `check_inputs` does. `failures` gets a
    sentence for each check that raised an error, and so found nothing; without it the error is raised.
    """
    wanted = wanted_kinds(only, ignore)
    found: list[Finding] = []
    for check in load_checks()[0]:
        unwanted = check.of not in ("inputs", "inspection") or wanted.isdisjoint(kind.id for kind in check.kinds)
        if unwanted or (check.slow and not slow) or (check.of == "inputs" and not inputs):
            continue
        subject.tell(check.name, 0.0)
        try:
            found += check.run(subject.inputs if check.of == "inputs" else subject)
        except Exception as error:  # another package's check may fail in any way, and must not hide what others find
            if failures is None or subject.stopped:
                raise
            where = f"{check.run.__module__}.{check.run.__name__}"
            failures.append(f"The check {where} failed: {type(error).__name__}: {error}.")
    return in_order(f for f in found if f.id in wanted)


def check_inputs(source: Source, region: Roi | None = None, ignored: Collection[int] = ()) -> tuple[Finding, ...]:
    """What is wrong with ground truth and mask as they were opened, even if no predictor accepts them.

    `region`, by default all, lies on the grid of the ground truth and within it; `ignored` are ids left out anyway. A
    ``ValueError`` if the mask has another number of spatial axes than the ground truth.
    """
    region = source.gt.roi if region is None else region
    part = source.within(region).read(region)
    inputs = Inputs(part.gt, part.mask, ignored)
    return in_order(f for check in load_checks()[0] if check.of == "inputs" for f in check.run(inputs))


def in_order(findings: Iterable[Finding]) -> Findings:
    """Findings by severity, then as the checks are listed, those about most voxels first."""
    ids = list(kinds())
    return Findings(sorted(findings, key=lambda f: (gravity(f.severity), ids.index(f.id), -f.where.voxels)))


def wanted_kinds(only: Collection[str], ignore: Collection[str]) -> set[str]:
    """The identifiers of findings that are looked for; a ``ValueError`` if one isn't known."""
    known = kinds()
    for given in (*only, *ignore):
        if given not in known:
            raise ValueError(f"there is no finding {given!r}; there are {', '.join(known)}")
    return (set(only) or set(known)) - set(ignore)


def cured(request: Request, cure: Cure) -> Request:
    """The request as a finding's cure changes it: other parameters and settings, arrays mended or moved."""
    predictor = replace(request.predictor, **cure.parameters) if cure.parameters else request.predictor  # type: ignore[type-var]
    source = request.source if cure.repair is None else cure.repair.of(request.source)
    if cure.raw_moved_by and source.raw is not None:
        factor = counts_factor(source.gt, source.raw, "raw")
        by = [exact(n) * v * factor for n, v in zip(cure.raw_moved_by, source.gt.voxel_size, strict=True)]
        source = replace(source, raw=moved(source.raw, by))
    network = request.network
    if cure.network and network is not None:
        network = measure(replace(network.network, **cure.network), predictor)  # type: ignore[type-var]
    return replace(request, predictor=predictor, source=source, network=network, **cure.settings)


@dataclass(frozen=True, eq=False)
class CheckedRegion:
    """Findings of `check_region`, and the request that was checked: ground truth of a floating-point type as integers.

    There is no inspection if the predictor refused the ground truth; then `refused` says why.
    """

    findings: tuple[Finding, ...]
    request: Request
    inspection: Inspection | None
    refused: str = ""


def check_region(
    request: Request,
    memory: int | None = None,
    progress: Progress | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
) -> CheckedRegion:
    """Check ground truth and mask as they were opened, then inspect the region and check that.

    Ids that are whole numbers of a floating-point type are reported, and then checked as integers. This may take `memory`
    bytes, by default what `default_memory` gives; `progress`, `only` and `ignore` are as in `find`.

    Raises
    ------
    ValueError
        If the region needs more memory, with one that doesn't; as `inspect` does, unless one of the errors found is why.
    """
    source, gt = request.source, request.source.gt
    check_memory(request, memory)
    looked_at = request.regions.read_region.intersect(gt.roi)
    wanted, of_inputs = wanted_kinds(only, ignore), check_inputs(source, looked_at, ignored_ids(request.predictor))
    found = tuple(f for f in of_inputs if f.id in wanted)
    if _is_float(gt):
        request = replace(request, source=replace(source, gt=gt.like(_Whole(gt.data), gt.axis_names)))
    try:
        inspection = run(request, progress)
    except ValueError as error:
        # Errors that aren't wanted in the list are errors all the same.
        if any(f.severity == "error" for f in of_inputs):
            return CheckedRegion(found, request, None, str(error))
        raise
    more = find_in(Subject(inspection, progress), True, only, ignore, inputs=False)
    return CheckedRegion(in_order((*found, *more)), request, inspection)


def part_in_memory(request: Request, memory: int, per_value: int = _PER_CHANNEL) -> Roi:
    """The region that can be looked at within `memory` bytes: all of it, or a part in its middle; see `check_memory`."""
    return _part_in_memory(request, memory, per_value)[0]


def check_memory(
    request: Request, memory: int | None = None, per_value: int = _PER_CHANNEL, doing: str = "checking"
) -> None:
    """Raise a ``ValueError`` if what is done with the region needs too much memory, with the part in its middle that doesn't.

    `memory` is what it may take, by default what `default_memory` gives; `per_value` is what it needs for each value of the
    target, beside the inspection and the components of objects; both in bytes.
    """
    gt, roi = request.source.gt, request.regions.roi
    memory = default_memory(pick_device(request.device)) if memory is None else memory
    part, needed = _part_in_memory(request, memory, per_value)
    if part != roi:
        raise ValueError(
            f"{doing} {format_shape(gt.shape_of(roi))} voxels needs {format_bytes(needed)} of memory, more than the "
            f"{format_bytes(memory)} it may take; choose a part with --roi (roi), such as {roi_to_text(part, gt)}"
        )


def _part_in_memory(request: Request, memory: int, per_value: int = _PER_CHANNEL) -> tuple[Roi, int]:
    """The part of the region that isn't too large, and the bytes that all of it needs."""
    gt, roi, channels = request.source.gt, request.regions.roi, len(request.predictor.channel_names)

    def needed(shape: Sequence[int]) -> int:
        part = Roi(gt.offset, gt.voxel_size * Coordinate(shape)).intersect(gt.roi)
        context = prod(gt.shape_of(regions_for(request.predictor, gt, part, "clip").read_region))
        for_checks = context * _PER_CONTEXT_VOXEL + prod(shape) * channels * per_value
        return needed_memory(request.predictor, request.source, shape, gt.roi) + for_checks

    shape = sides = gt.shape_of(roi)
    while needed(sides) > memory and max(sides) > 1:
        sides = tuple(min(n, max(sides) * 7 // 8) for n in sides)
    if sides == shape:
        return roi, needed(shape)
    begin = roi.begin + gt.voxel_size * Coordinate((n - s) // 2 for n, s in zip(shape, sides, strict=True))
    return Roi(begin, gt.voxel_size * Coordinate(sides)), needed(shape)


def _is_float(array: Array) -> bool:
    dtype = array.dtype
    return dtype.is_floating_point if isinstance(dtype, torch.dtype) else np.dtype(dtype).kind == "f"


class _Whole:
    """Floating-point ids as the integers that they are, converted where they are sliced; what isn't finite becomes 0."""

    def __init__(self, data: Any) -> None:
        self._data, self.shape, self.dtype = data, tuple(data.shape), np.dtype(np.int64)

    def __getitem__(self, key: Any) -> np.ndarray:
        values = np.nan_to_num(np.asarray(self._data[key]), posinf=0.0, neginf=0.0)
        whole: np.ndarray = values.astype(np.int64)
        if (whole != values).any():
            raise ValueError("gt holds fractions, which no object has as its id")
        return whole
