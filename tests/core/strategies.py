"""Hypothesis strategies: small ground truth anywhere in the world, masks, and predictors of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
    StarDistPredictor,
)

SEEDS = st.integers(0, 2**32 - 1)
CLIPS = st.sampled_from([(0.05, 0.95), (0.01, 0.99), (0.2, 0.5), (0.3, 0.3)])

Draw = Callable[[st.SearchStrategy[Any]], Any]


def blocks(seed: int, shape: tuple[int, ...], ids: int = 4, side: int = 2) -> np.ndarray:
    """Random ids 0 … `ids` - 1 in blocks of `side` voxels, with single voxels strewn in: int64."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, ids, [-(-n // side) for n in shape])
    for axis in range(len(shape)):
        labels = labels.repeat(side, axis)
    labels = labels[tuple(slice(0, n) for n in shape)].copy()
    strewn = rng.random(shape) < 0.1
    labels[strewn] = rng.integers(0, ids, strewn.sum())
    return labels


@st.composite
def shapes(draw: Draw, dims: int | None = None, longest: int = 7) -> tuple[int, ...]:
    dims = draw(st.sampled_from([2, 3])) if dims is None else dims
    return tuple(draw(st.integers(1, longest)) for _ in range(dims))


@st.composite
def grids(draw: Draw, dims: int) -> dict[str, Any]:
    """Voxel size, offset and subdivision of an `Array`."""
    return {
        "voxel_size": tuple(draw(st.integers(1, 9)) for _ in range(dims)),
        "offset": tuple(draw(st.integers(-50, 50)) for _ in range(dims)),
        "subdivision": draw(st.sampled_from([1, 10, 100])),
    }


