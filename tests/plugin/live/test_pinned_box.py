"""The pinned box and the slice shown: where they part, how the box is brought along, and boxes of before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from predictor_inspector.plugin.head.banner import BoxBanner
from predictor_inspector.plugin.model import history

from ..loop import Loop
from ..stage import TRANSLATE, VOXEL_SIZE, blocks


def scroll_to(loop: Loop, index: int, axis: int = 0) -> None:
    dim = loop.viewer.dims.ndim - 3 + axis
    loop.after(lambda: loop.viewer.dims.set_point(dim, TRANSLATE[axis] + index * VOXEL_SIZE[axis]))


def pin(loop: Loop, *ranges: tuple[int, int]) -> None:
    gt = loop.settings.gt
    loop.after(lambda: loop.settings.pin(gt.roi_of([slice(*r) for r in ranges])))


def box_of(loop: Loop) -> Sequence[tuple[int, int]]:
    return [(s.start, s.stop) for s in loop.settings.gt.to_slices(loop.settings.box)]


@pytest.fixture
def boxed(loop: Loop) -> Loop:
    """A box in slice 5."""
    loop.add_labels()
    scroll_to(loop, 5)
    pin(loop, (5, 6), (10, 20), (12, 30))
    return loop


def test_a_slice_past_the_box_is_said_with_ways_out(boxed: Loop) -> None:
    banner = BoxBanner(boxed.settings, boxed.controller)
    assert banner.text == ""
    scroll_to(boxed, 8)
    assert banner.text == "The box is in slice 5, you are in slice 8."
    boxed.after(banner.findChild(object, "bring_box_here").click)
    assert banner.text == ""
    assert box_of(boxed) == [(8, 9), (10, 20), (12, 30)]
    boxed.assert_layers_show_the_inspection()
    scroll_to(boxed, 2)
    boxed.after(banner.findChild(object, "go_to_box").click)
    assert banner.text == ""
    assert box_of(boxed)[0] == (8, 9)
    pin(boxed, (2, 5), (10, 20), (12, 30))
    assert banner.text == "The box is in slices 2 to 4, you are in slice 8."
    boxed.settings.region_mode = "view"
    assert banner.text == ""


def test_a_thick_box_is_brought_about_the_slice_and_stays_within_the_data(boxed: Loop) -> None:
    pin(boxed, (0, 5), (10, 20), (12, 30))
    scroll_to(boxed, 7)
    boxed.after(boxed.controller.pinned.bring_here)
    assert box_of(boxed)[0] == (5, 10)
    scroll_to(boxed, 11)
    boxed.after(boxed.controller.pinned.bring_here)
    assert box_of(boxed)[0] == (7, 12)


def test_a_box_that_follows_moves_no_farther_than_the_slice(boxed: Loop) -> None:
    banner = BoxBanner(boxed.settings, boxed.controller)
    pin(boxed, (4, 7), (10, 20), (12, 30))
    boxed.settings.box_follows_slice = True
    for index, expected in ((6, (4, 7)), (7, (5, 8)), (11, (9, 12)), (0, (0, 3))):
        scroll_to(boxed, index)
        assert box_of(boxed) == [expected, (10, 20), (12, 30)]
        assert banner.text == ""
        boxed.assert_layers_show_the_inspection()


def test_along_other_axes_the_box_is_missed_and_brought_alike(boxed: Loop) -> None:
    ndim = boxed.viewer.dims.ndim
    boxed.after(lambda: setattr(boxed.viewer.dims, "order", (*range(ndim - 3), ndim - 1, ndim - 3, ndim - 2)))
    scroll_to(boxed, 40, axis=2)
    assert boxed.controller.pinned.missed.sentence(boxed.settings.gt) == (
        "The box is in slices x 12 to 29, you are in slice x 40."
    )
    boxed.after(boxed.controller.pinned.bring_here)
    assert box_of(boxed) == [(5, 6), (10, 20), (30, 48)]


def test_flat_data_and_3d_have_no_slice_to_miss(loop: Loop) -> None:
    loop.viewer.add_labels(np.stack([blocks((60, 70), seed) for seed in range(3)]), axis_labels=("t", "y", "x"))
    loop.settle()
    loop.set_config("affinities", neighborhood=[[1, 0], [0, 1]], lsds=False)
    loop.after(lambda: setattr(loop.settings, "region_mode", "box"))
    box = loop.settings.box
    for t in (0, 2):
        loop.after(lambda t=t: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, t))
        assert loop.controller.pinned.missed is None
        assert loop.settings.box == box
        loop.assert_layers_show_the_inspection()


def test_boxes_of_before_are_kept(boxed: Loop) -> None:
    pinned = boxed.controller.pinned
    first = boxed.settings.box
    boxed.viewer.layers.selection.clear()
    boxed.settings.box_follows_slice = True
    scroll_to(boxed, 9)
    assert box_of(boxed)[0] == (9, 10)
    # What followed the slice since is left behind, too.
    boxed.after(pinned.go_back)
    assert boxed.settings.box == first
    assert pinned.missed is None


def test_a_drag_is_one_step_and_one_box_however_long_it_takes(boxed: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr(history, "monotonic", lambda: next(seconds))
    steps, pinned, gt = history.History(boxed.settings), boxed.controller.pinned, boxed.settings.gt
    for first in (0, 20):
        for callback in boxed.viewer.mouse_drag_callbacks:
            callback(boxed.viewer, None)
        for moved in range(1, 4):
            pinned.drag_to(gt.roi_of([slice(5, 6), slice(10, 20), slice(first + moved, first + moved + 9)]))
    assert box_of(boxed)[2] == (23, 32)
    steps.undo()
    assert box_of(boxed)[2] == (3, 12)
    steps.undo()
    assert box_of(boxed)[2] == (12, 30)
    steps.redo()
    steps.redo()
    pinned.go_back()
    assert box_of(boxed)[2] == (3, 12)


def test_a_box_of_other_axes_is_forgotten(boxed: Loop) -> None:
    boxed.settings.box_follows_slice = True
    boxed.after(boxed.viewer.layers.clear)
    boxed.after(lambda: boxed.viewer.add_labels(blocks((60, 70))))
    boxed.set_config("affinities", neighborhood=[[1, 0], [0, 1]], lsds=False)
    assert boxed.settings.box.dims == 2
    assert not boxed.controller.pinned.has_previous
    boxed.after(boxed.controller.pinned.bring_here)
    boxed.after(boxed.controller.pinned.go_to)
    boxed.assert_layers_show_the_inspection()


def test_arrow_keys_scroll_through_slices_and_never_through_channels(loop: Loop) -> None:
    loop.viewer.add_labels(np.stack([blocks()] * 2), axis_labels=("t", "z", "y", "x"))
    loop.settle()
    dims = loop.viewer.dims
    assert dims.axis_labels == ("channel", "time", "z", "y", "x")
    assert dims.last_used == 2
    loop.controller.look_at_channel(1)
    assert dims.last_used == 2
    dims.last_used = 0  # the slider of channels is pressed
    assert dims.last_used == 2
    dims.last_used = 1  # that of time
    loop.after(lambda: setattr(loop.settings, "region_mode", "box"))
    loop.after(lambda: loop.viewer.add_image(np.zeros((2, 12, 40, 48))))
    assert dims.last_used == 1
    loop.after(lambda: setattr(dims, "order", (0, 1, 4, 2, 3)))
    assert dims.last_used == 1
    dims.last_used = 0
    assert dims.last_used == 4
