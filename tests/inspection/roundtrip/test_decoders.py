"""Decoders against the libraries that they stand for, and against ground truth."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mwatershed
import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import watershed

from predictor_inspector.core import (
    AffinitiesPredictor,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    DummyPredictor,
    HotDistancePredictor,
    OneHotPredictor,
    Predictor,
    StarDistPredictor,
)
from predictor_inspector.core.channels import Channel
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.roundtrip import DECODERS, Decoder, chosen_decoder, fitting_decoders
from predictor_inspector.inspection.roundtrip.boundary_watershed import BoundaryWatershed
from predictor_inspector.inspection.roundtrip.decoders import Argmax, Threshold, Watershed, Waterz
from predictor_inspector.inspection.roundtrip.follow_flows import FollowFlows, flow_errors, without_holes
from predictor_inspector.inspection.roundtrip.mutex_watershed import MutexWatershed
from predictor_inspector.inspection.roundtrip.star_polygons import StarPolygons
from tests.core.strategies import blocks

from ..findings.volumes import affinities, array, cells, distance, tissue

LONG = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 0, 0), (0, -4, 0), (2, 2, -1))


def channels_of(offsets: tuple[tuple[int, ...], ...]) -> list[Channel]:
    return [Channel(str(o), "affinity", offset=o) for o in offsets]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two segmentations are the same but for the numbers of their ids, with 0 in the same places."""
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]).astype(np.int64), axis=1)
    return len(np.unique(a)) == len(np.unique(b)) == pairs.shape[1] and ((a == 0) == (b == 0)).all()


def by_library(prediction: np.ndarray, offsets: tuple[tuple[int, ...], ...], **options: object) -> np.ndarray:
    return mwatershed.agglom(prediction.astype(np.float64) - 0.5, [list(o) for o in offsets], **options)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_perfect_affinities_are_segmented_as_by_mwatershed_without_it(
    dims: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets = tuple(o[3 - dims :] for o in LONG if any(o[3 - dims :]))
    labels = cells((30,) * dims, 4, 11) + 20 * (cells((30,) * dims, 3, 9) > 0)
    target = inspect(AffinitiesPredictor(offsets, lsds=False), array(labels), device="cpu").target.numpy()
    theirs = by_library(target, offsets)
    monkeypatch.setitem(sys.modules, "mwatershed", None)
    ours = MutexWatershed().segment(target, channels_of(offsets))
    assert same(ours, theirs)
    assert ours.max() > 1


@pytest.mark.parametrize("seed", range(4))
def test_contradicting_affinities_are_segmented_as_by_mwatershed(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Some sparse, so that nothing contradicts in a part of the cases; each value once, so that there is one solution.
    values = random.permutation(len(LONG) * 300).reshape(len(LONG), 5, 6, 10) / 1800 * (0.4 + 0.2 * seed)
    prediction = values.astype(np.float32)
    assert same(MutexWatershed().segment(prediction, channels_of(LONG)), by_library(prediction, LONG))


def test_strides_are_those_of_mwatershed() -> None:
    strides = ((1, 1, 1), (1, 1, 1), (1, 2, 1), (2, 3, 1), (1, 4, 1), (3, 1, 2))
    labels = tissue((9, 14, 15), 5)
    target = inspect(AffinitiesPredictor(LONG, lsds=False), array(labels), device="cpu").target.numpy()
    theirs = by_library(target, LONG, strides=[list(s) for s in strides])
    assert same(MutexWatershed(strides=strides).segment(target, channels_of(LONG)), theirs)


def test_a_bias_for_each_offset_decides_which_pairs_attract() -> None:
    prediction = np.full((2, 4, 4), 0.6, np.float32)
    channels = channels_of(((1, 0), (0, 1)))
    rows = MutexWatershed(bias=(0.7, 0.5)).segment(prediction, channels)
    assert len(np.unique(rows)) == 4
    assert (rows == rows[:, :1]).all()
    assert len(np.unique(MutexWatershed(bias=0.5).segment(prediction, channels))) == 1


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"bias": (0.5,)}, "bias needs one entry for each of 2 affinities, got 1"),
        ({"neighborhood": ((1, 0),)}, "neighborhood needs one entry"),
        ({"neighborhood": ((1, 0, 0), (0, 1, 0))}, "neighborhood needs 2 numbers in each entry"),
        ({"strides": ((1, 1), (1, 1), (1, 1))}, "strides needs one entry"),
    ],
)
def test_what_does_not_fit_the_affinities_is_refused(parameters: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MutexWatershed(**parameters).segment(np.ones((2, 3, 3), np.float32), channels_of(((1, 0), (0, 1))))


def test_strides_below_1_are_refused() -> None:
    with pytest.raises(ValueError, match="strides must be at least 1"):
        MutexWatershed(strides=((0, 1),))


@pytest.mark.parametrize("connectivity", ["faces", "edges", "corners"])
def test_pieces_above_a_threshold_are_scipys(connectivity: str) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (1, 8, 9, 10)).astype(np.float32)
    steps = {"faces": 1, "edges": 2, "corners": 3}[connectivity]
    theirs = ndimage.label(values[0] > 0, ndimage.generate_binary_structure(3, steps))[0]
    ours = Threshold(connectivity=connectivity).segment(values, [Channel("d", "signed distance", -1)])
    assert same(ours, theirs)
    large = Threshold(connectivity=connectivity, smallest=3).segment(values, [Channel("d", "signed distance", -1)])
    assert same(large, np.where(np.bincount(theirs.ravel())[theirs] >= 3, theirs, 0))


