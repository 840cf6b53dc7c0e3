"""Checks of data sets: crops that don't fit the others, classes that are never learned."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted, format_shape, listed, percent
from predictor_inspector.data.dataset import ClassFacts, CropFacts
from predictor_inspector.data.dataset.facts import OBJECTS, GridFacts
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.units import PIXEL, unit_factor
from predictor_inspector.inspection.findings import Finding, Kind, Severity, VoxelSet, check
from predictor_inspector.inspection.findings.subject import each_or_all, either

_ALIKE = 3  # so many crops on one grid, and most of their volume's, tell where that volume's voxels lie

CROP_UNREADABLE = Kind(
    "crop-unreadable",
    "A crop of the data set can't be opened or read, so that a training stops at it, or goes on without it.",
    "Mend the crop, or its line in the list, as the message says.",
)
VOXEL_SIZES_MIXED = Kind(
    "voxel-sizes-mixed",
    "Crops have other voxel sizes than most: a network that gets voxels as they are sees objects at several scales.",
    "Resample these crops, or leave them out; if the training resamples, say to which voxel size.",
)
CROP_SMALLER = Kind(
    "crop-smaller-than-input",
    "A crop is smaller than the network's input: no region of that size lies within it, so it is padded, or never drawn.",
    "Pad it with what isn't annotated, make the input smaller, or leave the crop out.",
)
OFF_GRID = Kind(
    "off-grid-translation",
    "A crop's voxels don't lie on those of its raw data, or of its volume: labels are shifted by a part of a voxel.",
    "Look up where the crop was cut, and correct its translation: of OME-Zarr it is the centre of the first voxel, of funlib "
    "its corner.",
)
NEVER_ANNOTATED = Kind(
    "class-never-annotated",
    "A class that is to be learned isn't annotated in any crop that is trained on: its channel never has weight.",
    "Look at how it is spelled, annotate it, or leave it out.",
)
NEVER_DRAWN = Kind(
    "class-never-drawn",
    "A class is annotated, but no voxel of it is ever seen: it is absent from all crops that are trained on, or from all "
    "regions that sampling draws.",
    "Add crops that hold it, draw regions by class, or leave the class out.",
)
SPLIT_LEAK = Kind(
    "split-leak",
    "Crops for training and for validation or test overlap in one volume: what is measured there was learned by heart.",
    "Cut the overlap from one of them, or put both in the same part.",
)


@dataclass(frozen=True)
class DatasetSubject:
    """What is known of a data set: facts about its crops, and what they are trained with, as `Dataset` has it.

    `drawn` says in how many regions each class was seen, where sampling was simulated. What checks find has the names of the
    crops that it is about in its numbers, under ``"crops"``.
    """

    crops: Sequence[CropFacts]
    classes: tuple[str, ...] = ()
    voxel_size: tuple[float, ...] | None = None
    unit: str = "nm"
    input_size: tuple[int, ...] | None = None
    drawn: Mapping[str, int] | None = None

    @cached_property
    def placed(self) -> tuple[CropFacts, ...]:
        """The crops that could be opened."""
        return tuple(crop for crop in self.crops if crop.grid is not None)

    @cached_property
    def trained(self) -> tuple[CropFacts, ...]:
        """Those that are trained on."""
        return tuple(crop for crop in self.placed if crop.trains)

    def finding(
        self,
        kind: Kind,
        severity: Severity,
        message: str,
        crops: Iterable[CropFacts],
        where: VoxelSet | None = None,
        numbers: Mapping[str, Any] | None = None,
    ) -> Finding:
        """A finding about crops, at the first of them unless it says where."""
        crops = tuple(crops)
        grid = next((crop.grid for crop in (*crops, *self.placed) if crop.grid is not None), _NOWHERE)
        place = where or VoxelSet.box(grid.array.roi, grid.array)
        told = {"crops": [crop.name for crop in crops], **(numbers or {})}
        return Finding(kind.id, severity, message, kind.remedy, (), place, told)


_NOWHERE = GridFacts((1,), (1,), (0,), ("x",), PIXEL, 1)


@check(CROP_UNREADABLE, of="dataset")
def unreadable_crops(subject: DatasetSubject) -> Iterator[Finding]:
    """An error for each crop whose ground truth, mask or raw data can't be opened or read; the message says why."""
    for crop in subject.crops:
        if crop.problem:
            yield subject.finding(CROP_UNREADABLE, "error", f"{crop.name} can't be read: {crop.problem}", [crop])


