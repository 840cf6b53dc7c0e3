"""Round trips: what comes back, what is found, imperfect predictions and sweeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from skimage.metrics import adapted_rand_error

from predictor_inspector.core import Array, DistancePredictor, DummyPredictor, OneHotPredictor, Predictor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Inspection, Request, inspect, run
from predictor_inspector.inspection.findings import cured
from predictor_inspector.inspection.roundtrip import (
    Imperfection,
    RoundTrip,
    check_round_trip,
    planned_sweep,
    round_trip,
    sweep,
    with_ids_for_lost_voxels,
)
from predictor_inspector.inspection.roundtrip.decoders import Threshold, Watershed
from predictor_inspector.inspection.roundtrip.mutex_watershed import MutexWatershed

from ..findings.volumes import NEAREST, affinities, array, cells, distance, tissue

SHAPE = (20, 24, 28)


def inspected(predictor: Predictor, labels: np.ndarray, mask: np.ndarray | None = None) -> Inspection:
    return inspect(predictor, array(labels), None, None if mask is None else array(mask), "cpu")


def ids_found(trip: RoundTrip) -> dict[str, str]:
    return {finding.id: finding.severity for finding in check_round_trip(trip)}


def test_affinities_of_dense_tissue_come_back() -> None:
    labels = tissue(SHAPE, 8)
    trip = round_trip(inspected(affinities(), labels))
    assert trip.scores.arand < 1e-3
    assert (trip.truth.numpy() == labels).all()
    assert trip.truth.roi == trip.segmentation.roi == array(labels).roi
    assert ids_found(trip) == {}


def test_scores_are_those_of_scikit_image_for_what_was_decoded() -> None:
    for predictor in (affinities(grow_boundary_iterations=1), distance(scale_factor=40)):
        trip = round_trip(inspected(predictor, tissue(SHAPE, 12)))
        truth = trip.truth.numpy()
        scored = with_ids_for_lost_voxels(truth, trip.segmentation.numpy())
        assert trip.scores.arand == pytest.approx(adapted_rand_error(truth, scored)[0], abs=1e-9)


def test_inputs_are_not_modified() -> None:
    labels = tissue(SHAPE, 8)
    inspection, before = inspected(distance(), labels), labels.copy()
    target = inspection.target.numpy().copy()
    round_trip(inspection, None, Imperfection(0.3, 0.5, 0.5, 0.1))
    assert (inspection.target.numpy() == target).all()
    assert (labels == before).all()


def test_only_what_is_annotated_counts() -> None:
    labels = tissue(SHAPE, 8)
    mask = np.zeros(SHAPE, np.uint8)
    mask[4:16, 3:, :20] = 1
    trip = round_trip(inspected(affinities(), labels, mask))
    assert trip.truth.roi == array(labels).roi_of([slice(4, 16), slice(3, 24), slice(0, 20)])
    mask[:, :12, 10:] = 0
    trip = round_trip(inspected(affinities(), labels, mask))
    assert (trip.truth.numpy() > 0).sum() == mask.sum()
    assert trip.scores.objects == len(np.unique(labels[mask > 0]))


def test_regions_without_objects_are_refused() -> None:
    empty = inspected(affinities(), np.zeros(SHAPE, np.uint8))
    with pytest.raises(ValueError, match="no annotated object to get back"):
        round_trip(empty)
    unknown = inspected(affinities(), tissue(SHAPE, 8), np.zeros(SHAPE, np.uint8))
    with pytest.raises(ValueError, match="nothing is annotated"):
        round_trip(unknown)


def test_decoders_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="'threshold' can't decode AffinitiesPredictor's channels"):
        round_trip(inspected(affinities(), tissue(SHAPE, 8)), Threshold())
    with pytest.raises(ValueError, match="no decoder"):
        round_trip(inspected(DummyPredictor(2), tissue(SHAPE, 8)))


def test_flat_pictures_come_back_too() -> None:
    labels = cells((40, 40), 5, 13)
    trip = round_trip(inspected(affinities(neighborhood=((0, 1), (1, 0))), labels))
    assert trip.scores.f1_iou50 == 1
    assert round_trip(inspected(distance(), labels), Watershed()).scores.f1_iou50 == 1


def test_channels_of_distances_are_decoded_each_and_scored_together() -> None:
    first, second = cells(SHAPE, 4, 10), np.roll(cells(SHAPE, 3, 12), 1, 0)
    labels = np.stack([first > 0, second > 0]).astype(np.uint8)
    predictor = DistancePredictor(["mito", "er"], 50, False)
    trip = round_trip(inspect(predictor, array(labels, ("c^", "z", "y", "x")), device="cpu"))
    # A class has one id; its pieces are the objects.
    assert trip.scores.objects == first.max() + second.max()
    assert trip.scores.f1_iou50 == 1
    assert trip.truth.shape == trip.segmentation.shape == (2, *SHAPE)
    assert {trip.name(o).split(" of ")[1] for o in np.unique(trip.truth.numpy()) if o} == {"mito", "er"}


def test_classes_come_back_by_argmax() -> None:
    labels = (tissue(SHAPE, 8) % 3).astype(np.uint8)
    trip = round_trip(inspected(OneHotPredictor(["background", "a", "b"]), labels))
    assert (trip.segmentation.numpy() == labels).all()
    assert trip.piece_scores is None
    assert trip.scores.arand == 0
    channels = np.stack([labels == 0, labels == 1, labels == 2]).astype(np.uint8)
    by_channel = inspect(OneHotPredictor(["n", "a", "b"]), array(channels, ("c^", "z", "y", "x")), device="cpu")
    assert round_trip(by_channel).scores.arand == 0


# Findings


@pytest.mark.parametrize(
    ("offsets", "kind"),
    [
        (((-1, 0, 0), (0, -1, 0), (0, 0, -1), (-2, 0, 0)), "offsets-mirrored"),
        (((1, 0, 0), (0, 1, 0), (0, 0, 1), (-2, 0, 0)), "offsets-mirrored"),
        (((0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 0, 2)), "xyz-order"),
        (((0, 0, -1), (0, -1, 0), (-1, 0, 0), (0, 0, -2)), "xyz-order"),
    ],
)
def test_offsets_that_do_not_fit_are_told_with_those_that_do(offsets: Any, kind: str) -> None:
    theirs = (*NEAREST, (2, 0, 0))
    trip = round_trip(
        inspected(affinities(neighborhood=theirs), tissue(SHAPE, 8)), MutexWatershed(neighborhood=offsets)
    )
    (finding,) = check_round_trip(trip)
    assert (finding.id, finding.severity) == (kind, "error")
    assert finding.numbers["neighborhood"] == [list(o) for o in theirs]
    assert finding.numbers["arand_fitting"] < 1e-3
    assert (finding.numbers["arand"] > 0.5) == (offsets[:3] != NEAREST)


def test_objects_that_touch_are_not_told_apart_by_a_threshold() -> None:
    inspection = inspected(distance(), tissue(SHAPE, 8))
    (finding,) = check_round_trip(round_trip(inspection))
    assert (finding.id, finding.severity) == ("not-invertible", "error")
    assert finding.numbers["merges"] == 1
    assert finding.numbers["better"] == "watershed"
    assert "Use the decoder watershed" in finding.advice
    better = round_trip(inspection, Watershed())
    assert better.scores.arand < finding.numbers["arand"] / 2


@pytest.mark.parametrize("offsets", [NEAREST[1:], ((0, 7, 0), (0, 0, 7), (0, 1, 0))])
def test_affinities_that_are_too_long_or_missing_cut_objects_until_next_neighbours_are_added(offsets: Any) -> None:
    request = Request(affinities(neighborhood=offsets), Source(array(tissue(SHAPE, 8))), None, "cpu")
    found = {f.id: f for f in check_round_trip(round_trip(run(request)))}
    finding = found["not-invertible"]
    assert (finding.severity, finding.numbers["splits"]) == ("error", 8)
    assert "Add offsets to the next voxels, [1, 0, 0]" in finding.advice
    assert finding.cure is not None
    assert "not-invertible" not in ids_found(round_trip(run(cured(request, finding.cure))))


def test_erosion_is_told_with_its_cost_and_cured() -> None:
    request = Request(affinities(grow_boundary_iterations=2), Source(array(tissue(SHAPE, 12))), None, "cpu")
    trip = round_trip(run(request))
    found = {f.id: f for f in check_round_trip(trip)}
    assert found["erosion-costs"].numbers["grow_boundary_iterations"] == 2
    assert found["erosion-costs"].numbers["arand"] > found["erosion-costs"].numbers["arand_without"] + 0.01
    assert "not-invertible" not in found
    cure = found["erosion-costs"].cure
    assert cure is not None
    assert "erosion-costs" not in ids_found(round_trip(run(cured(request, cure))))


def test_objects_that_vanish_are_lost() -> None:
    labels = cells(SHAPE, 6, 14)
    labels[0, 0, :2] = 99
    inspection = inspected(affinities(grow_boundary_iterations=1), labels)
    (finding,) = [f for f in check_round_trip(round_trip(inspection)) if f.id == "object-lost"]
    assert finding.numbers["objects"] == ["id 99"]
    assert finding.where.voxels == 2


def test_a_lone_voxel_of_an_object_is_lost_rather_than_merged() -> None:
    labels = cells(SHAPE, 6, 14)
    labels[0, 0, 0], labels[-1, -1, -1] = 98, 99
    trip = round_trip(inspected(affinities(), labels))
    assert trip.lost == (98, 99)
    assert trip.merges == ()
    assert trip.scores.voi_merge == 0


def test_ids_in_pieces_are_told() -> None:
    labels = tissue(SHAPE, 8)
    labels[8:12] = 0
    trip = round_trip(inspected(affinities(), labels))
    (finding,) = [f for f in check_round_trip(trip) if f.id == "id-in-pieces"]
    assert finding.severity == "warning"
    assert trip.piece_scores is not None
    assert trip.piece_scores.arand < 0.01 < trip.scores.arand
    # Affinities that reach over the gap join them.
    longer = round_trip(inspected(affinities(neighborhood=(*NEAREST, (5, 0, 0))), labels))
    assert "id-in-pieces" not in ids_found(longer)


def test_a_round_trip_is_told_as_json_can_hold_it() -> None:
    told = round_trip(inspected(distance(), tissue(SHAPE, 8))).as_dict()
    assert {"decoder", "imperfection", "scores", "piece_scores", "splits", "merges", "lost", "seconds"} == set(told)
    (merge,) = told["merges"]
    assert len(merge["objects"]) == 8
    assert merge["where"]["begin"] == [100, 200, 300]


# Imperfect predictions


def test_a_seed_gives_one_prediction_and_no_imperfection_the_target() -> None:
    inspection = inspected(affinities(), tissue(SHAPE, 8))
    target, inside = inspection.target.numpy(), np.ones(SHAPE, bool)
    made = [Imperfection(0.2, 0.5, 0.5, 0.1, seed).of(target, inspection.channels, inside) for seed in (0, 0, 1)]
    assert (made[0] == made[1]).all()
    assert (made[0] != made[2]).any()
    assert made[0].dtype == np.float32
    assert made[0].min() >= 0
    assert made[0].max() <= 1
    assert Imperfection().of(target, inspection.channels, inside) is target


@pytest.mark.parametrize("name", ["noise", "blur", "shift", "gaps"])
def test_each_imperfection_costs(name: str) -> None:
    inspection = inspected(affinities(), tissue(SHAPE, 8))
    perfect = round_trip(inspection).scores.arand
    much = {"noise": 0.4, "blur": 1.5, "shift": 0.4, "gaps": 0.4}[name]
    assert round_trip(inspection, None, Imperfection(**{name: much})).scores.arand > perfect


def test_gaps_leave_background_alone() -> None:
    inspection = inspected(distance(), cells(SHAPE, 6, 14))
    target, inside = inspection.target.numpy(), cells(SHAPE, 6, 14) > 0
    changed = (Imperfection(gaps=0.2).of(target, inspection.channels, inside) != target)[0]
    assert changed.any()
    assert not (changed & ~inside).any()


def test_imperfections_out_of_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="gaps must be 0 … 1"):
        Imperfection(gaps=2)
    with pytest.raises(ValueError, match="noise must be ≥ 0"):
        Imperfection(noise=-1)


# Sweeps


def test_a_sweep_scores_each_value() -> None:
    inspection = inspected(distance(), tissue(SHAPE, 8))
    decoder = Watershed()
    plan = planned_sweep("scale_factor=20:100:3", inspection.request, decoder)
    points = list(sweep(inspection, decoder, plan))
    assert [point.value for point in points] == [20, 60, 100]
    for point in points:
        again = inspected(distance(scale_factor=point.value), tissue(SHAPE, 8))
        assert point.scores == round_trip(again, decoder).scores


def test_parameters_of_decoder_and_imperfection_are_swept_too() -> None:
    inspection = inspected(distance(), tissue(SHAPE, 8))
    plan = planned_sweep("seed_threshold=0.1,0.6", inspection.request, Watershed())
    assert plan.owner == "decoder"
    low, high = (point.scores for point in sweep(inspection, Watershed(), plan))
    assert low != high
    plan = planned_sweep("noise=0:0.4:2", inspection.request, Watershed())
    assert plan.owner == "imperfection"
    clean, noisy = sweep(inspection, Watershed(), plan)
    assert clean.scores is not None
    assert noisy.scores is not None
    assert clean.scores.arand < noisy.scores.arand


def test_offsets_are_swept_one_by_one() -> None:
    inspection = inspected(affinities(), tissue(SHAPE, 8))
    plan = planned_sweep("neighborhood", inspection.request, MutexWatershed())
    points = list(sweep(inspection, MutexWatershed(), plan))
    assert [point.label for point in points] == [
        "only [1, 0, 0]",
        "2 offsets, the last [0, 1, 0]",
        "3 offsets, the last [0, 0, 1]",
    ]
    errors = [point.scores.arand for point in points if point.scores]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3


def test_a_value_that_is_not_possible_is_told_and_the_others_go_on() -> None:
    inspection = inspected(affinities(), tissue(SHAPE, 8))
    decoder = MutexWatershed()
    plan = planned_sweep("bias=[0.5],0.5", inspection.request, decoder)
    bad, good = sweep(inspection, decoder, plan)
    assert bad.scores is None
    assert "bias needs one entry for each of 3 affinities" in bad.problem
    assert good.scores is not None


def test_whole_numbers_are_rounded_and_tried_once() -> None:
    request = Request(affinities(), Source(array(tissue(SHAPE, 8))), None, "cpu")
    plan = planned_sweep("grow_boundary_iterations=0:2:5", request, MutexWatershed())
    assert plan.values == (0, 1, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scale_facto=1:2:3", "there is no parameter 'scale_facto' to sweep; did you mean 'scale_factor'"),
        ("clipmin=0.1:0.2:2", "the target doesn't depend on clipmin"),
        ("scale_factor", "a sweep needs values"),
        ("scale_factor=1:2", "can't be understood"),
        ("scale_factor=a:2:3", "made of numbers"),
        ("scale_factor=1:2:1", "2 to 1,000 values"),
    ],
)
def test_sweeps_that_make_no_sense_are_refused(text: str, words: str) -> None:
    request = Request(distance(), Source(array(tissue(SHAPE, 8))), None, "cpu")
    with pytest.raises(ValueError, match=words):
        planned_sweep(text, request, Watershed())


def test_a_listener_cancels() -> None:
    class Stop(Exception):
        pass

    def stop(step: str, _fraction: float) -> None:
        if step == "score":
            raise Stop

    with pytest.raises(Stop):
        round_trip(inspected(affinities(), tissue(SHAPE, 8)), progress=stop)


def test_ground_truth_with_huge_ids_comes_back() -> None:
    labels = tissue(SHAPE, 8).astype(np.uint64) + 2**40
    trip = round_trip(inspect(affinities(), Array(labels, (10, 10, 10)), device="cpu"))
    assert trip.scores.f1_iou50 == 1
    assert replace(trip).name(int(labels[0, 0, 0])) == f"id {labels[0, 0, 0]}"