@st.composite
def label_arrays(draw: Draw, dims: int | None = None, longest: int = 7, channels: int | None = None) -> Array:
    """Instance ids, or binary channels if `channels` are given."""
    shape = draw(shapes(dims, longest))
    side, ids, seed = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(SEEDS)
    labels = blocks(seed, shape, ids, side)
    if channels is not None:
        labels = np.stack([blocks(seed // (c + 1), shape, 2, side) for c in range(channels)])
    return Array(labels.astype(np.uint8), **draw(grids(len(shape))))


@st.composite
def masks(draw: Draw, gt: Array, channels: int | None = None) -> Array | None:
    """None, or a mask with holes: of any size, number of channels and type."""
    if draw(st.booleans()):
        return None
    dims = gt.dims
    grow = [draw(st.integers(-2, 2)) for _ in range(2 * dims)]
    begin = [max(-2, g) for g in grow[:dims]]
    shape = [max(1, n - b + g) for n, b, g in zip(gt.spatial_shape, begin, grow[dims:], strict=True)]
    leading = draw(st.sampled_from([(), (1,)] + ([(channels,)] if channels else [])))
    known = np.random.default_rng(draw(SEEDS)).random((*leading, *shape)) < draw(st.sampled_from([0.0, 0.7, 1.0]))
    dtype, high = draw(st.sampled_from([(bool, 1), (np.uint8, 255), (np.int64, 7), (np.float32, 0.5)]))
    offset = [o + b * v for o, b, v in zip(gt.offset, begin, gt.voxel_size, strict=True)]
    return Array((known * high).astype(dtype), gt.voxel_size, offset, None, gt.unit, gt.subdivision)


def known_voxels(mask: Array | None, gt: Array, channels: int) -> np.ndarray:
    """Where `gt` is annotated, voxel by voxel: boolean, [`channels`, …]."""
    known = np.ones((channels, *gt.spatial_shape), dtype=bool)
    if mask is None:
        return known
    values = mask.numpy() if mask.channel_dims else mask.numpy()[None]
    for p in np.ndindex(tuple(gt.spatial_shape)):
        corner = gt.offset + gt.voxel_size * Coordinate(p)
        q = (corner - mask.offset) // mask.voxel_size
        inside = all(0 <= c < n for c, n in zip(q, mask.spatial_shape, strict=True))
        for c in range(channels):
            known[(c, *p)] = inside and values[(c if len(values) > 1 else 0, *q)] != 0
    return known


@st.composite
def parts(draw: Draw, gt: Array) -> Roi:
    """A part of the ground truth, a whole number of voxels."""
    begin = [draw(st.integers(0, n - 1)) for n in gt.spatial_shape]
    end = [draw(st.integers(b + 1, n)) for b, n in zip(begin, gt.spatial_shape, strict=True)]
    return gt.roi_of([slice(b, e) for b, e in zip(begin, end, strict=True)])


@st.composite
def neighborhoods(draw: Draw, dims: int, longest: int = 4) -> tuple[tuple[int, ...], ...]:
    offset = st.tuples(*[st.integers(-longest, longest)] * dims)
    return tuple(draw(st.lists(offset, min_size=1, max_size=3)))


@st.composite
def affinities_predictors(draw: Draw, dims: int, lsds: bool | None = None) -> AffinitiesPredictor:
    affs, lsd = draw(CLIPS), draw(CLIPS)
    return AffinitiesPredictor(
        draw(neighborhoods(dims)),
        lsds=draw(st.booleans()) if lsds is None else lsds,
        num_voxels=draw(st.integers(1, 3)),
        downsample_lsds=draw(st.integers(1, 3)),
        grow_boundary_iterations=draw(st.integers(0, 2)),
        affs_weight_clipmin=affs[0],
        affs_weight_clipmax=affs[1],
        lsd_weight_clipmin=lsd[0],
        lsd_weight_clipmax=lsd[1],
        background_as_object=draw(st.booleans()),
        mask_pairs=draw(st.booleans()),
        only_xy=draw(st.booleans()),
    )


@st.composite
def distance_predictors(draw: Draw, channels: int = 1, kinds: Any = None) -> Predictor:
    """Any of the distance family; scale factors of a few voxels of up to 9 units."""
    cls = draw(st.sampled_from(kinds or [DistancePredictor, HotDistancePredictor, InnerDistancePredictor]))
    clipmin, clipmax = draw(CLIPS)
    values: dict[str, Any] = {
        "channels": [f"class {c}" for c in range(channels)],
        "scale_factor": draw(st.sampled_from([0.07, 0.5, 3.0, 10.5, 1000.0])),
        "clipmin": clipmin,
        "clipmax": clipmax,
        "context_tolerance": draw(st.sampled_from([0.01, 0.1, 0.3])),
    }
    if cls is not InnerDistancePredictor:
        values["mask_distances"] = draw(st.booleans())
        values["epsilon"] = draw(st.sampled_from([0.0, 0.05, 0.3]))
        values["threshold"] = draw(st.sampled_from([0.0, 0.5, 0.8, 1.0]))
    return cls(**values)


@st.composite
def boundary_predictors(draw: Draw, dims: int) -> BoundaryPredictor:
    clipmin, clipmax = draw(CLIPS)
    thickness = draw(st.tuples(*[st.integers(0, 3)] * dims).filter(any) | st.integers(1, 3))
    return BoundaryPredictor(
        thickness,
        draw(st.sampled_from(["thick", "inner", "outer"])),
        draw(st.sampled_from(["faces", "edges", "corners"])),
        *(draw(st.booleans()) for _ in range(3)),
        clipmin,
        clipmax,
    )


@st.composite
def flows_predictors(draw: Draw, dims: int) -> CellposeFlowsPredictor:
    diameter, iterations = draw(st.sampled_from([(0.07, None), (0.5, 9), (3.0, 2)]))
    return CellposeFlowsPredictor(dims, diameter, iterations, draw(st.booleans()))


@st.composite
def stardist_predictors(draw: Draw, dims: int) -> StarDistPredictor:
    longest, rays = draw(st.sampled_from([(2, 4), (3, 9), (12, 5)]))
    return StarDistPredictor(dims, longest, rays, draw(st.booleans()))


@st.composite
def predictors(draw: Draw, dims: int) -> Predictor:
    """A predictor of any kind that takes instance ids in `dims` dimensions."""
    kind = draw(st.sampled_from(["affinities", "distances", "boundary", "flows", "stardist", "one_hot", "dummy"]))
    if kind == "affinities":
        return draw(affinities_predictors(dims))
    if kind == "distances":
        return draw(distance_predictors())
    if kind == "boundary":
        return draw(boundary_predictors(dims))
    if kind == "flows":
        return draw(flows_predictors(dims))
    if kind == "stardist":
        return draw(stardist_predictors(dims))
    if kind == "one_hot":
        names = [f"class {c}" for c in range(draw(st.integers(1, 4)))]
        return OneHotPredictor(names, ignore=draw(st.sampled_from([None, 0, 1, 3])))
    return DummyPredictor(draw(st.integers(1, 3)))
