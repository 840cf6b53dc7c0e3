"""Repairs: mended copies of ground truth and masks whose values can't be used as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cc3d
import numpy as np

from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.data.source import Source

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Repair:
    """What a copy of the ground truth and of its mask is to hold; the originals are never changed.

    Attributes
    ----------
    labels : callable or None
        From ids, of any shape, to others of the same shape. None: the ids stay.
    annotated : callable or None
        From the ids as they were, of any shape, to a boolean array: which of them are known. None: the mask stays.
    mask : callable or None
        From the mask's values to others.
    """

    labels: Change | None = None
    annotated: Change | None = None
    mask: Change | None = None

    def of(self, source: Source) -> Source:
        """Mended copies, in memory; what isn't annotated before isn't afterwards."""
        gt, mask = source.gt, source.mask
        ids = gt.numpy()
        if self.mask is not None and mask is not None:
            mask = mask.like(self.mask(mask.numpy()), mask.axis_names)
        if self.annotated is not None:
            known = self.annotated(ids)
            if mask is not None and mask.channel_dims == 0:
                known &= read_on_grid(mask, gt.roi, gt).numpy() != 0
            mask = gt.like(known.astype(np.uint8), gt.axis_names)
        labels = gt if self.labels is None else gt.like(self.labels(ids), gt.axis_names)
        return replace(source, gt=labels, mask=mask)


def as_whole_numbers(values: np.ndarray) -> np.ndarray:
    """Ids of a floating-point type as integers; what isn't finite becomes 0."""
    whole: np.ndarray = np.nan_to_num(values, posinf=0.0, neginf=0.0).astype(np.int64)
    return whole.astype(np.min_scalar_type(int(whole.max()))) if whole.size and whole.min() >= 0 else whole


def numbered_anew(ids: np.ndarray) -> np.ndarray:
    """The same objects with ids from 1 on, in the order of their ids; 0 stays 0."""
    found, inverse = np.unique(ids, return_inverse=True)
    first = 0 if len(found) and found[0] == 0 else 1
    kept: np.ndarray = inverse.reshape(ids.shape).astype(np.min_scalar_type(len(found)))
    return kept + kept.dtype.type(first) if first else kept


def in_pieces(chosen: Sequence[int], ids: np.ndarray) -> np.ndarray:
    """Ids with each piece of the chosen objects as an object of its own; the largest keeps its id."""
    pieces = cc3d.connected_components(np.where(np.isin(ids, chosen), ids, 0).astype(_plain(ids)))
    sizes = np.bincount(pieces.reshape(-1))
    sizes[0] = 0
    of_piece = np.zeros(len(sizes), np.int64)
    of_piece[pieces.reshape(-1)] = ids.reshape(-1)
    free = int(ids.max()) + 1
    for number in chosen:
        mine = np.flatnonzero((of_piece == number) & (sizes > 0))
        for piece in mine[np.argsort(-sizes[mine])][1:]:
            of_piece[piece], free = free, free + 1
    named: np.ndarray = np.where(pieces > 0, of_piece[pieces], ids.astype(np.int64))
    return named.astype(np.promote_types(ids.dtype, np.min_scalar_type(free)))


def without_specks(chosen: Sequence[int], largest: int, ids: np.ndarray) -> np.ndarray:
    """Ids without those pieces of the chosen objects that have at most so many voxels."""
    pieces = cc3d.connected_components(np.where(np.isin(ids, chosen), ids, 0).astype(_plain(ids)))
    small = np.bincount(pieces.reshape(-1)) <= largest
    small[0] = False
    kept: np.ndarray = np.where(small[pieces], 0, ids).astype(ids.dtype)
    return kept


def repainted(places: Sequence[tuple[tuple[int, ...], int]], ids: np.ndarray) -> np.ndarray:
    """Ids where the piece that has a voxel gets another id, for each of some voxels; 0 deletes it.

    Voxels are indices of the last axes; there are no others but of length 1. Pieces of objects are connected by faces, edges
    and corners, those of background by faces.
    """
    result = ids.copy()
    volume = result.reshape(ids.shape[ids.ndim - len(places[0][0]) :])
    at = tuple(np.array([voxel for voxel, _ in places]).T)
    chosen, given = volume[at], np.array([number for _, number in places], result.dtype)
    of_objects = np.where(np.isin(volume, chosen[chosen != 0]), volume, 0).astype(_plain(ids))
    for pieces, mine in (
        (cc3d.connected_components(of_objects), chosen != 0),
        (cc3d.connected_components(volume == 0, connectivity=6 if volume.ndim == 3 else 4), chosen == 0),
    ):
        wanted = pieces[tuple(index[mine] for index in at)]
        named, known = np.zeros(int(pieces.max()) + 1, result.dtype), np.zeros(int(pieces.max()) + 1, bool)
        named[wanted], known[wanted] = given[mine], True
        here = known[pieces]
        volume[here] = named[pieces[here]]
    return result


def masking(is_unknown: Change) -> Repair:
    """Ids that mark what isn't annotated become 0, and aren't annotated any more."""
    return Repair(partial(_zero_where, is_unknown), partial(_known_where_not, is_unknown))


def annotated_in(planes: Sequence[np.ndarray], ids: np.ndarray) -> np.ndarray:
    """Boolean, of the ids' shape: those are annotated that lie in a chosen plane of each of the last axes."""
    flags: np.ndarray = np.ones(ids.shape, dtype=bool)
    for axis, chosen in zip(range(-len(planes), 0), planes, strict=True):
        flags &= chosen.reshape(-1, *(1,) * (-axis - 1))
    return flags


def annotated_but(begin: Sequence[int], unknown: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Boolean, of the ids' shape: all is annotated but the background where `unknown`, boolean, [Z, Y, X], from `begin` on."""
    flags: np.ndarray = np.ones(ids.shape, dtype=bool)
    part: Any = (..., *(slice(b, b + n) for b, n in zip(begin, unknown.shape, strict=True)))
    flags[part] = ~unknown | (ids[part] != 0)
    return flags


def is_negative(values: np.ndarray) -> np.ndarray:
    """Which ids are below 0."""
    found: np.ndarray = values < 0
    return found


def is_not_finite(values: np.ndarray) -> np.ndarray:
    """Which values are NaN or infinite."""
    found: np.ndarray = ~np.isfinite(values)
    return found


def is_at_least(lowest: int, values: np.ndarray) -> np.ndarray:
    """Which ids are so large."""
    found: np.ndarray = values >= values.dtype.type(lowest)
    return found


def as_binary(values: np.ndarray) -> np.ndarray:
    """A mask as 0 and 1; what isn't finite becomes 0."""
    binary: np.ndarray = np.nan_to_num(values, posinf=0.0, neginf=0.0) != 0
    return binary.astype(np.uint8)


def _zero_where(is_unknown: Change, ids: np.ndarray) -> np.ndarray:
    kept: np.ndarray = np.where(is_unknown(ids), 0, ids).astype(ids.dtype)
    return as_whole_numbers(kept) if kept.dtype.kind == "f" else kept


def _known_where_not(is_unknown: Change, ids: np.ndarray) -> np.ndarray:
    known: np.ndarray = ~is_unknown(ids)
    return known


def _plain(ids: np.ndarray) -> Any:
    """A type that connected components can be labelled in."""
    return ids.dtype if ids.dtype.kind in "iu" and ids.dtype.isnative else np.int64
