"""Canvas and list of layers wait for a quick result, so that they are painted once."""

from __future__ import annotations

import pytest

from predictor_inspector.inspection.engine.preview import Pace

from ..window import VOXEL_SIZE, Window


@pytest.mark.parametrize("expected", [0.001, 1.0])
def test_painting_waits_for_quick_results_only(
    window: Window, monkeypatch: pytest.MonkeyPatch, expected: float
) -> None:
    window.add_labels()
    window.set_config("affinities", neighborhood=[[0, 1, 0]], lsds=False)
    monkeypatch.setattr(Pace, "expected", lambda *_: expected)
    dim = window.viewer.dims.ndim - 3
    shown = []
    layer_list = window.viewer.window._qt_viewer.layers
    window.controller.shown.connect(lambda _: shown.append(window.canvas.updatesEnabled()))
    with window.qtbot.waitSignal(window.controller.shown):
        window.viewer.dims.set_point(dim, window.viewer.dims.point[dim] + VOXEL_SIZE[0])
        window.controller.compute()
        assert window.canvas.updatesEnabled() == layer_list.updatesEnabled() == (expected > 0.05)
    assert shown == [True]
    window.settle()
    assert window.canvas.updatesEnabled()
    assert layer_list.updatesEnabled()
