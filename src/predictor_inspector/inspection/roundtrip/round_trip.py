"""`round_trip`: from a target to a segmentation, and how much of the truth comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

import cc3d
import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.config import config_of
from predictor_inspector.core.drawn import drawing
from predictor_inspector.core.ground_truth import annotated
from predictor_inspector.core.labels import as_labels
from predictor_inspector.inspection.engine.run import Inspection, Progress
from predictor_inspector.inspection.findings.finding import VoxelSet, plain
from predictor_inspector.inspection.roundtrip.decoder import DECODERS, Decoder, Groups, chosen_decoder
from predictor_inspector.inspection.roundtrip.degrade import Imperfection
from predictor_inspector.inspection.roundtrip.scores import Merge, NoObjectError, Overlaps, Scores, Split

Box = tuple[slice, ...]
PERFECT = Imperfection()

DECODING = 100
"""Bytes that decoding needs for each value of a target, at most: mwatershed keeps 90, scikit-image's watershed as many."""


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """What a decoder makes of a target, or of a prediction of it, against the ground truth.

    All arrays cover the box around what is annotated in the inspected region, and what isn't annotated counts as background.
    Axes are [Z, Y, X], or [S, Z, Y, X] with an axis named ``s^`` where the decoder makes several segmentations, one for each
    channel of distances; ids of these are made different from each other, and `names` says what they stand for.

    Attributes
    ----------
    inspection : Inspection
        The target and the ground truth.
    decoder, imperfection : Decoder, Imperfection
        What made the prediction of the target, and the segmentation of that.
    truth, segmentation : Array
        Ids of objects, int64, and of segments, uint64; 0 is background. Where a channel has one id only, as that of a class,
        its connected pieces are the objects.
    pieces : Array or None
        Connected pieces of objects, int64, whose voxels share a face, an edge or a corner: what lies apart within the region
        can hardly come back as one. None where ids are those of classes.
    overlaps, piece_overlaps : Overlaps
        Voxels that objects, and their pieces, share with segments.
    names : mapping of int to str
        What objects are called where that isn't by their id.
    groups : tuple of tuple of int
        The channels that each segmentation is made of.
    seconds : mapping of str to float
        What decoding and scoring took.
    """

    inspection: Inspection
    decoder: Decoder
    imperfection: Imperfection
    truth: Array
    segmentation: Array
    pieces: Array | None
    overlaps: Overlaps
    piece_overlaps: Overlaps | None
    names: Mapping[int, str]
    groups: Groups
    seconds: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"RoundTrip({self.decoder!r}: {self.scores.segments} segments of {self.scores.objects} objects)"

    def _repr_html_(self) -> str:
        html: str = drawing("trip_html")(self)
        return html

    def plot(self) -> Any:
        """A picture of the ground truth beside the segmentation, which a notebook shows; see `output.notebook.plot_trip`."""
        return drawing("plot_trip")(self)

    @property
    def scores(self) -> Scores:
        """Against the ids of the ground truth."""
        return self.overlaps.scores

    @property
    def piece_scores(self) -> Scores | None:
        """Against the connected pieces of ids."""
        return None if self.piece_overlaps is None else self.piece_overlaps.scores

    @property
    def splits(self) -> tuple[Split, ...]:
        """Objects in several segments, the worst first."""
        return self.overlaps.splits

    @property
    def merges(self) -> tuple[Merge, ...]:
        """Segments of several objects, the worst first."""
        return self.overlaps.merges

    @property
    def lost(self) -> tuple[int, ...]:
        """Objects that no segment has a voxel of."""
        return self.overlaps.lost

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that were decoded."""
        return tuple(self.inspection.channels[i] for group in self.groups for i in group)

    def name(self, obj: int) -> str:
        """What an object is called: ``"id 7"``."""
        return self.names.get(obj, f"id {obj}")

    def roi_of(self, where: Split | Merge) -> Roi:
        """The place of a split or a merge, in world coordinates."""
        return self.truth.roi_of([slice(*ends) for ends in where.box[-self.truth.dims :]])

    def where(self, flags: np.ndarray) -> VoxelSet | None:
        """The voxels that are True in a volume of the shape of `truth`; None if there are none."""
        return VoxelSet.of(flags, self.truth, self.truth.offset)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, without arrays."""

        def place(what: Split | Merge) -> dict[str, Any]:
            return {**VoxelSet.box(self.roi_of(what), self.truth).as_dict(), "voxels": what.voxels}

        pieces = self.piece_scores
        return {
            "decoder": config_of(DECODERS, self.decoder),
            "imperfection": plain(vars(self.imperfection)),
            "scores": plain(self.scores.as_dict()),
            "piece_scores": None if pieces is None else plain(pieces.as_dict()),
            "splits": [
                {"object": self.name(s.object), "segments": list(s.segments), "where": place(s)} for s in self.splits
            ],
            "merges": [
                {"segment": m.segment, "objects": [self.name(o) for o in m.objects], "where": place(m)}
                for m in self.merges
            ],
            "lost": [self.name(o) for o in self.lost],
            "seconds": plain(dict(self.seconds)),
        }


