"""What files say of their values: absent isn't "not annotated", and what isn't annotated has no weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import zarr
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor
from predictor_inspector.core.about import About
from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.formats.encodings import annotation_of, encoded
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import TiledInspection, inspect
from predictor_inspector.inspection.engine.run import Request
from predictor_inspector.inspection.findings import find

STATES = np.zeros((6, 20, 24), np.uint8)  # 0 absent, 1 present, 2 unknown
STATES[:, 4:12, 4:12] = 1
STATES[:, :, 16:] = 2
DISTANCE = DistancePredictor(channels=["ecs"], scale_factor=20, mask_distances=False)


def annotation(kind: str, encoding: dict[str, int], **others: Any) -> dict[str, Any]:
    """What cellmap-schemas writes beside an annotation."""
    said = {"class_name": "ecs", "annotation_type": {"type": f"{kind}_segmentation", "encoding": encoding}, **others}
    return {"cellmap": {"annotation": said}}


def crop(path: Path, values: np.ndarray, attributes: dict[str, Any], of_array: dict[str, Any] | None = None) -> Path:
    """A class of a CellMap crop: an OME-Zarr 0.4 image whose group says what its values mean."""
    steps = [{"type": "scale", "scale": [4.0] * 3}, {"type": "translation", "translation": [2.0] * 3}]
    axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
    multiscale = {"version": "0.4", "axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": steps}]}
    group = zarr.create_group(path, zarr_format=2, attributes={"multiscales": [multiscale], **attributes})
    group.create_array("s0", data=values, attributes=of_array or {})
    return path


SEMANTIC = [
    {"absent": 0, "present": 1, "unknown": 255},
    {"absent": 1, "present": 2, "unknown": 0},
    {"absent": 2, "present": 0, "unknown": 1},
    {"absent": 255, "present": 7, "unknown": 0},
    {"absent": 3, "present": 2, "unknown": 1},
]


@pytest.mark.parametrize("encoding", SEMANTIC)
@pytest.mark.parametrize("on_array", [False, True])
def test_absent_is_background_and_unknown_has_no_weight(
    tmp_path: Path, encoding: dict[str, int], on_array: bool
) -> None:
    values = np.select([STATES == 0, STATES == 1], [encoding["absent"], encoding["present"]], encoding["unknown"])
    said = annotation("semantic", encoding)
    path = crop(tmp_path / "ecs.zarr", values.astype(np.uint8), {} if on_array else said, said if on_array else None)
    gt = open_array(path)
    assert [found.kind for found in list_arrays(path)] == ["labels"]
    mask = Array((STATES != 2).astype(np.uint8), (4, 4, 4))
    usual = inspect(DISTANCE, Array((STATES == 1).astype(np.uint8), (4, 4, 4)), mask=mask, device="cpu")
    found = inspect(DISTANCE, gt, device="cpu")
    np.testing.assert_array_equal(found.weight.numpy(), usual.weight.numpy())
    np.testing.assert_array_equal(found.target.numpy(), usual.target.numpy())
    assert (found.weight.numpy()[0][STATES == 2] == 0).all()
    assert (found.weight.numpy()[0][STATES == 0] > 0).any()
    assert f"{encoding['unknown']} is unknown in the file" in found.notes[-1]
    assert "ignore-id" not in {f.id for f in find(found)}


def test_instances_keep_their_ids(tmp_path: Path) -> None:
    ids = np.where(STATES == 2, 0, np.where(STATES == 1, np.arange(24) // 6 + 1, 9)).astype(np.uint16)
    gt = open_array(crop(tmp_path / "cell.zarr", ids, annotation("instance", {"unknown": 0, "absent": 9})))
    inspection = inspect(AffinitiesPredictor(neighborhood=[[0, 0, 1]], lsds=False), gt, device="cpu")
    np.testing.assert_array_equal(inspection.gt.numpy(), np.where(STATES == 1, ids, 0))
    weight = inspection.weight.numpy()[0]
    assert (weight[STATES == 2] == 0).all()
    assert (weight[STATES == 1] > 0).all()


def test_without_absent_0_stays_background_unless_it_is_unknown(tmp_path: Path) -> None:
    values = (STATES == 1).astype(np.uint8)
    gt = open_array(crop(tmp_path / "a.zarr", values, annotation("semantic", {"present": 1})))
    assert (inspect(DISTANCE, gt, device="cpu").weight.numpy() > 0).all()
    gt = open_array(crop(tmp_path / "b.zarr", values, annotation("semantic", {"present": 1, "unknown": 0})))
    weight = inspect(DISTANCE, gt, device="cpu").weight.numpy()[0]
    assert ((weight > 0) == (values == 1)).all()


def test_0_that_an_encoding_says_nothing_of_is_not_annotated(tmp_path: Path) -> None:
    values = np.select([STATES == 0, STATES == 1], [5, 1], 0).astype(np.uint8)
    gt = open_array(crop(tmp_path / "a.zarr", values, annotation("semantic", {"absent": 5, "present": 1})))
    weight = inspect(DISTANCE, gt, device="cpu").weight.numpy()[0]
    assert ((weight == 0) == (STATES == 2)).all()


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ({"absent": 0, "unknown": 0}, "gives one number to two of absent, unknown, which are different states"),
        ({"absent": 0, "present": 300}, "present is 300 in its annotation, which uint8 doesn't hold"),
        ({"absent": "none"}, "must give whole numbers for absent, present, unknown"),
        ({"missing": 3}, "must give whole numbers for absent, present, unknown"),
    ],
)
def test_encodings_that_contradict_themselves_are_refused(
    tmp_path: Path, encoding: dict[str, Any], message: str
) -> None:
    path = crop(tmp_path / "a.zarr", STATES, annotation("semantic", encoding))
    with pytest.raises(ValueError, match=rf"a\.zarr.*{message}"):
        open_array(path)


def test_what_was_counted_can_be_asked_for() -> None:
    said = annotation("instance", {"absent": 0, "unknown": 255}, complement_counts={"absent": 7, "unknown": 3})
    found = annotation_of(said, "crop")
    assert found is not None
    assert (found.class_name, found.instances, found.unknown, found.present) == ("ecs", True, 255, None)
    assert found.counts == {"absent": 7, "unknown": 3}
    assert annotation_of({"cellmap": {"annotation": {"class_names": ["ecs"]}}}, "crop") is None


@pytest.mark.parametrize(
    ("attributes", "ids"),
    [
        ({"ignore_label": 255}, (255,)),
        ({"ignore-index": [254, 255]}, (254, 255)),
        ({"ignoreId": -1}, ()),  # which the type doesn't hold
        ({"_FillValue": 255}, (255,)),
        ({"_FillValue": 0}, ()),
        ({"unlabeled_value": 7.0}, (7,)),
        ({"ignore": True}, ()),
        (
            {
                "image-label": {
                    "properties": [{"label-value": 9, "class": "Unknown"}, {"label-value": 1, "class": "er"}]
                }
            },
            (9,),
        ),
        ({"ome": {"image-label": {"properties": [{"label-value": 9, "class": "ignore"}]}}}, (9,)),
        ({"image-label": {"properties": "none"}}, ()),
    ],
)
def test_ids_that_files_call_unknown_are(attributes: dict[str, Any], ids: tuple[int, ...]) -> None:
    data, about = encoded(STATES, [attributes], "labels")
    assert data is STATES
    assert about.unknown == ids
    assert bool(about.notes) == bool(ids)


def test_ignored_ids_of_hdf5_and_paintera_have_no_weight(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        labels = file.create_dataset("labels", data=np.where(STATES == 2, -1, STATES.astype(np.int32)))
        labels.attrs["ignore_label"] = -1
    gt = open_array(tmp_path / "a.h5")
    inspection = inspect(DISTANCE, gt, device="cpu")
    assert ((inspection.weight.numpy()[0] == 0) == (STATES == 2)).all()
    ids = np.where(STATES == 2, np.uint64(2**64 - 2), STATES.astype(np.uint64))
    assert open_array(zarr_with(tmp_path / "b", ids, {"maxId": 12})).about.unknown == tuple(
        2**64 - k for k in (1, 2, 3)
    )
    inspection = inspect(DISTANCE, open_array(tmp_path / "b"), device="cpu")
    assert ((inspection.weight.numpy()[0] == 0) == (STATES == 2)).all()


def zarr_with(path: Path, values: np.ndarray, attributes: dict[str, Any]) -> Path:
    zarr.create_array(path, data=values, zarr_format=2, attributes=attributes)
    return path


# Ground truth and mask together


def unknown(values: np.ndarray, *ids: int, names: tuple[str, ...] | None = None) -> Array:
    return Array(values, (4, 4, 4)[-min(3, values.ndim) :], axis_names=names, about=About(ids))


@given(st.sampled_from([1, 2, 3]), st.booleans(), st.integers(0, 3), st.data())
def test_a_mask_and_unknown_ids_exclude_together(factor: int, lazily: bool, marked: int, data: Any) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ids = rng.integers(0, 4, (6, 6, 6)).astype(np.uint8)
    given = rng.integers(0, 2, (6 // factor, 6, 6)).astype(np.uint8)
    values: Any = torch.from_numpy(ids) if not lazily else ids
    source = Source(unknown(values, marked), Array(given, (4 * factor, 4, 4)))
    known = np.repeat(given, factor, 0) & (ids != marked)
    roi = source.gt.roi_of([slice(*sorted(data.draw(st.tuples(st.integers(0, 2), st.integers(3, 6))))) for _ in "zyx"])
    within = source.gt.to_slices(roi)
    part = source.within(roi).read(roi)
    assert part.mask is not None
    np.testing.assert_array_equal(part.mask.numpy(), known[within])
    np.testing.assert_array_equal(part.gt.numpy(), np.where(ids == marked, 0, ids)[within])
    assert Source(part.gt, part.mask).gt is part.gt  # nothing is done twice


def test_each_class_is_unknown_in_its_own_place() -> None:
    classes = np.stack([STATES, STATES[:, ::-1, ::-1]])
    gt = unknown(np.where(classes == 2, 255, classes).astype(np.uint8), 255)
    predictor = DistancePredictor(channels=["a", "b"], scale_factor=20, mask_distances=False)
    for mask in (
        None,
        Array(np.ones(STATES.shape, np.uint8), (4, 4, 4)),
        Array(np.ones((2, *STATES.shape), np.uint8), (4, 4, 4)),
    ):
        weight = inspect(predictor, gt, mask=mask, device="cpu").weight.numpy()
        assert ((weight == 0) == (classes == 2)).all()


def test_positions_of_time_are_chosen_from_both() -> None:
    series = np.stack([STATES, np.zeros_like(STATES)])
    gt = unknown(np.where(series == 2, 255, series).astype(np.uint8), 255, names=("t^", "z", "y", "x"))
    source = Source(gt, Array(np.ones(STATES.shape, np.uint8), (4, 4, 4)))
    for index, states in enumerate(series):
        now = source.at({"t": index})
        assert now.mask is not None
        np.testing.assert_array_equal(now.mask.numpy(), states != 2)


@pytest.mark.parametrize("outside", ["clip", "zero"])
def test_tiles_and_the_whole_have_the_same_weights(outside: Any) -> None:
    gt = unknown(np.where(STATES == 2, 255, STATES).astype(np.uint8), 255)
    request = Request(DISTANCE, Source(gt), None, "cpu", outside)
    whole = inspect(DISTANCE, gt, device="cpu", outside=outside)
    weight = np.zeros(STATES.shape, np.float32)
    for tile in TiledInspection(request, tile=(6, 7, 9)):
        if tile.balanced:
            weight[gt.to_slices(tile.roi)] = tile.weight.numpy()[0]
    np.testing.assert_allclose(weight, whole.weight.numpy()[0], atol=1e-6)
    assert (weight[STATES == 2] == 0).all()


def test_inputs_are_never_changed() -> None:
    values = np.where(STATES == 2, 255, STATES).astype(np.uint8)
    before = values.copy()
    inspect(OneHotPredictor(["background", "ecs"]), unknown(values, 255), device="cpu")
    np.testing.assert_array_equal(values, before)
