"""What is measured: every operation with its peers, every predictor with both backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import torch

from benchmarks import peers
from benchmarks.measure import Work
from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops import backend
from predictor_inspector.core.ops.affinities import affinities
from predictor_inspector.core.ops.boundary_distance import signed_distance
from predictor_inspector.core.ops.class_balance import balance
from predictor_inspector.core.ops.shape_descriptors import shape_descriptors

OURS, PLAIN = "compiled", "torch"
SCALE_FACTOR, SIGMA = 5.0, 10.0
"""In voxels."""

LARGE = 5_000_000
"""Voxels beyond which peers that take minutes are left out."""


@dataclass(frozen=True)
class Case:
    """One operation on one volume, done by us and by others.

    Attributes
    ----------
    works : dict of str to callable
        By implementation; `OURS` and `PLAIN` come first.
    bytes_moved : int
        Labels read once and results written once: less can't be done.
    scales : dict of str to float
        Of peers that do only a part of the work, how much more all of it would be.
    """

    operation: str
    volume: str
    works: dict[str, Work]
    bytes_moved: int
    scales: dict[str, float] = field(default_factory=dict)


def operations(labels: np.ndarray, volume: str, threads: int, patience: float) -> list[Case]:
    """Every operation on `labels`, [Z, Y, X] or [Y, X]; no peer is run for more than about `patience` seconds."""
    ids = as_labels(labels).contiguous()
    values, sizes = ids.numpy(), (1.0,) * ids.ndim
    nearest = tuple(tuple(int(a == b) for b in range(ids.ndim)) for a in range(ids.ndim))
    positive = affinities(ids, nearest) > 0
    mask = torch.ones_like(positive[:1])
    all_known = mask.expand_as(positive)
    read, voxels = ids.numel() * ids.element_size(), ids.numel()
    small = voxels <= LARGE
    distance: dict[str, Work] = _both(lambda: signed_distance(ids, sizes, SCALE_FACTOR))
    distance["edt, doubled grid"] = lambda: peers.signed_distance_edt(values, sizes, SCALE_FACTOR, threads)
    if small:
        distance["scipy, doubled grid"] = lambda: peers.signed_distance_scipy(values, sizes, SCALE_FACTOR)
    descriptors = _both(lambda: shape_descriptors(ids, SIGMA, sizes))
    scales = {}
    found = [int(i) for i in np.unique(values) if i]
    if small:
        some = found[: _affordable(values, sizes, found, patience)]
        scales["Gaussians per label"] = len(found) / len(some)
        descriptors["Gaussians per label"] = lambda: peers.shape_descriptors_by_label(values, SIGMA, sizes, some)
    channels = 10 if ids.ndim == 3 else 6
    return [
        Case("signed distance", volume, distance, read + 4 * voxels),
        Case(
            "affinities, nearest",
            volume,
            _both(lambda: affinities(ids, nearest)) | {"numpy slices": lambda: peers.affinities_numpy(values, nearest)},
            read + 4 * voxels * len(nearest),
        ),
        Case("shape descriptors", volume, descriptors, read + 4 * voxels * channels, scales),
        Case(
            "class balance",
            volume,
            _both(lambda: balance(positive, mask))
            | {"numpy unique": lambda: peers.balanced_numpy(positive.numpy(), all_known.numpy())},
            voxels * (1 + 5 * len(nearest)),
        ),
    ]


def predictors(labels: np.ndarray, volume: str) -> list[Case]:
    """Target and weight of every predictor on `labels`."""
    gt = Array(as_labels(labels).contiguous(), (1,) * labels.ndim)
    nearest = tuple(tuple(int(a == b) for b in range(labels.ndim)) for a in range(labels.ndim))
    kinds: dict[str, Predictor] = {
        "affinities predictor": AffinitiesPredictor(nearest, lsds=False),
        "affinities and LSDs predictor": AffinitiesPredictor(nearest, lsds=True, num_voxels=int(SIGMA)),
        "distance predictor": DistancePredictor(("objects",), SCALE_FACTOR, True),
        "hot distance predictor": HotDistancePredictor(("objects",), SCALE_FACTOR, True),
        "inner distance predictor": InnerDistancePredictor(("objects",), SCALE_FACTOR),
        "one-hot predictor": OneHotPredictor(("background", "a", "b")),
    }
    read = labels.size * gt.data.element_size()

    def make(predictor: Predictor) -> Callable[[], Any]:
        return lambda: predictor.create_weight(gt, predictor.create_target(gt))

    return [
        Case(name, volume, _both(make(p)), read + 8 * labels.size * len(p.channel_names)) for name, p in kinds.items()
    ]


def _both(work: Work) -> dict[str, Work]:
    """The same with either backend."""

    def by(name: backend.Backend) -> Work:
        def run() -> object:
            with backend.using(name):
                return work()

        return run

    return {OURS: by("compiled"), PLAIN: by("torch")}


def _affordable(labels: np.ndarray, sizes: tuple[float, ...], ids: list[int], patience: float) -> int:
    """How many labels the slowest peer gets through in that time."""
    start = perf_counter()
    peers.shape_descriptors_by_label(labels, SIGMA, sizes, ids[:1])
    return max(1, min(len(ids), int(patience / (perf_counter() - start))))