def round_trip(
    inspection: Inspection,
    decoder: Decoder | None = None,
    imperfection: Imperfection = PERFECT,
    progress: Progress | None = None,
    prediction: np.ndarray | None = None,
) -> RoundTrip:
    """Decode the target of an inspection, and score the segmentation against its ground truth.

    Parameters
    ----------
    inspection : Inspection
        Its arrays aren't modified.
    decoder : Decoder, optional
        By default the first that can decode the target, see `chosen_decoder`.
    imperfection : Imperfection
        How the prediction differs from the target.
    progress : callable, optional
        As in `inspect`, with the steps ``"decode"`` and ``"score"``; raise from it to cancel.
    prediction : numpy.ndarray, optional
        Decoded in place of the target, as `predicted_values` gives it: what a network loses beyond what the target had lost.

    Raises
    ------
    ValueError
        If the decoder doesn't fit the target's channels; a `NoObjectError` if no annotated object lies in the region.
    ImportError
        If a library that is needed isn't installed; the message says how to install it.
    """
    channels = inspection.channels
    decoder = chosen_decoder(channels) if decoder is None else decoder
    groups = type(decoder).groups(channels)
    if not groups:
        kind = DECODERS.name_of(type(decoder))
        raise ValueError(f"the decoder {kind!r} can't decode {type(inspection.request.predictor).__name__}'s channels")
    tell = (lambda _step, _fraction: None) if progress is None else progress
    tell("decode", 0.0)
    begin = perf_counter()
    truths = GroundTruth(inspection, groups)
    values = inspection.target.numpy() if prediction is None else prediction
    values = values[(slice(None), *truths.box)]
    values = imperfection.of(values, channels, np.asarray((truths.ids > 0).any(0)))
    found = [decoder.segment(values[list(g)], [channels[i] for i in g]) for g in groups]
    segmentation = _distinct([np.asarray(s) for s in found]).astype(np.uint64)
    decoded = perf_counter()
    tell("score", 0.0)
    # What isn't annotated is neither right nor wrong.
    known = np.where(truths.known, segmentation, 0)
    overlaps = Overlaps.of(truths.ids, known)
    pieces = None if truths.pieces is None else Overlaps.of(truths.pieces, known)
    for either in (overlaps, pieces):
        if either is not None:
            _ = either.scores
    seconds = {"decode": decoded - begin, "score": perf_counter() - decoded}
    return RoundTrip(
        inspection,
        decoder,
        imperfection,
        truths.array(truths.ids),
        truths.array(segmentation),
        None if truths.pieces is None else truths.array(truths.pieces),
        overlaps,
        pieces,
        truths.names,
        groups,
        seconds,
    )


