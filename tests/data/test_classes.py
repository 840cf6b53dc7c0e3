"""Classes as channels of one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.core import DistancePredictor, OneHotPredictor
from predictor_inspector.data import open_array, open_classes
from predictor_inspector.data.classes import class_names, classes_in, stored_classes
from predictor_inspector.data.source import Source, open_input
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import check_inputs

from ..crops import INSTANCES, WITH_UNKNOWN, damage, objects, write

UNKNOWN = 255


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    """Classes at 8, 16 and 8 nm; the last covers half of the others along x."""
    place = tmp_path / "jrc_x.zarr" / "recon-1" / "labels" / "groundtruth" / "crop7"
    ecs = np.zeros((16, 16, 16), np.uint8)
    ecs[:, 2:6], ecs[:, 10:] = 1, UNKNOWN
    write(place / "ecs", ecs, (8, 8, 8), (80, 160, 40), WITH_UNKNOWN)
    nuc = np.zeros((8, 8, 8), np.uint8)
    nuc[2:5], nuc[6:] = 7, 3
    write(place / "nuc", nuc, (16, 16, 16), (80, 160, 40), INSTANCES)
    write(place / "ld", objects()[:, :, :8], (8, 8, 8), (80, 160, 40), INSTANCES)
    write(place / "all", ecs, (8, 8, 8), (80, 160, 40))
    return place


def test_classes_of_a_crop_are_its_arrays_but_for_that_of_all(crop: Path) -> None:
    assert list(classes_in(crop)) == ["ecs", "ld", "nuc"]
    assert open_classes(crop).about.channels == ("ecs", "ld", "nuc")


def test_classes_lie_on_the_finest_grid_each_voxel_from_the_one_around_it(crop: Path) -> None:
    gt = open_classes(crop, ["nuc", "ecs"])
    assert gt.axis_names == ("c^", "z", "y", "x")
    assert (gt.shape, gt.voxel_size, tuple(gt.offset), gt.unit) == ((2, 16, 16, 16), (8, 8, 8), (80, 160, 40), "nm")
    nuc, ecs = gt.numpy()
    stored = open_array(crop, "nuc").numpy()
    assert np.array_equal(nuc, stored.repeat(2, 0).repeat(2, 1).repeat(2, 2))
    assert np.array_equal(ecs[:, :10], open_array(crop, "ecs").numpy()[:, :10])
    part = gt.data[1:, 3, 4:8:2, ::-1]
    assert np.array_equal(part, gt.numpy()[1:, 3, 4:8:2, ::-1])


def test_another_voxel_size_may_be_asked_for(crop: Path) -> None:
    gt = open_classes(crop, ["ecs", "nuc"], voxel_size=(16, 16, 16))
    assert (gt.shape, gt.voxel_size, tuple(gt.offset)) == ((2, 8, 8, 8), (16, 16, 16), (80, 160, 40))
    assert np.array_equal(gt.numpy()[1], open_array(crop, "nuc").numpy())
    with pytest.raises(ValueError, match="voxel_size must have 3 numbers"):
        open_classes(crop, ["ecs"], voxel_size=(16, 16))


def test_what_is_unknown_missing_or_beyond_a_class_is_marked_and_nothing_else(crop: Path) -> None:
    gt = open_classes(crop, ["ecs", "ld", "perox"])
    (marker,) = gt.about.unknown
    ecs, ld, perox = gt.numpy() == marker
    assert np.array_equal(ecs, open_array(crop, "ecs").numpy() == UNKNOWN)
    assert np.array_equal(ld[0, 0], [False] * 8 + [True] * 8)
    assert perox.all()
    assert gt.about.notes == ("the crop has no array of perox: weight 0",)
    assert open_classes(crop, ["nuc"]).about.unknown == ()
    assert stored_classes(gt) == ("ecs", "ld")


def test_the_marker_is_no_id_that_an_object_may_have(crop: Path) -> None:
    ids = objects()
    ids[0, 0, 0] = 255
    write(crop / "er", ids, annotation=INSTANCES, begin=(80, 160, 40))
    gt = open_classes(crop, ["er", "ecs", "perox"])
    assert gt.about.unknown == (255,)  # that of another class in 8 bits
    assert open_classes(crop, ["er", "perox"]).about.unknown == (65535,)
    assert open_classes(crop, ["er", "perox"]).numpy()[0, 0, 0, 0] == 255


def test_targets_and_weights_are_those_of_each_class_with_no_weight_where_it_is_not_annotated(crop: Path) -> None:
    names = ["ecs", "nuc", "perox"]
    gt = open_classes(crop, names)
    unknown = gt.numpy() == gt.about.unknown[0]
    for predictor in (
        DistancePredictor(channels=names, scale_factor=20, mask_distances=False),
        OneHotPredictor(classes=names),
    ):
        inspection = inspect(predictor, gt)
        assert np.array_equal(inspection.weight.numpy() == 0, unknown)
        alone = inspect(type(predictor)(**{**vars(predictor), _names(predictor): ["ecs"]}), open_classes(crop, ["ecs"]))
        assert np.array_equal(inspection.target.numpy()[0], alone.target.numpy()[0])
        assert np.array_equal(inspection.weight.numpy()[0], alone.weight.numpy()[0])


def _names(predictor: object) -> str:
    return "classes" if isinstance(predictor, OneHotPredictor) else "channels"


def test_names_in_brackets_open_classes_wherever_a_name_is_taken(crop: Path) -> None:
    assert class_names("recon-1/crop7/[mito, er]") == ("recon-1/crop7", ("mito", "er"))
    assert class_names("labels/neurons") is None
    gt = open_input(crop, "[ecs,nuc]")
    assert gt.about.channels == ("ecs", "nuc")
    container = crop.parents[3]
    assert open_input(container, "recon-1/labels/groundtruth/crop7/[ecs]").shape == (1, 16, 16, 16)
    assert open_input(crop, "[]").about.channels == ("ecs", "ld", "nuc")


def test_a_crop_without_a_name_lists_its_classes_and_offers_channels(crop: Path) -> None:
    with pytest.raises(
        ValueError, match=r"one of 'all', 'ecs', 'ld', 'nuc'; or several classes as channels, such as '\[ecs,ld\]'"
    ):
        open_array(crop)


def test_wrong_names_are_refused_with_those_that_are_there(crop: Path) -> None:
    with pytest.raises(ValueError, match="has none of the classes mito; it has ecs, ld and nuc"):
        open_classes(crop, ["mito"])
    with pytest.raises(ValueError, match="names must all be different"):
        open_classes(crop, ["ecs", "ecs"])


def test_a_damaged_class_is_no_class_that_is_not_annotated(crop: Path) -> None:
    damage(crop / "nuc")
    with pytest.raises(ValueError, match=r"nuc.*s0"):
        open_classes(crop, ["ecs", "nuc"])
    assert open_classes(crop, ["ecs"]).about.channels == ("ecs",)


def test_classes_that_share_no_grid_are_refused(crop: Path) -> None:
    write(crop / "flat", np.zeros((16, 16), np.uint8), (8, 8), (0, 0), INSTANCES)
    with pytest.raises(ValueError, match="'flat' has the axes y: 16, x: 16; every class needs the same 3 spatial axes"):
        open_classes(crop, ["ecs", "flat"])


def test_values_that_mark_what_is_unknown_are_found_in_a_wider_type_too(crop: Path) -> None:
    marked = objects()
    marked[12:] = 255
    write(crop / "er", marked, begin=(80, 160, 40))
    gt = open_classes(crop, ["nuc", "er", "perox"])
    assert gt.dtype == np.uint16
    (finding,) = check_inputs(Source(gt))
    assert (finding.id, finding.numbers["id"]) == ("ignore-id", 255)


def test_the_grid_reaches_as_far_as_any_class_but_for_how_coarser_ones_were_rounded(crop: Path) -> None:
    farther, rounded = np.full((8, 8, 9), 1, np.uint8), np.full((8, 8, 8), 1, np.uint8)
    write(crop / "cell", farther, (16, 16, 16), (80, 160, 40), INSTANCES)
    write(crop / "golgi", rounded, (16, 16, 16), (72, 160, 40), INSTANCES)
    gt = open_classes(crop, ["ecs", "cell"])
    assert (gt.shape, tuple(gt.offset)) == ((2, 16, 16, 18), (80, 160, 40))
    assert (gt.numpy()[0, :, :, 16:] == gt.about.unknown[0]).all()
    assert (gt.numpy()[1] == 1).all()
    assert (open_classes(crop, ["ecs", "golgi"]).shape) == (2, 16, 16, 16)