@pytest.mark.parametrize("shape", [(1,), (3,), (1, 3), (3, 1, 1), (1, 1, 3), (2, 1, 2)])
def test_the_smallest_regions_are_decoded_too(shape: tuple[int, ...]) -> None:
    values = np.ones((1, *shape), np.float32)
    values[0].flat[len(values.ravel()) // 2] = -1
    channel = Channel("d", "signed distance", -1)
    for connectivity in ("faces", "edges", "corners"):
        ids = Threshold(connectivity=connectivity).segment(values, [channel])
        assert ids.shape == shape
        assert ((ids > 0) == (values[0] > 0)).all()
    offset = (*(0 for _ in shape[1:]), 1)
    assert MutexWatershed().segment(values, channels_of((offset,))).shape == shape


def test_a_threshold_is_in_the_middle_for_probabilities() -> None:
    values = np.array([[[0.2, 0.4, 0.6]]], np.float32)
    assert Threshold().segment(values, [Channel("p", "one-hot")]).tolist() == [[0, 0, 1]]
    assert Threshold(0.3).segment(values, [Channel("p", "one-hot")]).tolist() == [[0, 1, 1]]


def test_a_watershed_grows_seeds_as_scikit_image_does() -> None:
    target = inspect(distance(scale_factor=40), array(tissue()), device="cpu").target.numpy()
    seeds = ndimage.label(target[0] > 0.4)[0]
    ours = Watershed(seed_threshold=0.4).segment(target, [Channel("d", "signed distance", -1)])
    assert same(ours, watershed(-target[0], seeds, mask=target[0] > 0))


@pytest.mark.parametrize("mode", ["thick", "inner"])
def test_pieces_apart_from_the_boundary_grow_back_to_cells(mode: str) -> None:
    labels = cells()
    inspection = inspect(BoundaryPredictor(1, mode, foreground=True), array(labels), device="cpu")
    assert BoundaryWatershed.groups(inspection.channels) == ((1, 0),)
    target = inspection.target.numpy()[::-1]
    assert same(BoundaryWatershed().segment(target, inspection.channels[::-1]), labels)
    inside = (target[0] == 0) & (labels > 0)
    assert same(BoundaryWatershed(grow=False).segment(target, inspection.channels[::-1]), ndimage.label(inside)[0])


def test_boundaries_are_shared_out_as_scikit_images_watershed_does() -> None:
    inspection = inspect(BoundaryPredictor(), array(tissue()), device="cpu")
    target = inspection.target.numpy()
    theirs = watershed(target[0], ndimage.label(target[0] == 0)[0])
    assert same(BoundaryWatershed().segment(target, inspection.channels), theirs)


def test_flows_are_followed_as_by_cellpose(golden: Path) -> None:
    reference = np.load(golden / "cellpose_flows_2d.npz")
    flows = CellposeFlowsPredictor(2, 24.0).describe_channels()
    assert same(FollowFlows(smallest=1).segment(reference["target"], flows), reference["segmentation"])


def test_objects_whose_flows_are_not_their_own_are_dropped_in_2d() -> None:
    labels = cells()[9]
    inspection = inspect(CellposeFlowsPredictor(2, 150.0), array(labels), device="cpu")
    target, channels = inspection.target.numpy().copy(), inspection.channels
    one, other = np.unique(labels)[1:3]
    target[0, labels == one] += 0.7
    target[1, labels == other] += 0.5
    errors = flow_errors(labels.astype(np.uint32), target[:2])
    np.testing.assert_allclose(errors[[one, other]], [0.49, 0.25], rtol=1e-4)
    assert np.delete(errors, [one, other]).max() < 1e-6
    assert same(FollowFlows().segment(target, channels), np.where(labels == one, 0, labels))
    assert same(
        FollowFlows(flow_error=0.2).segment(target, channels), np.where(np.isin(labels, [one, other]), 0, labels)
    )
    assert same(FollowFlows(flow_error=0).segment(target, channels), labels)


def test_holes_are_filled_as_scipy_does() -> None:
    for labels in (blocks(3, (30, 40), ids=5, side=4), blocks(4, (8, 12, 14), ids=3, side=3)):
        expected = labels.astype(np.uint32)
        for number in range(1, int(labels.max()) + 1):
            expected[ndimage.binary_fill_holes(expected == number)] = number
        filled = without_holes(labels.astype(np.uint32))
        assert (filled == expected).all()
        assert (filled != labels).any()
    flows = CellposeFlowsPredictor(2, 24.0).describe_channels()
    ring = np.zeros((3, 9, 9), np.float32)
    ring[2, 1:8, 1:8] = 1
    ring[2, 4, 4] = 0
    rows, columns = np.indices((9, 9)) - 4
    ring[:2] = -np.sign([rows, columns]) * ring[2]
    assert FollowFlows(flow_error=0, largest=1).segment(ring, flows).sum() == 49
    assert FollowFlows(flow_error=0, fill_holes=False, largest=1).segment(ring, flows).sum() == 48


def test_cells_come_back_from_their_flows_in_3d_and_small_or_large_ones_are_dropped() -> None:
    labels = cells()
    inspection = inspect(CellposeFlowsPredictor(3, 150.0), array(labels), device="cpu")
    target, channels = inspection.target.numpy(), inspection.channels
    assert same(FollowFlows().segment(target, channels), labels)
    sizes = np.bincount(labels.ravel())[1:]
    assert FollowFlows(smallest=int(sizes.max()) + 1).segment(target, channels).max() == 0
    assert FollowFlows(largest=sizes.min() / labels.size / 2).segment(target, channels).max() == 0
    assert FollowFlows().segment(np.zeros_like(target), channels).max() == 0


def test_star_polygons_are_those_of_stardist_but_for_their_rims(golden: Path) -> None:
    reference = np.load(golden / "stardist_2d.npz")
    target, theirs = reference["target"], reference["segmentation"]
    found = StarPolygons().segment(target, StarDistPredictor(2, 60).describe_channels())
    assert found.max() == theirs.max() == reference["gt"].max()
    for one in range(1, int(theirs.max()) + 1):
        other = np.bincount(found[theirs == one]).argmax()
        assert ((theirs == one) & (found == other)).sum() > 0.95 * ((theirs == one) | (found == other)).sum()
    assert StarPolygons(threshold=1).segment(target, ()).max() == 0
    corner = target[:, :40, :50]
    assert StarPolygons(overlap=1).segment(corner, ()).max() > StarPolygons().segment(corner, ()).max() > 0


def test_argmax_gives_the_ids_of_classes() -> None:
    labels = (cells() % 4).astype(np.uint8)
    inspection = inspect(OneHotPredictor(["background", "a", "b", "c"]), array(labels), device="cpu")
    assert (Argmax().segment(inspection.target.numpy(), inspection.channels) == labels).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_waterz_gets_cells_back_and_prints_nothing(sign: int, capfd: pytest.CaptureFixture[str]) -> None:
    labels = cells()
    nearest = tuple(tuple(sign * int(a == axis) for a in range(3)) for axis in range(3))
    inspection = inspect(affinities(neighborhood=nearest), array(labels), device="cpu")
    segmentation = Waterz().segment(inspection.target.numpy(), inspection.channels)
    assert same(np.where(labels > 0, segmentation, 0), labels)
    assert capfd.readouterr().out == ""


def test_what_is_printed_after_several_waterz_at_once_is_seen(capfd: pytest.CaptureFixture[str]) -> None:
    inspection = inspect(affinities(), array(cells()), device="cpu")
    target, nearest = inspection.target.numpy(), Waterz.groups(inspection.channels)[0]
    channels = [inspection.channels[i] for i in nearest]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: Waterz().segment(target[list(nearest)], channels), range(40)))
    os.write(1, b"seen")
    assert capfd.readouterr().out == "seen"


