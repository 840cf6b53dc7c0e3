"""Canvas and list of layers wait for a quick result, so that they are painted once."""

from __future__ import annotations

import pytest

from predictor_inspector.inspection.engine.preview import Pace

from ..window import VOXEL_SIZE, Window


@pytest.mark.parametrize("expected", [0.001, 1.0])
def test_painting_waits_for_quick_results_only(
    labelled: Window, monkeypatch: pytest.MonkeyPatch, expected: float
) -> None:
    labelled.set_config("affinities", neighborhood=[[0, 1, 0]], lsds=False)
    monkeypatch.setattr(Pace, "expected", lambda *_: expected)
    dim = labelled.viewer.dims.ndim - 3
    shown = []
    layer_list = labelled.viewer.window._qt_viewer.layers
    labelled.controller.shown.connect(lambda _: shown.append(labelled.canvas.updatesEnabled()))
    with labelled.qtbot.waitSignal(labelled.controller.shown):
        labelled.viewer.dims.set_point(dim, labelled.viewer.dims.point[dim] + VOXEL_SIZE[0])
        labelled.controller.compute()
        assert labelled.canvas.updatesEnabled() == layer_list.updatesEnabled() == (expected > 0.05)
    assert shown == [True]
    labelled.settle()
    assert labelled.canvas.updatesEnabled()
    assert layer_list.updatesEnabled()
