"""Scores of a segmentation: VOI, adapted Rand error, F1; splits, merges and lost objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from predictor_inspector.inspection.findings.components import boxes_of_spans


class NoObjectError(ValueError):
    """A region holds no annotated object, so that nothing can be scored."""


@dataclass(frozen=True)
class Scores:
    """How near a segmentation comes to the ground truth.

    Background of the ground truth, 0, stays out of `arand` and both parts of the variation of information: what a segmentation
    has there is neither right nor wrong. Voxels of objects that are in no segment count as segments of one voxel each. Both
    are what scikit-image gives for ``adapted_rand_error(truth, scored)`` and
    ``variation_of_information(truth, scored, ignore_labels=(0,))``, where `scored` is the segmentation with an id of its own
    for each of these voxels, see `with_ids_for_lost_voxels`.

    Attributes
    ----------
    arand : float
        Adapted Rand error, 0 … 1: one minus the F-score of pairs of voxels that are in one object and in one segment.
    voi_split, voi_merge : float
        Variation of information, in bits: what remains unknown of a voxel's segment if its object is known, and of its object
        if its segment is known.
    precision_iou50, recall_iou50, f1_iou50 : float
        The share of segments, and of objects, that have one of the other whose intersection with it is more than half of
        their union; F1 is their harmonic mean. Segments count with what they have on background; voxels in none don't.
    objects, segments : int
        How many there are; 0 is none.
    """

    arand: float
    voi_split: float
    voi_merge: float
    precision_iou50: float
    recall_iou50: float
    f1_iou50: float
    objects: int
    segments: int

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Split:
    """An object in several segments: each has more voxels of it than of any other object. Largest segments come first.

    `voxels` are those of the object in the others than the largest; `box` is around these, begin and end per axis.
    """

    object: int
    segments: tuple[int, ...]
    voxels: int
    box: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Merge:
    """A segment of several objects: each has more voxels in it than in any other segment. Largest objects come first.

    `voxels` are those of the others than the largest; `box` is around these, begin and end per axis.
    """

    segment: int
    objects: tuple[int, ...]
    voxels: int
    box: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Voxels that objects of the ground truth share with segments: the contingency table of both, as a list of its pairs.

    Both are cut into runs along the last axis, [R], in which neither changes; these are far fewer than voxels. A pair is an
    object and a segment that share a voxel; 0 is background, or no segment.
    """

    shape: tuple[int, ...]
    start: np.ndarray  # the flat index of a run's first voxel, [R]
    length: np.ndarray  # its voxels, [R]
    run: np.ndarray  # which of the pairs it is of, [R]
    object: np.ndarray  # of each pair, [P]
    segment: np.ndarray  # of each pair, [P]

    @classmethod
    def of(cls, truth: np.ndarray, segmentation: np.ndarray) -> Overlaps:
        """The pairs of two volumes of ids from 0, of one shape that isn't empty."""
        if truth.shape != segmentation.shape:
            raise ValueError(
                f"a segmentation must have the shape of the ground truth, {truth.shape}, got {segmentation.shape}"
            )
        begins = np.ones(truth.shape, dtype=bool)
        begins[..., 1:] = (truth[..., 1:] != truth[..., :-1]) | (segmentation[..., 1:] != segmentation[..., :-1])
        start = np.flatnonzero(begins)
        objects, of_object = np.unique(truth.reshape(-1)[start], return_inverse=True)
        segments, of_segment = np.unique(segmentation.reshape(-1)[start], return_inverse=True)
        codes, run = np.unique(of_object * len(segments) + of_segment, return_inverse=True)
        of_object, of_segment = np.divmod(codes, len(segments))
        length = np.diff(start, append=truth.size)
        return cls(truth.shape, start, length, run, objects[of_object], segments[of_segment])

    @cached_property
    def voxels(self) -> np.ndarray:
        """Voxels of each pair: int64, [P]."""
        return np.bincount(self.run, self.length, len(self.object)).astype(np.int64)

    @cached_property
    def boxes(self) -> np.ndarray:
        """Begin and end of the box around each pair: int64, [P, axes, 2]."""
        begins = list(np.unravel_index(self.start, self.shape))
        ends = [*(b + 1 for b in begins[:-1]), begins[-1] + self.length]
        return boxes_of_spans(self.run, begins, ends, len(self.object))

    @cached_property
    def scores(self) -> Scores:
        """The scores; a `NoObjectError` if the ground truth has no object."""
        inside, caught = self.object > 0, (self.object > 0) & (self.segment > 0)
        if not inside.any():
            raise NoObjectError("there is no annotated object to get back; choose another region")
        _, of_object = np.unique(self.object[inside], return_inverse=True)
        sizes = np.bincount(of_object, self.voxels[inside])
        _, of_segment = np.unique(self.segment[caught], return_inverse=True)
        # Of segments what lies on objects, and what is in none as one voxel each.
        parts = np.bincount(of_segment, self.voxels[caught])
        shared, lost = self.voxels[caught].astype(float), float(self.voxels[inside & (self.segment == 0)].sum())
        total = sizes.sum()
        pairs = _pairs(sizes) + _pairs(parts)
        arand = 1 - 2 * _pairs(shared) / pairs if pairs else 0.0
        # H(segment | object) = H(both) - H(object), and the other way round.
        both = _bits(shared, total) + lost / total * np.log2(total)
        objects = _bits(sizes, total)
        segments = _bits(parts, total) + lost / total * np.log2(total)
        precision, recall, f1, count = self._matches()
        return Scores(
            float(arand),
            max(0.0, float(both - objects)),
            max(0.0, float(both - segments)),
            precision,
            recall,
            f1,
            len(sizes),
            count,
        )

    @cached_property
    def splits(self) -> tuple[Split, ...]:
        """Objects in several segments, those with most voxels outside the largest first."""
        found = [
            Split(owner, tuple(int(s) for s in self.segment[pairs]), *self._extent(pairs[1:]))
            for owner, pairs in self._owned(by=self.object, of=self.segment)
        ]
        return tuple(sorted(found, key=lambda split: -split.voxels))

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """Segments of several objects, those with most voxels of others than the largest first."""
        found = [
            Merge(owner, tuple(int(o) for o in self.object[pairs]), *self._extent(pairs[1:]))
            for owner, pairs in self._owned(by=self.segment, of=self.object)
        ]
        return tuple(sorted(found, key=lambda merge: -merge.voxels))

    @cached_property
    def lost(self) -> tuple[int, ...]:
        """Objects that no segment has a voxel of."""
        objects, found = self.object[self.object > 0], self.object[self.segment > 0]
        return tuple(int(o) for o in np.setdiff1d(objects, found))

    def flags(self, pairs: np.ndarray) -> np.ndarray:
        """The voxels of some pairs, boolean [P]: boolean, of the volume's shape."""
        return np.repeat(pairs[self.run], self.length).reshape(self.shape)

    def split_voxels(self, splits: Iterable[Split] | None = None) -> np.ndarray:
        """What split objects, by default all, have in others than their largest segment: boolean, of the volume's shape."""
        pairs = np.zeros(len(self.object), dtype=bool)
        for split in self.splits if splits is None else splits:
            pairs |= (self.object == split.object) & np.isin(self.segment, split.segments[1:])
        return self.flags(pairs)

    def merged_voxels(self, merges: Iterable[Merge] | None = None) -> np.ndarray:
        """What segments of several objects, by default all, have of others than the largest: boolean, of the volume's shape."""
        pairs = np.zeros(len(self.object), dtype=bool)
        for merge in self.merges if merges is None else merges:
            pairs |= (self.segment == merge.segment) & np.isin(self.object, merge.objects[1:])
        return self.flags(pairs)

    def named_as_objects(self, segmentation: np.ndarray) -> np.ndarray:
        """The segmentation with the ids of objects, each for the largest of its segments: int64, of the same shape.

        All others are numbered on from the largest id, 0 stays 0; so what comes back whole looks as in the ground truth.
        """
        found, places = np.unique(segmentation, return_inverse=True)
        last = int(self.object.max(initial=0))
        names = np.where(found > 0, last + 1 + np.arange(len(found)), 0)
        homes = self._homes(of=self.segment)
        largest = homes[np.unique(self.object[homes], return_index=True)[1]]
        names[np.searchsorted(found, self.segment[largest])] = self.object[largest]
        return np.asarray(names[places]).reshape(segmentation.shape)

    def _matches(self) -> tuple[float, float, float, int]:
        """Precision, recall and F1 at an IoU of more than one half, and the number of segments."""
        objects, of_object = np.unique(self.object, return_inverse=True)
        segments, of_segment = np.unique(self.segment, return_inverse=True)
        sizes = [np.bincount(of, self.voxels)[of] for of in (of_object, of_segment)]
        both = (self.object > 0) & (self.segment > 0)
        # Of more than half of a union there can be one only.
        matches = int((both & (2 * self.voxels > sizes[0] + sizes[1] - self.voxels)).sum())
        total, found = int((objects > 0).sum()), int((segments > 0).sum())
        return matches / found if found else 0.0, matches / total, 2 * matches / (total + found), found

    def _owned(self, by: np.ndarray, of: np.ndarray) -> Iterable[tuple[int, np.ndarray]]:
        """What has several of the others, each of which shares most voxels with it: its id and its pairs, largest first."""
        mine = self._homes(of)
        owners, counts = np.unique(by[mine], return_counts=True)
        for owner in owners[counts > 1]:
            yield int(owner), mine[by[mine] == owner]

    def _homes(self, of: np.ndarray) -> np.ndarray:
        """For each object, or segment, that is in `of`, the pair with most of its voxels, by index; the largest pairs first."""
        both = np.flatnonzero((self.object > 0) & (self.segment > 0))
        largest_first = both[np.argsort(-self.voxels[both], kind="stable")]
        _, first = np.unique(of[largest_first], return_index=True)
        homes: np.ndarray = largest_first[np.sort(first)]
        return homes

    def _extent(self, pairs: np.ndarray) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Voxels of some pairs, by index, and the box around them."""
        boxes = self.boxes[pairs]
        ends = zip(boxes[..., 0].min(0), boxes[..., 1].max(0), strict=True)
        return int(self.voxels[pairs].sum()), tuple((int(begin), int(end)) for begin, end in ends)


def with_ids_for_lost_voxels(truth: np.ndarray, segmentation: np.ndarray) -> np.ndarray:
    """The segmentation as scores count it: each voxel of an object that is in no segment has an id of its own, int64."""
    scored = segmentation.astype(np.int64)
    lost = (truth > 0) & (segmentation == 0)
    scored[lost] = np.arange(1, np.count_nonzero(lost) + 1) + scored.max(initial=0)
    return scored


def _pairs(sizes: np.ndarray) -> float:
    """Ordered pairs of different voxels within parts of these sizes."""
    return float(sizes @ sizes - sizes.sum())


def _bits(sizes: np.ndarray, total: float) -> float:
    """What parts of these sizes add to the entropy of a partition of `total` voxels, in bits."""
    shares = sizes / total
    return float(-(shares * np.log2(shares)).sum())
