"""Settings and a view become a request, or a message: without a window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Coordinate, Roi
from napari.layers import Image, Labels

from predictor_inspector.plugin.model import tile_plan
from predictor_inspector.plugin.model.actions import Desk
from predictor_inspector.plugin.model.resolve import ChangeLevel, Resolved, Unresolved, resolve
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.view import View

VIEW = View(point=(80.0, 16.0, 16.0), displayed=(1, 2), center=(14.0, 14.0), size=(12.0, 20.0))
"""Of a volume of 4 × 8 × 8 voxels of 40 × 4 × 4: its slice 2, rows 2 to 5 and columns 1 to 6."""

ONE_HOT = {"kind": "one_hot", "classes": ["background", "object"]}  # needs no context
NEAREST = {"kind": "affinities", "neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}


def labels(name: str = "labels", shape: tuple[int, ...] = (4, 8, 8), **kwargs: Any) -> Labels:
    return Labels(np.zeros(shape, np.uint32), name=name, **{"scale": (40, 4, 4), **kwargs})


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.offer_layers([labels()])
    settings.config = NEAREST
    return settings


def voxels(state: Resolved) -> list[tuple[int, int]]:
    return [(s.start, s.stop) for s in state.gt.to_slices(state.regions.roi)]


def test_the_region_is_what_is_asked_for(settings: Settings) -> None:
    assert voxels(resolve(settings, VIEW)) == [(2, 3), (4, 5), (3, 5)]  # with a voxel of context around it
    settings.config = ONE_HOT
    assert voxels(resolve(settings, VIEW)) == [(2, 3), (2, 6), (1, 7)]
    settings.thickness = 3
    assert voxels(resolve(settings, VIEW)) == [(1, 4), (2, 6), (1, 7)]
    settings.region_mode = "layer"
    assert voxels(resolve(settings, VIEW)) == [(0, 4), (0, 8), (0, 8)]
    settings.thickness, settings.region_mode = 1, "box"
    # The middle of the view, until there is a box.
    assert voxels(resolve(settings, VIEW)) == [(2, 3), (3, 5), (2, 5)]
    gt = settings.gt
    settings.pin(Roi(gt.offset + gt.voxel_size * Coordinate(1, 2, 6), gt.voxel_size * Coordinate(2, 2, 20)))
    # On the grid and within the data.
    assert voxels(resolve(settings, VIEW)) == [(1, 3), (2, 4), (6, 8)]


def test_settings_become_the_request(settings: Settings) -> None:
    settings.offer_layers([settings.gt_layer, labels("mask")])
    settings.mask_layer = settings.layers.mask_layer[0]
    settings.device, settings.outside, settings.balance_over = "cpu", "zero", "context"
    request = resolve(settings, VIEW).request
    assert request.predictor is settings.predictor()
    assert (request.device, request.outside, request.balance_over) == ("cpu", "zero", "context")
    assert request.source.mask is not None
    assert request.regions.read_region.contains(request.regions.roi)


def test_an_image_that_lies_on_no_grid_stands_in_no_targets_way(settings: Settings) -> None:
    image = Image(np.zeros((4, 8, 8)), name="em", scale=(40, 4, 4))
    settings.offer_layers([settings.gt_layer, image])
    assert resolve(settings, VIEW).request.source.raw is not None
    image.rotate = (0, 0, 30)
    assert resolve(settings, VIEW).request.source.raw is None  # it was found by itself
    settings.raw_layer = None
    settings.raw_layer = image
    with pytest.raises(Unresolved, match="Layer 'em' is rotated") as refusal:
        resolve(settings, VIEW)
    (action,) = refusal.value.message.actions
    assert action.title == "Use no raw data"
    action.run(Desk(settings, lambda layer: layer))
    assert resolve(settings, VIEW).request.source.raw is None


@pytest.mark.parametrize(
    ("change", "kind", "text"),
    [
        (lambda s: s.offer_layers([]), "hint", "Add a layer of labels"),
        (lambda s: setattr(s.gt_layer, "translate", (0, 1e6, 0)), "hint", "Nothing of the ground truth is in view"),
        (lambda s: s.choose_parameters({"affs_weight_clipmin": 0.99}), "parameters", "clipmin"),
        (lambda s: setattr(s.gt_layer, "rotate", (0, 0, 30)), "error", "Layer 'labels' is rotated"),
        (lambda s: setattr(s, "config", {**NEAREST, "neighborhood": [[0, 1]]}), "error", "2 numbers"),
        (lambda s: setattr(s, "memory", "50 B"), "error", "too little"),
    ],
)
def test_what_can_not_be_resolved_is_a_message(settings: Settings, change: Any, kind: str, text: str) -> None:
    change(settings)
    settings.refresh_gt()
    with pytest.raises(Unresolved) as unresolved:
        resolve(settings, VIEW)
    assert unresolved.value.message.kind == kind
    assert text in unresolved.value.message.text


def test_too_large_a_region_comes_with_a_plan_or_a_refusal(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(settings, VIEW).plan is None
    monkeypatch.setattr(tile_plan, "MAX_VALUES", 5)
    state = resolve(settings, VIEW)
    assert state.plan is not None
    assert "6 target values, more than the 5" in state.plan.reason
    monkeypatch.setattr(tile_plan, "results_size", lambda channels, shape: 10**12)
    monkeypatch.setattr(tile_plan, "temporary_room", lambda: 0)
    state = resolve(settings, VIEW)
    assert state.plan is None
    assert "there is room for" in state.refusal


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s: None, ChangeLevel.NOTHING),
        (lambda s: setattr(s, "live", False), ChangeLevel.NOTHING),
        (lambda s: setattr(s, "region_mode", "layer"), ChangeLevel.RESULT),
        (lambda s: setattr(s, "outside", "zero"), ChangeLevel.RESULT),
        (lambda s: setattr(s, "config", {**NEAREST, "mask_pairs": False}), ChangeLevel.RESULT),
        (lambda s: setattr(s, "mask_layer", s.layers.mask_layer[1]), ChangeLevel.DATA),
        (lambda s: setattr(s, "kind", "dummy"), ChangeLevel.SUBJECT),
        (lambda s: setattr(s, "gt_layer", s.layers.gt_layer[1]), ChangeLevel.SUBJECT),
    ],
)
def test_states_are_compared(settings: Settings, change: Any, expected: ChangeLevel) -> None:
    settings.offer_layers([settings.gt_layer, labels("other"), Image(np.zeros((4, 8, 8), np.float32))])
    before = resolve(settings, VIEW)
    change(settings)
    assert resolve(settings, VIEW).change_since(before) == expected
    assert before.change_since(None) == ChangeLevel.SUBJECT


def test_another_view_is_another_display_and_painting_other_data(settings: Settings) -> None:
    settings.region_mode = "layer"
    before = resolve(settings, VIEW)
    assert resolve(settings, replace(VIEW, point=(40.0, 16.0, 16.0))).change_since(before) == ChangeLevel.DISPLAY
    assert resolve(settings, VIEW, version=1).change_since(before) == ChangeLevel.DATA


def test_of_a_series_the_time_that_is_shown_is_inspected(settings: Settings) -> None:
    movie = np.arange(2 * 4 * 8 * 8, dtype=np.uint32).reshape(2, 4, 8, 8)
    layer = Labels(movie, name="movie", scale=(2, 40, 4, 4), axis_labels=("t", "z", "y", "x"))
    settings.offer_layers([layer])
    states = []
    for time in (0, 1):
        view = replace(VIEW, point=(2.0 * time, *VIEW.point), displayed=(2, 3))
        states.append(resolve(settings, view))
        np.testing.assert_array_equal(states[-1].gt.numpy(), movie[time])
        assert states[-1].place.time == (2.0, 2.0 * time, "pixel")
    assert states[1].change_since(states[0]) == ChangeLevel.DATA