@check(VOXEL_SIZES_MIXED, of="dataset")
def mixed_voxel_sizes(subject: DatasetSubject) -> Iterator[Finding]:
    """A warning for each voxel size that isn't the one of the training, where that is given, or else of most crops."""
    sizes = {crop.name: _size(crop) for crop in subject.placed}
    if subject.voxel_size is not None:
        usual: Any = _lengths_of(subject.voxel_size, subject.unit)
        most = f"the training's {format_shape(subject.voxel_size)} {subject.unit}"
    elif sizes:
        usual = Counter(sizes.values()).most_common(1)[0][0]
        first = next(crop for crop in subject.placed if sizes[crop.name] == usual)
        share = sum(size == usual for size in sizes.values())
        most = f"{_grid(first).voxel_size_text}, as {share:,} of {counted(len(sizes), 'crop')} have"
    odd: dict[Any, list[CropFacts]] = defaultdict(list)
    for crop in subject.placed:
        if sizes[crop.name] != usual:
            odd[sizes[crop.name]].append(crop)
    for crops in odd.values():
        size = _grid(crops[0]).voxel_size_text
        message = f"{_names(crops)} {either(len(crops), 'has', 'have')} voxels of {size}, not {most}."
        yield subject.finding(VOXEL_SIZES_MIXED, "warning", message, crops)


@check(CROP_SMALLER, of="dataset")
def smaller_crops(subject: DatasetSubject) -> Iterator[Finding]:
    """An error for each crop that is smaller along any axis, in the world, than an input of the size that is given.

    Its voxels are those of the training, where their size is given, or else the crop's own.
    """
    wanted = subject.input_size
    if wanted is None:
        return

    def short(crop: CropFacts) -> bool:
        pixels, own = _size(crop)
        given = (pixels, own) if subject.voxel_size is None else _lengths_of(subject.voxel_size, subject.unit)
        sizes = given[1] if given[0] == pixels and len(given[1]) == len(own) else own
        extents = (n * v for n, v in zip(_grid(crop).shape, own, strict=True))
        return any(e < n * v for e, n, v in zip(extents, wanted, sizes, strict=False))

    def told(crops: Sequence[CropFacts]) -> Finding:
        shapes = listed([format_shape(_grid(crop).shape) for crop in crops], 3)
        message = (
            f"{_names(crops)} {either(len(crops), 'has', 'have')} {shapes} voxels, less than the network's input of "
        )
        scale = "" if subject.voxel_size is None else f" of {format_shape(subject.voxel_size)} {subject.unit}"
        message += f"{format_shape(wanted)} voxels{scale}."
        return subject.finding(CROP_SMALLER, "error", message, crops)

    yield from each_or_all([crop for crop in subject.placed if short(crop)], told)


@check(OFF_GRID, of="dataset")
def off_grid(subject: DatasetSubject) -> Iterator[Finding]:
    """A warning for each crop whose voxels lie a part of a voxel off.

    With raw data, neither corners nor centres of the two lie a whole number of the smaller voxels apart; where the larger
    isn't a multiple of the smaller one there is nothing to compare. Where the volume isn't known, or there are no raw data,
    most crops, three at least, lie on another grid of the same voxels; where there are no such, and no raw data, neither the
    corner nor the centre of its first voxel is a multiple of the voxel size.
    """
    alike: dict[Any, Counter[tuple[Fraction, ...]]] = defaultdict(Counter)
    for crop in subject.placed:
        alike[crop.volume, _size(crop)][_phase(crop)] += 1

    def is_off(crop: CropFacts) -> bool:
        (pixels, sizes), begin = _size(crop), _begin(crop)
        if crop.raw is not None and len(crop.raw.shape) == len(sizes) and pixels == (crop.raw.unit == PIXEL):
            raw_sizes, raw_begin = _lengths(crop.raw, crop.raw.voxel_size), _lengths(crop.raw, crop.raw.offset)
            if any(map(_apart, sizes, begin, raw_sizes, raw_begin)):
                return True
            # Raw data in the crop's own file may have been cut, and shifted, with it.
            if crop.volume:
                return False
        phases = alike[crop.volume, _size(crop)]
        phase, count = phases.most_common(1)[0]
        if count >= _ALIKE and 2 * count > phases.total():
            return _phase(crop) != phase
        return crop.raw is None and any(p not in (0, v / 2) for p, v in zip(_phase(crop), sizes, strict=True))

    def told(crops: Sequence[CropFacts]) -> Finding:
        crop = crops[0]
        n, grid = _grid(crop).subdivision, _grid(crop)
        corner = ", ".join(f"{o / n:.12g}" for o in grid.offset)
        of = "its raw data's" if crop.raw is not None else "its volume's"
        one = f"{crop.name} begins at {corner} {grid.unit} with voxels of {grid.voxel_size_text}, which isn't on {of} grid"
        others = f"; so {either(len(crops) - 1, 'does', 'do')} {_names(crops[1:])}" if len(crops) > 1 else ""
        return subject.finding(OFF_GRID, "warning", f"{one}{others}.", crops)

    yield from each_or_all([crop for crop in subject.placed if is_off(crop)], told)