def test_a_library_that_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mwatershed", None)
    with pytest.raises(ImportError, match=r"needs mwatershed.*\[roundtrip\]"):
        MutexWatershed().segment(np.array([[[0.9, 0.9]], [[0.1, 0.1]]], np.float32), channels_of(((0, 1), (0, 1))))


@pytest.mark.parametrize(
    ("predictor", "kinds"),
    [
        (affinities(), ("mutex_watershed", "waterz")),
        (affinities(neighborhood=((0, 0, 2),)), ("mutex_watershed",)),
        (distance(), ("threshold", "watershed")),
        (BoundaryPredictor(), ("boundary_watershed",)),
        (BoundaryPredictor(foreground=True), ("boundary_watershed", "threshold")),
        (StarDistPredictor(2, 10), ("star_polygons",)),
        (StarDistPredictor(3, 10), ()),
        (CellposeFlowsPredictor(2, 10.0), ("follow_flows", "threshold")),
        (OneHotPredictor(["background", "a"]), ("argmax", "threshold")),
        (HotDistancePredictor(["a", "b"], 50, False), ("threshold", "watershed")),
        (DummyPredictor(2), ()),
    ],
)
def test_decoders_fit_kinds_of_channels(predictor: Predictor, kinds: tuple[str, ...]) -> None:
    assert fitting_decoders(predictor.describe_channels()) == kinds


