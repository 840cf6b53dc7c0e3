"""Where marks and their labels lie on the canvas, without one."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.inspection.explanation import Arrow, BoxMark, Ellipsoid, Line, Mark, Point
from predictor_inspector.plugin.layers.marks import CASING, COLOURS, shapes_of
from predictor_inspector.plugin.layers.shapes import Canvas, Shape
from predictor_inspector.plugin.model.view import View

PIXEL = 0.5
GRID = Array(np.zeros((20, 50, 50), np.uint8), (4, 4, 4))
SLICE = View(point=(0.0, 20.0, 0.0, 0.0), displayed=(2, 3), center=(50.0, 50.0), size=(400.0, 400.0))
SOLID = View(point=(0.0, 20.0, 0.0, 0.0), displayed=(1, 2, 3), center=(20.0, 50.0, 50.0), size=(1.0, 1.0, 1.0))


def drawn(*marks: Mark, view: View = SLICE) -> tuple[list[Shape], list[Shape]]:
    """Lines and labels."""
    shapes = shapes_of(marks, Canvas(GRID, view, PIXEL))
    return [s for s in shapes if not s.text], [s for s in shapes if s.text]


def test_lines_are_cased_and_lie_in_the_slice_that_is_shown() -> None:
    (casing, line), labels = drawn(Line((10, 30, 40), (30, 60, 80), "boundary", "50 nm"))
    assert casing.line.startswith(CASING)
    assert casing.pixels > line.pixels
    assert line.line == COLOURS["boundary"]
    np.testing.assert_array_equal(line.vertices, [[20, 30, 40], [20, 60, 80]])
    assert [label.text for label in labels] == ["50 nm"]


def test_what_the_slice_does_not_cut_is_faded_and_says_where_it_is() -> None:
    lines, labels = drawn(BoxMark((24, 0, 0), (28, 4, 4), "yes", "id 7"))
    assert lines[-1].line == COLOURS["yes"] + "70"
    assert labels[0].text == "id 7 (z +6 nm)"
    assert drawn(Point((14, 0, 0), "boundary", "here"))[1][0].text == "here (z −6 nm)"


def test_an_arrow_across_the_slice_is_a_ring() -> None:
    (_, ring) = drawn(Arrow((20, 50, 50), (30, 50, 50), "yes"))[0]
    np.testing.assert_allclose(np.linalg.norm(ring.vertices - [20, 50, 50], axis=1), 4.5)


def test_an_arrow_within_the_slice_has_a_head() -> None:
    lines, _ = drawn(Arrow((20, 50, 50), (20, 50, 90), "no"))
    assert len(lines) == 4
    np.testing.assert_array_equal(lines[-1].vertices[1], [20, 50, 90])


def test_in_3d_nothing_is_moved() -> None:
    box = drawn(BoxMark((10, 0, 0), (30, 4, 4), "window"), view=SOLID)[0]
    corners = np.unique(np.concatenate([s.vertices for s in box]), axis=0)
    assert len(corners) == 8
    np.testing.assert_array_equal(corners.min(0), (10, 0, 0))
    np.testing.assert_array_equal(corners.max(0), (30, 4, 4))
    arrow = drawn(Arrow((20, 50, 50), (90, 50, 50), "yes"), view=SOLID)[0]
    np.testing.assert_array_equal(arrow[-3].vertices, [[20, 50, 50], [90, 50, 50]])


@pytest.mark.parametrize("view", [SLICE, SOLID])
def test_an_ellipsoid_is_one_standard_deviation_wide(view: View) -> None:
    covariance = np.array([[40.0, 3.0, 0.0], [3.0, 90.0, -20.0], [0.0, -20.0, 60.0]])
    mark = Ellipsoid((20, 50, 60), tuple(map(tuple, covariance)), "object")
    strokes = [s for s in drawn(mark, view=view)[0] if s.line == COLOURS["object"]]
    shown = [1, 2] if view is SLICE else [0, 1, 2]
    inverse = np.linalg.inv(covariance[np.ix_(shown, shown)])
    assert len(strokes) == (1 if view is SLICE else 3)
    for stroke in strokes:
        t = (stroke.vertices - [20, 50, 60])[:, shown]
        np.testing.assert_allclose((t @ inverse * t).sum(1), 1)


def test_labels_hide_neither_each_other_nor_what_they_name() -> None:
    marks = [BoxMark((18, 50, 50), (22, 54, 54), "voxel", f"id {i}") for i in range(5)]
    _, labels = drawn(*marks)
    boxes = [(*plate.vertices.min(0)[1:], *np.ptp(plate.vertices, axis=0)[1:]) for plate in labels]
    boxes.append((50, 50, 4, 4))
    for i, (y, x, h, w) in enumerate(boxes):
        for other_y, other_x, other_h, other_w in boxes[i + 1 :]:
            assert y + h <= other_y or other_y + other_h <= y or x + w <= other_x or other_x + other_w <= x


def test_labels_stay_on_the_canvas() -> None:
    _, (label,) = drawn(BoxMark((18, 50, 240), (22, 54, 249), "voxel", "at the right edge"))
    assert label.vertices[:, 2].max() <= 250


def test_a_view_of_other_axes_shows_nothing() -> None:
    other = View(point=SLICE.point, displayed=(0, 3), center=(0.0, 0.0), size=(1.0, 1.0))
    assert drawn(Point((20, 0, 0), "boundary"), view=other) == ([], [])