@check(NEVER_ANNOTATED, of="dataset")
def never_annotated(subject: DatasetSubject) -> Iterator[Finding]:
    """An error for each class without an annotated voxel in the crops that are trained on.

    Where voxels weren't counted, a class is annotated in every crop that has an array for it.
    """
    for name, found in _by_class(subject).items():
        if any(fact.known if fact.known is not None else fact.stored for _, fact in found):
            continue
        crops = [crop for crop, fact in found if fact.stored]
        others = [crop for crop in subject.placed if not crop.trains]
        elsewhere = [crop for crop in others if any(fact.name == name and fact.known for fact in crop.classes)]
        what = f"all of it is unknown in {_names(crops)}" if crops else "no crop that is trained on has an array for it"
        but = f"; it is in {_names(elsewhere)}, for {elsewhere[0].split}" if elsewhere else ""
        message = f"The class {name!r} is never annotated: {what}{but}."
        yield subject.finding(NEVER_ANNOTATED, "error", message, crops, numbers={"class": name})


@check(NEVER_DRAWN, of="dataset")
def never_drawn(subject: DatasetSubject) -> Iterator[Finding]:
    """A warning for each class that is annotated in crops that are trained on, and absent from all of them.

    Where sampling was simulated, also for one that is there but in none of the regions that were drawn.
    """
    for name, found in _by_class(subject).items():
        annotated = [(crop, fact) for crop, fact in found if fact.known]
        if not annotated:
            continue
        holders = [crop for crop, fact in annotated if fact.present]
        if not holders:
            crops = [crop for crop, _ in annotated]
            message = f"The class {name!r} is never drawn: it is annotated in {_names(crops)}, and absent there."
        elif subject.drawn is not None and not subject.drawn.get(name):
            crops, voxels = holders, sum(fact.present or 0 for _, fact in annotated)
            message = (
                f"The class {name!r} is never drawn: no region that was sampled holds any of its {counted(voxels, 'voxel')}, "
                f"which are in {_names(crops)}."
            )
        else:
            continue
        yield subject.finding(NEVER_DRAWN, "warning", message, crops, numbers={"class": name})


@check(SPLIT_LEAK, of="dataset")
def split_leak(subject: DatasetSubject) -> Iterator[Finding]:
    """An error for each pair of crops of one volume, of which one is trained on and the other isn't, that overlap.

    Of one volume are crops with the same raw data, in one container of CellMap's layout, or for which a list says so. Where
    nothing says of which volume two crops are, it is a warning, unless one of them lies where data without a place begin.
    """
    others = [crop for crop in subject.placed if not crop.trains]
    for trained, other in product(subject.trained, others):
        sure = trained.path == other.path or (bool(trained.volume) and trained.volume == other.volume)
        unsure = not (trained.volume and other.volume) and _has_place(trained) and _has_place(other)
        if not (sure or unsure) or _size(trained)[0] != _size(other)[0]:
            continue
        if len(_grid(trained).shape) != len(_grid(other).shape):
            continue
        overlap = _overlap(trained, other)
        if overlap is None:
            continue
        array = _grid(other).array
        share = prod(array.shape_of(overlap)) / other.voxels
        among = "" if sure else ", if they are of one volume"
        message = (
            f"{trained.name}, for training, and {other.name}, for {other.split}, overlap in {percent(share)} of "
            f"the latter{among}."
        )
        severity: Severity = "error" if sure else "warning"
        where, numbers = VoxelSet.box(overlap, array), {"share": share}
        yield subject.finding(SPLIT_LEAK, severity, message, [trained, other], where, numbers)