def test_a_decoder_is_chosen_by_kind_values_or_file(tmp_path: Path) -> None:
    channels = affinities().describe_channels()
    assert chosen_decoder(channels) == MutexWatershed()
    assert chosen_decoder(channels, "mutex_watershed", ["bias=0.6"]) == MutexWatershed(bias=0.6)
    file = tmp_path / "decoder.yaml"
    file.write_text("kind: mutex_watershed\nbias: [0.1, 0.2, 0.3]\n")
    assert chosen_decoder(channels, str(file)) == MutexWatershed(bias=(0.1, 0.2, 0.3))
    assert chosen_decoder(channels, str(file), ["bias=1"]) == MutexWatershed(bias=1.0)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("mutex_watershd", [], "unknown decoder 'mutex_watershd'; did you mean 'mutex_watershed'"),
        ("threshold", ["hreshold=1"], "threshold has no parameter 'hreshold'; did you mean 'threshold'"),
        ("threshold", ["connectivity=all"], "threshold: connectivity"),
        ("threshold", ["kind=argmax"], "choose it with --decoder"),
    ],
)
def test_unknown_decoders_and_values_are_refused(kind: str, values: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chosen_decoder(distance().describe_channels(), kind, values)


def test_targets_that_nothing_decodes_are_refused() -> None:
    with pytest.raises(ValueError, match="no decoder makes objects of channels of the kind constant"):
        chosen_decoder(DummyPredictor(2).describe_channels())


def test_all_decoders_can_be_made_without_parameters() -> None:
    loaded, failures = DECODERS.load_all()
    assert failures == ()
    assert all(isinstance(cls(), Decoder) for cls in loaded.values())