class GroundTruth:
    """Ids and pieces of objects for each group of channels, [S, Z, Y, X], in the box around what is annotated."""

    def __init__(self, inspection: Inspection, groups: Groups) -> None:
        self._gt, roi = inspection.gt, inspection.roi
        mask = inspection.mask
        count = mask.shape[0] if mask is not None and mask.channel_dims else 1
        known = annotated(mask, roi, self._gt, count).cpu().numpy()
        if not known.any():
            raise NoObjectError("nothing is annotated in the region; choose another one")
        channels = [[inspection.channels[i] for i in group] for group in groups]
        each = [known[[min(c.mask_channel, count - 1) for c in group]].all(0) for group in channels]
        self.box = _box_around(np.asarray(known.any(0)))
        self.known = np.stack(each)[(slice(None), *self.box)]
        """Where each group is annotated."""
        self._offset = self._gt.roi_of(self.box).begin - self._gt.offset + roi.begin
        labels = np.asarray(as_labels(self._gt[roi].numpy()))
        labels = labels.reshape(-1, *labels.shape[-self._gt.dims :])[(slice(None), *self.box)]
        self.names: dict[int, str] = {}
        classes = [len(group) > 1 and group[0].kind == "one-hot" for group in channels]
        ids = [
            np.where(k, _classes(labels, group) if is_class else labels[min(group[0].source, len(labels) - 1)], 0)
            for k, group, is_class in zip(self.known, channels, classes, strict=True)
        ]
        # A class's mask has one id for all of its objects.
        ids = [
            _pieces(volume) if group[0].kind != "affinity" and not is_class and _is_mask(volume) else volume
            for volume, group, is_class in zip(ids, channels, classes, strict=True)
        ]
        self.ids = self._numbered(ids, channels)
        self.pieces = None if any(classes) else _distinct([_pieces(volume) for volume in self.ids]).astype(np.int64)

    def array(self, values: np.ndarray) -> Array:
        """Values for all groups on the ground truth's grid, without that axis if there is one group."""
        axes = self._gt.spatial_axes
        data, names = (values[0], axes) if len(values) == 1 else (values, ("s^", *axes))
        return self._gt.like(data, names, self._offset)

    def _numbered(self, ids: Sequence[np.ndarray], channels: Sequence[Sequence[Channel]]) -> np.ndarray:
        """Ids as they are, or of several groups with numbers that tell them apart, int64: [S, Z, Y, X]."""
        if len(ids) == 1:
            return ids[0].astype(np.int64)[None]
        numbered, last = [], 0
        for volume, group in zip(ids, channels, strict=True):
            found, ranks = np.unique(volume, return_inverse=True)
            objects = found[found > 0]
            ranks = ranks.reshape(volume.shape) + last + (0 if len(objects) < len(found) else 1)
            numbered.append(np.where(volume > 0, ranks, 0))
            self.names |= {last + 1 + i: f"id {obj} of {group[0].name}" for i, obj in enumerate(objects.tolist())}
            last += len(objects)
        return np.stack(numbered).astype(np.int64)


def _classes(labels: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
    """The class of each voxel: the ids as they are, or, where each class has a channel, its number from 1."""
    if len(labels) == 1:
        return np.asarray(labels[0])
    ids = np.zeros(labels.shape[1:], np.int64)
    for number, channel in enumerate(channels, 1):
        ids[labels[channel.source] > 0] = number
    return ids


def _is_mask(ids: np.ndarray) -> bool:
    inside = ids[ids > 0]
    return bool(inside.size) and bool((inside == inside[0]).all())


def _pieces(ids: np.ndarray) -> np.ndarray:
    """Connected pieces of objects, counted from 1; voxels that share a face, an edge or a corner are connected."""
    volume = ids if ids.ndim > 1 else ids[None]
    return np.asarray(cc3d.connected_components(volume)).reshape(ids.shape)


def _distinct(volumes: Sequence[np.ndarray]) -> np.ndarray:
    """Volumes of ids, stacked, without an id that is in two of them; 0 stays 0."""
    last, distinct = 0, []
    for volume in volumes:
        ids = volume.astype(np.int64)
        distinct.append(np.where(ids > 0, ids + last, 0))
        last += int(ids.max(initial=0))
    return np.stack(distinct)


def _box_around(flags: np.ndarray) -> Box:
    axes = range(flags.ndim)
    along = [np.flatnonzero(flags.any(axis=tuple(a for a in axes if a != axis))) for axis in axes]
    return tuple(slice(int(a[0]), int(a[-1]) + 1) for a in along)