def crops_of(finding: Finding) -> tuple[str, ...]:
    """The names of the crops that a finding about a data set is about."""
    return tuple(finding.numbers.get("crops", ()))


def _by_class(subject: DatasetSubject) -> dict[str, list[tuple[CropFacts, ClassFacts]]]:
    """By class that is to be learned, what each crop that is trained on holds of it; one that has none isn't named."""
    found: dict[str, list[tuple[CropFacts, ClassFacts]]] = {name: [] for name in subject.classes}
    for crop in subject.trained:
        for fact in crop.classes:
            if fact.name != OBJECTS and (fact.name in found or not subject.classes):
                found.setdefault(fact.name, []).append((crop, fact))
    return found if subject.trained else {}


def _names(crops: Sequence[CropFacts]) -> str:
    return listed([crop.name for crop in crops], 4)


def _grid(crop: CropFacts) -> GridFacts:
    assert crop.grid is not None
    return crop.grid


def _lengths_of(lengths: Iterable[float | Fraction], unit: str) -> tuple[bool, tuple[Fraction, ...]]:
    """Whether lengths are in pixels, and the lengths, else in nanometres, exactly."""
    factor = unit_factor(unit, "nm") if unit != PIXEL else Fraction(1)
    return unit == PIXEL, tuple(exact(length) * factor for length in lengths)


@lru_cache(maxsize=4096)  # pairs of crops are compared
def _lengths(grid: GridFacts, counts: tuple[int, ...]) -> tuple[Fraction, ...]:
    return _lengths_of((Fraction(n, grid.subdivision) for n in counts), grid.unit)[1]


def _size(crop: CropFacts) -> tuple[bool, tuple[Fraction, ...]]:
    """Whether a crop is in pixels, and its voxel size as of `_lengths_of`."""
    grid = _grid(crop)
    return grid.unit == PIXEL, _lengths(grid, grid.voxel_size)


def _begin(crop: CropFacts) -> tuple[Fraction, ...]:
    return _lengths(_grid(crop), _grid(crop).offset)


def _phase(crop: CropFacts) -> tuple[Fraction, ...]:
    """How far from a multiple of the voxel size the corner of the first voxel lies."""
    return tuple(b % v for b, v in zip(_begin(crop), _size(crop)[1], strict=True))


def _apart(size: Fraction, begin: Fraction, raw_size: Fraction, raw_begin: Fraction) -> bool:
    """Whether two grids along an axis are a part of the smaller voxel apart."""
    small, large = min(size, raw_size), max(size, raw_size)
    if large % small:
        return False
    corners = begin - raw_begin
    centres = corners + (size - raw_size) / 2
    return bool(corners % small) and bool(centres % small)


def _has_place(crop: CropFacts) -> bool:
    """Whether a crop lies elsewhere than where data of which nobody knows the place begin."""
    return not _size(crop)[0] and any(b not in (0, -v / 2) for b, v in zip(_begin(crop), _size(crop)[1], strict=True))


def _overlap(one: CropFacts, other: CropFacts) -> Roi | None:
    """Where one crop covers the other, on the other's voxels; None if it doesn't."""
    sizes, begins, grid = _size(other)[1], _begin(other), _grid(other)
    spans = []
    for begin, n, v, first, shape, own in zip(
        _begin(one), _grid(one).shape, _size(one)[1], begins, grid.shape, sizes, strict=True
    ):
        low, high = max(begin, first), min(begin + n * v, first + shape * own)
        if low >= high:
            return None
        spans.append((int((low - first) // own), int(-(-(high - first) // own))))
    array: Array = grid.array
    return array.roi_of([slice(*span) for span in spans])
