"""Cures: each mends what its finding is about, in a case that has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import (
    Array,
    BoundaryPredictor,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    NetworkConfig,
    OneHotPredictor,
    Predictor,
    UNetConfig,
)
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, run
from predictor_inspector.inspection.engine.network import measure
from predictor_inspector.inspection.findings import Finding, check_inputs, cured, find, kinds

from .volumes import affinities, array, cells, distance, tissue

NO_CURE = {
    "zero-weight": "nothing is to be done, or another region chosen",
    "empty-region": "another region must be chosen",
    "truncated-object": "nothing is to be done",
    "no-membrane-between": "a person must look whether two objects are one",
    "membrane-inside": "a person must look whether an object is two",
    "nested-classes": "a person must say which of two classes is right",
    **dict.fromkeys(("jump-between-sections", "repeated-section"), "sections must be aligned or annotated anew"),
    "voxel-size-doubtful": "the file must be mended, or the layer's scale be set",
    "touching-objects": "the ground truth must be cut, or another predictor trained",
    **dict.fromkeys(
        ("offsets-mirrored", "xyz-order"), "the decoder's offsets must be mended, which the predictor hasn't"
    ),
    **dict.fromkeys(("not-invertible", "object-lost", "id-in-pieces"), "another decoder or predictor must be chosen"),
    **dict.fromkeys(
        (
            "context-lost",
            "intensity-clipped",
            "labels-interpolated",
            "no-op-augmentation",
            "object-torn",
            "target-augmented",
        ),
        "the pipeline must be changed",
    ),
    **dict.fromkeys(
        (
            "class-never-annotated",
            "class-never-drawn",
            "crop-smaller-than-input",
            "crop-unreadable",
            "off-grid-translation",
            "split-leak",
            "voxel-sizes-mixed",
        ),
        "crops must be chosen, cut or annotated anew",
    ),
}


def of_kind(request: Request, kind: str) -> list[Finding]:
    found = [f for f in check_inputs(request.source) if f.id == kind]
    return found or list(find(run(request), only=[kind]))


def ring(labels: np.ndarray, value: float, dtype: Any) -> np.ndarray:
    marked = labels.astype(dtype)
    marked[:3] = value
    return marked


def two_pieces() -> np.ndarray:
    labels = cells()
    labels[labels == 8] = 1
    return labels


def speck() -> np.ndarray:
    labels = cells()
    labels[2:4, 37:39, 36:38] = labels.max() + 1
    return labels


def stray() -> np.ndarray:
    labels = cells()
    labels[1, 37, 37] = 1
    return labels


def hollow() -> np.ndarray:
    labels = cells()
    labels[9:12, 9:12, 9:12] = 0
    return labels


def nested() -> np.ndarray:
    labels = cells()
    labels[10:12, 10:12, 10:12] = labels.max() + 1
    return labels


def sliver() -> np.ndarray:
    labels = cells()
    labels[1, 2:38, 2] = labels.max() + 1
    return labels


HALF = np.r_[np.ones(25, np.uint8), np.zeros(15, np.uint8)][:, None, None]


def case(
    kind: str,
    predictor: Predictor,
    labels: np.ndarray | Callable[[], np.ndarray],
    mask: np.ndarray | None = None,
    box: tuple[slice, ...] | None = None,
    network: NetworkConfig | None = None,
    **request: Any,
) -> Any:
    def make() -> tuple[str, Request]:
        gt = array(labels() if callable(labels) else labels)
        known = None if mask is None else array(np.broadcast_to(mask, gt.data.shape).copy())
        if network is not None:
            request["network"] = measure(network)
        roi = None if box is None else gt.roi_of(box)
        return kind, Request(predictor, Source(gt, known), roi, "cpu", **request)

    return pytest.param(make, id=f"{kind}-{type(predictor).__name__}")


CUT = np.where(np.arange(40)[:, None, None] < 25, tissue(), 0).astype(np.uint16)
SMALL = UNetConfig((20, 20, 20), downsample_factors=())
OFFSETS = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
CASES = [
    case("float-labels", affinities(), cells().astype(np.float32)),
    case("not-finite", affinities(), ring(cells(), np.nan, np.float64)),
    case("not-finite", affinities(), cells(), np.where(HALF, np.inf, 1.0).astype(np.float32)),
    case("negative-ids", affinities(), ring(cells(), -1, np.int32)),
    case("label-overflow", affinities(), ring(cells(), 2**64 - 3, np.uint64)),
    case("label-overflow", affinities(), ring(cells(), 2**32 + 1, np.uint64)),
    case("ignore-id", affinities(), ring(cells(), 255, np.uint8)),
    case("ignore-id", affinities(), ring(cells(), 2**32 - 1, np.uint32)),
    case("mask-not-binary", affinities(), cells(), HALF * 255),
    case("not-annotated", affinities(), CUT),
    case("false-boundary", affinities(mask_pairs=False), CUT, HALF),
    case("false-boundary", distance(), CUT, HALF),
    case("false-boundary", HotDistancePredictor(["cells"], 50, False), CUT, HALF),
    case("false-boundary", BoundaryPredictor(mask_boundaries=False), CUT, HALF),
    case("context-outside-data", distance(), tissue(), outside="zero"),
    case(
        "context-outside-data",
        distance(scale_factor=90),
        lambda: tissue((90, 90, 90), count=3),
        None,
        (slice(0, 9),) * 3,
    ),
    case(
        "context-insufficient",
        distance(scale_factor=60, context_tolerance=0.9),
        tissue(count=6),
        None,
        (slice(14, 26),) * 3,
    ),
    case("class-absent", affinities(neighborhood=((0, 0, 39), *OFFSETS)), cells()),
    case("channel-constant", affinities(neighborhood=((0, 0, 30), *OFFSETS)), cells()),
    case("weight-clipped", affinities(affs_weight_clipmin=0.4, affs_weight_clipmax=0.6), cells()),
    case("weight-clipped", distance(clipmin=0.45, clipmax=0.55), cells()),
    case("split-object", affinities(), two_pieces()),
    case("split-object", affinities(), stray()),
    case("small-object", affinities(), speck()),
    case("holes", affinities(), hollow()),
    case("nested-object", affinities(), nested()),
    case("slivers", affinities(), sliver()),
    case("unknown-class", OneHotPredictor(["background", "one"]), (cells() % 5).astype(np.uint8)),
    case("scale-saturated", distance(scale_factor=4), cells()),
    case("scale-flat", distance(scale_factor=2000), cells()),
    case("scale-flat", InnerDistancePredictor(["cells"], 2000), cells()),
    case("sigma-too-large", affinities(lsds=True, num_voxels=60), cells()),
    case("sigma-too-small", affinities(lsds=True, num_voxels=1), lambda: tissue((80, 80, 80), count=4)),
    case("offset-too-long", affinities(neighborhood=((0, 0, 13), *OFFSETS)), cells()),
    case("offset-too-long", affinities(neighborhood=((0, 90, 0), *OFFSETS)), cells()),
    case("field-too-small", affinities(neighborhood=((0, 0, 5), *OFFSETS)), cells(), network=SMALL),
    case("field-too-small", distance(), cells(), network=replace(SMALL, kernel_size_down=((9, 9),))),
    case("input-exceeds-crop", affinities(), cells(), network=SMALL.with_input((50, 50, 50))),
]


@pytest.mark.parametrize("make", CASES)
def test_a_cure_mends(make: Any) -> None:
    kind, request = make()
    cures = [f for f in of_kind(request, kind) if f.cure is not None]
    assert cures
    for finding in cures:
        assert finding.cure is not None
        again = [(f.severity, f.channels) for f in of_kind(cured(request, finding.cure), kind)]
        assert (finding.severity, finding.channels) not in again


def test_every_kind_has_a_cure_that_is_tested_or_a_reason_for_none() -> None:
    tested = {c.id.rsplit("-", 1)[0] for c in CASES}
    others = {
        "window-anisotropic",
        "count-drift",
        "erosion-costs",
        "raw-misaligned",
        "target-differs",
        "single-section-island",
        "unlabelled-object",
    }
    assert tested | others | set(NO_CURE) == set(kinds())
    assert not tested & set(NO_CURE)


def test_wide_windows_and_earlier_counts_are_mended_too() -> None:
    labels = np.repeat(np.repeat(cells((6, 40, 40), 4, 10), 4, 1), 2, 2)[:4]
    gt = Array(labels, (400, 10, 10), unit="nm")
    wide = Request(affinities(lsds=True, num_voxels=3), Source(gt), None, "cpu")
    (finding,) = of_kind(wide, "window-anisotropic")
    assert (finding.severity, finding.cure is None) == ("warning", False)
    assert [f.severity for f in of_kind(cured(wide, finding.cure), "window-anisotropic")] == ["info"]

    gt = array(cells())
    here = Request(DistancePredictor(["cells"], 50, False), Source(gt), None, "cpu")
    elsewhere = run(here).counts
    drifted = Request(
        here.predictor, here.source, None, "cpu", counts=elsewhere.__class__(elsewhere.count.flip(-1) * 50)
    )
    (finding,) = of_kind(drifted, "count-drift")
    assert of_kind(cured(drifted, finding.cure), "count-drift") == []
