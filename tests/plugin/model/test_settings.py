"""Settings and their history, without a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi
from napari.layers import Image, Labels

from predictor_inspector.core import AffinitiesPredictor, DistancePredictor
from predictor_inspector.data.layers import SOURCE
from predictor_inspector.data.stores import engine
from predictor_inspector.plugin.model import history
from predictor_inspector.plugin.model.axes import Axes
from predictor_inspector.plugin.model.history import History
from predictor_inspector.plugin.model.settings import Settings

DISTANCE = {"kind": "distance", "channels": ["mito"], "scale_factor": 33.0, "mask_distances": False}
BOX = Roi((0, 0, 0), (40, 40, 40))


def labels(name: str = "labels", shape: tuple[int, ...] = (4, 8, 8), **kwargs: Any) -> Labels:
    place = {"scale": (40, 4, 4)} if len(shape) == 3 else {}
    return Labels(np.zeros(shape, np.uint32), name=name, **{**place, **kwargs})


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.offer_layers([labels()])
    return settings


def told(settings: Settings) -> list[tuple[str, Any]]:
    """Which fields are said to have changed, and to what."""
    seen: list[tuple[str, Any]] = []
    settings.events.connect(lambda info: seen.append((info.signal.name, info.args[0])))
    return seen


def changes(settings: Settings, action: Callable[[], None]) -> bool:
    before = settings.snapshot()
    action()
    return settings.snapshot() != before


@pytest.mark.parametrize(
    ("name", "value"),
    [("region_mode", "layer"), ("thickness", 3), ("live", False), ("outside", "zero"), ("memory", "4 GB")],
)
def test_a_change_is_told_once(settings: Settings, name: str, value: Any) -> None:
    seen = told(settings)
    setattr(settings, name, value)
    setattr(settings, name, value)
    assert seen == [(name, value)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("region_mode", "slab", "region_mode must be one of 'view', 'box', 'layer', got 'slab'"),
        ("thickness", 0, "thickness must be a whole number of at least 1, got 0"),
        ("thickness", 1.5, "thickness must be a whole number"),
        ("device", "abacus", "device must be one of 'auto'"),
        ("outside", "mirror", "outside must be one of 'clip', 'zero'"),
        ("balance_over", "all", "balance_over must be one of 'roi', 'context'"),
        ("memory", "plenty", "positive number of bytes"),
        ("level", 1, r"level must lie in 0 … 0, got 1"),
        ("axes", Axes(1, False), "axes must be one of"),
        ("gt_layer", labels("stranger"), "gt_layer must be a labels layer or an image of whole numbers in this viewer"),
        ("config", {"kind": "distanze"}, "did you mean 'distance'"),
        ("config", DISTANCE | {"clipmin": 0.9, "clipmax": 0.1}, "clipmin must not exceed clipmax"),
        ("kind", "dumy", "did you mean 'dummy'"),
    ],
)
def test_a_wrong_value_is_refused_where_it_is_set(settings: Settings, name: str, value: Any, message: str) -> None:
    seen, before = told(settings), settings.snapshot()
    with pytest.raises(ValueError, match=message):
        setattr(settings, name, value)
    assert settings.snapshot() == before
    assert seen == []


def test_the_likeliest_ground_truth_is_followed_until_one_is_chosen() -> None:
    settings = Settings()
    image = Image(np.zeros((4, 8, 8), np.int32), name="ids")
    raw = Image(np.zeros((4, 8, 8), np.float32), name="raw")
    mask, first, second = labels("mask"), labels("first"), labels("second")
    settings.offer_layers([image, raw])
    assert settings.gt_layer is image
    settings.offer_layers([image, raw, mask, first, second])
    assert settings.gt_layer is first
    assert settings.layers.mask_layer[0] is mask
    settings.gt_layer, settings.mask_layer = second, mask
    settings.offer_layers([image, raw, mask, first, second, labels("third")])
    assert settings.gt_layer is second
    settings.offer_layers([image, first])
    assert (settings.gt_layer, settings.mask_layer) == (first, None)
    settings.offer_layers([])
    assert (settings.gt_layer, settings.gt, settings.axes) == (None, None, None)


def test_axes_level_and_grid_follow_the_ground_truth() -> None:
    settings = Settings()
    fine = np.zeros((4, 8, 8), np.uint32)
    pyramid = Labels([fine, fine[:, ::2, ::2]], multiscale=True, name="pyramid")
    movie = labels("movie", (2, 4, 8, 8), axis_labels=("t", "z", "y", "x"))
    settings.offer_layers([pyramid, movie])
    settings.level = 1
    assert settings.gt is not None
    assert settings.gt.shape == (4, 4, 4)
    seen = told(settings)
    settings.gt_layer = movie
    assert settings.level == 0
    assert settings.axes == Axes(3, True)
    assert settings.gt.shape == (4, 8, 8)
    # Everything is set by the time that anything is told.
    assert {name for name, _ in seen} == {"gt_layer", "axes", "level", "gt"}


def test_a_layer_that_was_moved_is_told_and_one_that_was_painted_on_is_not(settings: Settings) -> None:
    seen = told(settings)
    settings.gt_layer.data = np.ones((4, 8, 8), np.uint32)
    settings.refresh_gt()
    assert seen == []
    assert settings.gt.numpy().all()
    settings.gt_layer.translate = (40, 0, 0)
    settings.refresh_gt()
    assert [name for name, _ in seen] == ["gt"]
    settings.gt_layer.rotate = (0, 0, 30)
    settings.refresh_gt()
    assert settings.gt is None


def test_every_kind_keeps_what_was_last_chosen_for_it(settings: Settings) -> None:
    settings.config = DISTANCE
    settings.kind = "dummy"
    settings.kind = "distance"
    assert settings.config["scale_factor"] == 33.0
    assert settings.predictor() == DistancePredictor(("mito",), 33.0, False)


def test_parameters_that_nobody_chose_follow_the_data(settings: Settings) -> None:
    settings.config = {"kind": "affinities", "lsds": False}
    assert settings.config["neighborhood"] == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    picture = labels("picture", (8, 8))
    settings.offer_layers([settings.gt_layer, picture])
    settings.gt_layer = picture
    assert settings.config["neighborhood"] == ((1, 0), (0, 1))
    assert settings.config["lsds"] is False
    settings.kind = "distance"
    assert settings.config["scale_factor"] == 5.0
    settings.choose_parameters({"scale_factor": 7})
    settings.offer_layers([labels()])
    assert settings.config["scale_factor"] == 7


def test_parameters_that_are_unknown_or_of_another_type_are_refused(settings: Settings) -> None:
    with pytest.raises(ValueError, match="affinities has no parameter 'offsets'"):
        settings.choose_parameters({"offsets": [[0, 0, 1]]})
    with pytest.raises(ValueError, match="lsds"):
        settings.choose_parameters({"lsds": "perhaps"})
    assert settings.predictor_choice.chosen == {}


def test_the_predictor_is_made_once_per_change(settings: Settings) -> None:
    settings.config = {"kind": "affinities", "neighborhood": [[0, 0, 1]], "lsds": False}
    first = settings.predictor()
    settings.thickness = 3
    assert settings.predictor() is first
    settings.choose_parameters({"neighborhood": [[0, 1, 0]]})
    assert settings.predictor() == AffinitiesPredictor([[0, 1, 0]], lsds=False, num_voxels=10)


def test_a_preset_is_chosen_beside_what_was(settings: Settings) -> None:
    settings.config = {"kind": "affinities", "lsds": False, "num_voxels": 7}
    settings.apply_preset("long range, 3-D")
    assert len(settings.config["neighborhood"]) == 9
    assert settings.config["num_voxels"] == 7
    with pytest.raises(ValueError, match="affinities has no preset 'short'; it has defaults"):
        settings.apply_preset("short")


def test_a_box_counts_what_the_ground_truth_counts(settings: Settings) -> None:
    settings.pin(BOX)
    assert settings.region_mode == "box"
    fractional = labels("fractional", scale=(40, 4, 5.24))
    settings.offer_layers([settings.gt_layer, fractional])
    settings.gt_layer = fractional
    factor = settings.gt.subdivision
    assert factor > 1
    assert settings.box == BOX * factor


def test_a_box_stays_where_it_is_in_the_world(settings: Settings) -> None:
    large = labels("large", units=("nm",) * 3)
    small = labels("small", scale=(0.04, 0.004, 0.00524), units=("um",) * 3)
    settings.offer_layers([large, small])
    settings.gt_layer = large
    settings.pin(BOX)
    settings.gt_layer = small
    counts = settings.gt.subdivision // 1000
    assert settings.box == BOX * counts
    settings.box = BOX * counts + 1
    settings.gt_layer = large
    assert settings.box == BOX.grow((0, 0, 0), (1, 1, 1))  # whole numbers, and none of it lost


def test_steps_are_undone_and_taken_again(settings: Settings) -> None:
    steps = History(settings)
    assert not changes(settings, steps.undo)
    settings.thickness = 3
    settings.pin(BOX)
    settings.config = DISTANCE
    before = settings.snapshot()
    steps.undo()
    assert settings.kind == "affinities"
    assert (settings.region_mode, settings.box) == ("box", BOX)
    steps.undo()
    assert (settings.region_mode, settings.box, settings.thickness) == ("view", None, 3)
    steps.undo()
    assert settings.thickness == 1
    steps.undo()
    for _ in range(4):
        steps.redo()
    assert settings.snapshot() == before
    assert not changes(settings, steps.redo)
    steps.undo()
    settings.live = False
    assert not changes(settings, steps.redo)


def test_a_drag_is_one_step_and_other_parameters_are_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.config = DISTANCE
    steps, now = History(settings), 100.0
    monkeypatch.setattr(history, "monotonic", lambda: now)

    def choose(**values: Any) -> None:
        settings.choose_parameters({**settings.predictor_choice.chosen, **values})

    for value in range(40, 90):
        now += 0.1
        choose(scale_factor=value)
    choose(epsilon=0.5)
    now += 10
    choose(epsilon=0.25)
    for epsilon, scale in ((0.5, 89), (DistancePredictor(("a",), 1.0, True).epsilon, 89), (None, 33.0)):
        steps.undo()
        assert settings.config["scale_factor"] == scale
        assert epsilon is None or settings.config["epsilon"] == epsilon
    assert not changes(settings, steps.undo)


def test_what_nobody_asked_for_is_no_step_and_layers_that_are_gone_are_forgotten() -> None:
    settings, first, second = Settings(), labels("first"), labels("second")
    steps = History(settings)
    settings.offer_layers([first, second])
    assert settings.gt_layer is first
    assert not changes(settings, steps.undo)
    settings.gt_layer = second
    settings.thickness = 2
    steps.undo()
    assert (settings.gt_layer, settings.thickness) == (second, 1)
    settings.offer_layers([second])
    assert not changes(settings, steps.undo)
    steps.redo()
    assert settings.thickness == 2


def stored(name: str, values: np.ndarray, path: str = "/data/crop.zarr", **kwargs: Any) -> Labels:
    """A layer that was read from a file."""
    metadata = {SOURCE: {"path": path, "name": name}}
    return Labels(values, name=name, metadata=metadata, scale=(40, 4, 4), **kwargs)


IDS = np.arange(4 * 8 * 8, dtype=np.uint32).reshape(4, 8, 8)
INNER = np.zeros((4, 8, 8), np.uint8)
INNER[1:3, 2:6, 2:6] = 1


def test_a_mask_is_found_in_the_file_whenever_it_comes(settings: Settings) -> None:
    gt, mask = stored("labels/ids", IDS), stored("labels/annotated", INNER)
    other = stored("labels/annotated", INNER, "/data/other.zarr", translate=(0, 4, 0))
    settings.offer_layers([gt])
    assert settings.describe_mask() == "none (everything is annotated)"
    settings.offer_layers([other, gt])
    assert settings.mask_layer is None
    settings.offer_layers([other, gt, mask])
    assert (settings.mask_layer, settings.mask_found) == (mask, "found in the file")
    assert settings.describe_mask() == "labels/annotated (found in the file)"
    settings.offer_layers([other, gt])
    assert (settings.mask_layer, settings.mask_found) == (None, "")


def test_no_server_is_asked_for_a_mask(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(engine, "read_key", asked.append)
    monkeypatch.setattr(engine, "list_keys", asked.append)
    store = "https://127.0.0.1:1/data/crop.zarr"
    gt, mask = stored("/", IDS, f"{store}/labels/ids"), stored("labels/annotated", INNER, store)
    other = stored("labels/annotated", INNER, "https://127.0.0.1:1/data/other.zarr")
    settings.offer_layers([other, gt])
    assert settings.mask_found != "found in the file"
    settings.offer_layers([gt, mask])
    assert (settings.mask_layer, settings.mask_found) == (mask, "found in the file")
    assert asked == []


def test_raw_data_are_found_until_a_person_chooses(settings: Settings) -> None:
    (gt,) = settings.layers.gt_layer
    image = Image(np.zeros((6, 9, 9), np.float32), name="em", scale=(40, 4, 4))
    flat, elsewhere = Image(np.zeros((9, 9))), Image(np.zeros((4, 8, 8)), scale=(40, 4, 4), translate=(0, 500, 0))
    settings.offer_layers([gt, flat, elsewhere])
    assert settings.raw_layer is None
    settings.offer_layers([gt, flat, elsewhere, image])
    assert settings.raw_layer is image
    second = Image(np.zeros((4, 8, 8)), name="second", scale=(40, 4, 4))
    settings.offer_layers([gt, image, second])  # either may be what the network sees
    assert settings.raw_layer is None
    settings.offer_layers([gt, image])
    for one, name in ((gt, "labels/ids"), (second, "raw")):
        one.metadata[SOURCE] = {"path": "/data/volume.zarr", "name": name}
    settings.offer_layers([gt, image, second])
    assert settings.raw_layer is second
    settings.raw_layer = None
    settings.offer_layers([gt, second])
    assert settings.raw_layer is None
    settings.raw_layer = second
    settings.offer_layers([gt, image])
    assert settings.raw_layer is image
    history = History(settings)
    settings.offer_layers([gt, image, second])
    settings.thickness = 3
    history.undo()
    assert settings.thickness == 1
    assert not settings.raw_chosen  # what was found by itself isn't chosen by going back to it
    settings.raw_layer = image
    history.undo()
    assert (settings.raw_layer, settings.raw_chosen) == (second, False)
    settings.offer_layers([gt, image])
    with pytest.raises(ValueError, match=r"raw_layer must be an image in this viewer \('em'\), got"):
        settings.raw_layer = gt


def test_a_layer_that_looks_like_a_mask_is_found_by_its_name() -> None:
    gt, empty, ids = labels(), labels("my mask"), Labels(IDS, name="masks", scale=(40, 4, 4))
    coarse = Labels(INNER, name="mask", scale=(40, 8, 8))
    settings = Settings()
    settings.offer_layers([gt, empty, ids, coarse])
    assert (settings.gt_layer, settings.mask_layer) == (gt, None)
    mask = Labels(INNER, name="Annotated", scale=(40, 4, 4))
    settings.offer_layers([gt, empty, ids, coarse, mask])
    assert settings.describe_mask() == "Annotated (found by its name)"


def test_what_a_person_has_chosen_is_never_overridden(settings: Settings) -> None:
    gt, mask, second = stored("labels/ids", IDS), stored("labels/annotated", INNER), stored("labels/mask", INNER)
    settings.offer_layers([gt, mask])
    history = History(settings)
    settings.mask_layer = None
    settings.offer_layers([gt, mask, second])
    assert settings.mask_layer is None
    history.undo()
    assert (settings.mask_layer, settings.mask_found) == (mask, "found in the file")
    settings.mask_layer = None
    another = stored("ids", IDS, "/data/another.zarr")
    beside = stored("mask", INNER, "/data/another.zarr")
    settings.offer_layers([gt, mask, second, another, beside])
    settings.gt_layer = another
    assert settings.mask_layer is beside
    settings.gt_layer = gt
    assert settings.mask_layer is None
    settings.mask_layer = second
    settings.gt_layer = another
    assert (settings.mask_layer, settings.describe_mask()) == (second, "labels/mask")
