"""The dock in a real window: hints, choices that come and go, and a slider that is dragged."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QApplication

from .window import LABELS, UNITS, VOXEL_SIZE, Window, blocks

DISTANCE = {"kind": "distance", "channels": ["a"], "mask_distances": True}


def test_a_dock_without_data_says_what_to_do(window: Window) -> None:
    assert window.widget.inspection is None
    assert window.widget.gt_layer is None
    assert "labels" in window.control("note").text()
    assert window.widget.message == ""


def test_a_dragged_slider_ends_at_its_last_value_and_never_goes_back(window: Window) -> None:
    window.add_labels()
    window.set_config(**DISTANCE, scale_factor=15.0)
    shown = []
    window.widget.inspected.connect(lambda i: shown.append(i.request.predictor.scale_factor))
    for value in np.linspace(10, 60, 10):
        window.widget.config = {**DISTANCE, "scale_factor": float(value)}
        QApplication.processEvents()
    window.settle()
    assert shown == sorted(shown)
    assert shown[-1] == 60
    window.assert_layers_show_the_inspection()


def test_levels_and_axes_are_chosen_where_there_are_several(window: Window) -> None:
    fine = blocks((12, 80, 96))
    window.viewer.add_labels(
        [fine, fine[:, ::2, ::2]], multiscale=True, scale=VOXEL_SIZE, units=UNITS, axis_labels=LABELS
    )
    window.settle()
    assert window.control("level").isVisible()
    assert not window.control("axes").isVisible()
    window.assert_layers_show_the_inspection()
    window.after(lambda: window.control("level").setCurrentIndex(1))
    assert window.widget.inspection.gt.physical_voxel_size == (40.0, 8.0, 10.48)
    window.assert_layers_show_the_inspection()
    movie = window.viewer.add_labels(np.stack([blocks(seed=s) for s in range(3)]))
    window.after(lambda: setattr(window.widget, "gt_layer", movie))
    assert not window.control("level").isVisible()
    assert window.control("axes").isVisible()


def test_an_error_empties_the_table_of_channels(window: Window) -> None:
    window.widget.open_tab("Statistics")
    window.add_labels()
    window.set_config(**DISTANCE, scale_factor=15.0)
    assert window.control("channel_table").rowCount() == 1
    window.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert "2 channels" in window.widget.message
    assert window.control("channel_table").rowCount() == 0
