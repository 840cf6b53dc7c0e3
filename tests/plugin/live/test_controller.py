"""The live loop without a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from funlib.geometry import Coordinate, Roi
from qtpy.QtWidgets import QApplication

from predictor_inspector.core import predictor_from_config
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.live import controller
from predictor_inspector.plugin.model import tile_plan

from ..loop import Loop
from ..stage import blocks

NEAREST = {"kind": "affinities", "neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}


def add(loop: Loop) -> Any:
    """A layer whose inspection has been asked for."""
    layer = loop.viewer.add_labels(blocks())
    loop.settings.config = NEAREST
    loop.settings.region_mode = "layer"
    return layer


@pytest.mark.usefixtures("cold_kernels", "qapp")
def test_the_first_target_waits_for_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "_WINDOW_FIRST", 600_000)  # the target comes first, however slow the machine is
    loop = Loop()
    add(loop)
    loop.settle()
    assert loop.inspection is not None
    assert loop.messages[-1] == ("", "")
    loop.controller.close()


def test_a_change_is_resolved_computed_and_shown(loop: Loop) -> None:
    assert loop.messages[-1][1] == "hint"
    add(loop)
    assert loop.controller.busy
    # New layers are another view.
    assert loop.settle() == ["resolved", "shown", "resolved"]
    assert not loop.controller.busy
    assert loop.messages[-1] == ("", "")
    expected = inspect(predictor_from_config(NEAREST), loop.settings.gt)
    np.testing.assert_array_equal(loop.viewer.layers[layer_name("target")].data, expected.target.numpy())
    np.testing.assert_allclose(loop.viewer.layers[layer_name("weight")].data, expected.weight.numpy(), atol=2e-6)
    loop.settings.config = {**NEAREST, "neighborhood": [[0, 0, 1]]}
    loop.settings.outside = "zero"
    assert loop.settle() == ["resolved", "shown"]
    assert loop.controller.inspection.channel_names == ("aff x+1",)


def test_what_only_looks_different_is_drawn_and_not_computed(loop: Loop) -> None:
    add(loop)
    loop.settle()
    loop.viewer.scene.camera.zoom *= 2
    assert loop.settle() == ["resolved"]
    loop.settings.memory = "4 GB"
    assert loop.settle() == ["resolved"]


def test_without_live_it_waits_to_be_asked(loop: Loop) -> None:
    loop.settings.live = False
    add(loop)
    assert loop.settle() == ["resolved"]
    loop.controller.compute()
    assert "shown" in loop.settle()
    loop.controller.compute()
    assert loop.settle() == ["resolved", "shown"]


def test_of_many_changes_while_something_is_computed_the_newest_is_computed(loop: Loop) -> None:
    add(loop)
    loop.settle()
    shown = []
    loop.controller.shown.connect(lambda inspection: shown.append(inspection.request.predictor.num_voxels))
    for voxels in (3, 4, 5, 6):
        loop.settings.config = {**NEAREST, "num_voxels": voxels}
        loop.settle(compute=False)
    assert shown == []
    loop.settle()
    # What was under way is shown too: the picture moves while the hand does.
    assert shown == [3, 6]


def test_a_preview_comes_first_and_what_was_previewed_makes_way_for_what_is_newer(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controller, "PREVIEW_AFTER", 1e-9)
    add(loop)
    loop.settle()
    notes: list[tuple[str, ...]] = []
    exact: list[int] = []

    def on_previewed(inspection: Inspection) -> None:
        notes.append(inspection.notes)
        if len(notes) < 4:
            # The hand moves on before the exact result is computed.
            loop.settings.choose_parameters({**loop.settings.predictor_choice.chosen, "num_voxels": 3 + len(notes)})
            QApplication.processEvents()

    loop.controller.previewed.connect(on_previewed)
    loop.controller.shown.connect(lambda inspection: exact.append(inspection.request.predictor.num_voxels))
    loop.settings.config = {**NEAREST, "lsds": True, "num_voxels": 3}
    loop.settle()
    assert [note[0].split(":")[0] for note in notes] == ["Preview"] * 4
    assert exact == [6]
    assert "Preview" not in " ".join(loop.controller.inspection.notes)


def test_results_for_another_kind_or_layer_are_dropped(loop: Loop) -> None:
    layer = add(loop)
    loop.settle(compute=False)
    loop.settings.config = {"kind": "dummy", "embedding_dims": 2}
    loop.settle(compute=False)
    kinds = []
    loop.controller.shown.connect(lambda inspection: kinds.append(type(inspection.request.predictor).__name__))
    loop.settle()
    assert kinds == ["DummyPredictor"]
    loop.settings.config = NEAREST
    loop.settle(compute=False)
    loop.viewer.layers.remove(layer)
    assert "shown" not in loop.settle()
    assert loop.controller.inspection is None
    assert list(loop.viewer.layers) == []


def test_the_layer_may_be_swapped_while_it_is_computed(loop: Loop) -> None:
    add(loop)
    loop.settle(compute=False)
    loop.settings.gt_layer = loop.viewer.add_labels(blocks((6, 20, 30)), name="other")
    loop.settle()
    assert loop.inspection.gt.shape == (6, 20, 30)
    loop.assert_layers_show_the_inspection()


def test_what_was_under_way_when_the_data_went_wrong_is_not_shown(loop: Loop) -> None:
    layer = add(loop)
    loop.settle()
    loop.settings.config = {**NEAREST, "neighborhood": [[0, 0, 1]]}
    loop.settle(compute=False)
    layer.rotate = (0, 0, 30)
    loop.settle(compute=False)
    assert "rotated" in loop.message
    assert "shown" not in loop.settle()
    assert not loop.target.visible
    layer.rotate = (0, 0, 0)
    assert "shown" in loop.settle()
    loop.assert_layers_show_the_inspection()


def test_what_is_wrong_hides_the_target_until_it_is_right_again(loop: Loop) -> None:
    add(loop)
    loop.settle()
    for config, kind in (({"kind": "distance", "channels": ["a", "b"]}, "error"), (None, "parameters")):
        if config is None:
            loop.settings.config = {"kind": "distance", "channels": ["a"]}
            loop.settings.choose_parameters({"channels": ["a"], "clipmin": 0.99})
        else:
            loop.settings.config = config
        assert "outdated" in loop.settle()
        assert loop.messages[-1][1] == kind
        assert not loop.viewer.layers[layer_name("target")].visible
        # Moving the view says it again, and tries nothing that has failed.
        loop.viewer.scene.camera.zoom *= 1.01
        assert "shown" not in loop.settle()
        assert loop.messages[-1][1] == kind
        loop.settings.config = NEAREST
        assert "shown" in loop.settle()
        assert loop.messages[-1] == ("", "")


def test_a_paused_controller_catches_up(loop: Loop) -> None:
    add(loop)
    loop.settle()
    loop.controller.pause()
    loop.settings.config = {**NEAREST, "neighborhood": [[0, 0, 1]]}
    assert loop.settle() == []
    loop.controller.resume()
    assert loop.settle() == ["resolved", "shown"]


def test_a_pinned_box_becomes_a_setting_that_the_views_thickness_leaves_alone(loop: Loop) -> None:
    add(loop)
    loop.settings.region_mode = "box"
    loop.settle()
    box, voxel = loop.settings.box, loop.settings.gt.voxel_size
    assert box == loop.controller.inspection.roi
    assert box.shape[0] == voxel[0]
    loop.settings.thickness = 3
    loop.settle()
    assert loop.controller.inspection.roi == box
    loop.settings.pin(Roi(voxel, voxel * 3 + Coordinate(1, 1, 1)))
    loop.settle()
    assert loop.controller.inspection.roi == loop.settings.gt.snap(loop.settings.box, "closest") == loop.settings.box


def test_too_large_a_region_is_offered_in_tiles(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_plan, "MAX_VALUES", 20_000)
    monkeypatch.setattr(tile_plan, "TILE", 500_000)
    loop.settings.live = False
    add(loop)
    assert "shown" not in loop.settle()
    text, kind = loop.messages[-1]
    assert kind == "tiles"
    assert "Press Compute" in text
    loop.controller.compute()
    assert "shown" in loop.settle()
    assert loop.messages[-1] == ("", "")
    expected = inspect(predictor_from_config(NEAREST), loop.settings.gt)
    np.testing.assert_array_equal(loop.viewer.layers[layer_name("target")].data, expected.target.numpy())
