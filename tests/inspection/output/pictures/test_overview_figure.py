"""The overview picture: what it shows, and where."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, DummyPredictor, HotDistancePredictor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, inspect, run
from predictor_inspector.inspection.output.pictures import overview_figure
from predictor_inspector.inspection.output.pictures.colours import BACKGROUND, label_colours, target_colours
from predictor_inspector.inspection.output.pictures.panels import round_length
from predictor_inspector.inspection.output.pictures.planes import best_plane

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.fixture
def gt() -> Array:
    """Blocks of ids, 40 x 4 x 4 nm, with a corner off the origin."""
    ids = np.kron(np.random.default_rng(0).integers(0, 9, (4, 6, 5)), np.ones((2, 4, 4), int))
    return Array(ids.astype(np.uint32), (40, 4, 4), (1000, 20, -12))


def panel(figure: Figure, title: str) -> Axes:
    return next(a for a in figure.axes if a.get_title(loc="left").startswith(title))


def test_every_channel_has_a_target_a_weight_and_a_histogram(gt: Array) -> None:
    inspection = inspect(AffinitiesPredictor(NEAREST, lsds=False), gt, device="cpu")
    figure = overview_figure(inspection)
    titles = [a.get_title(loc="left") for a in figure.axes]
    assert [t for t in titles if t in inspection.channel_names] == list(inspection.channel_names)
    assert titles.count("weight") == 3
    assert sum(t.endswith("% positive") for t in titles) == 3


def test_panels_lie_in_world_units_and_show_the_values_of_the_middle_slice(gt: Array) -> None:
    roi = gt.roi_of([slice(2, 6), slice(4, 20), slice(8, 16)])
    inspection = inspect(AffinitiesPredictor(NEAREST, lsds=False), gt, roi, device="cpu")
    figure = overview_figure(inspection)
    image = panel(figure, "aff y+1").images[0]
    assert image.get_extent() == [20, 52, 100, 36]
    np.testing.assert_array_equal(image.get_array(), inspection.target.numpy()[1, 2])
    assert panel(figure, "ground truth").get_title(loc="left") == "ground truth at z = 1180 nm"


def test_lengths_are_true_to_scale_on_every_axis(gt: Array) -> None:
    figure = overview_figure(inspect(AffinitiesPredictor(NEAREST, lsds=False), gt, device="cpu"))
    figure.canvas.draw()
    plane, across = figure.axes[0], figure.axes[1]
    for axes in (plane, across, panel(figure, "aff x+1")):
        (x0, y0), (x1, y1) = axes.transData.transform([(0, 0), (40, 40)])
        assert abs(x1 - x0) == pytest.approx(abs(y1 - y0), rel=1e-6)
    boxes = [axes.transData.transform([(0, 0), (40, 0)]) for axes in (plane, across)]
    assert boxes[0][1][0] - boxes[0][0][0] == pytest.approx(boxes[1][1][0] - boxes[1][0][0])


def test_roi_context_and_what_lies_beyond_the_data_are_drawn_where_they_are(gt: Array) -> None:
    roi = gt.roi_of([slice(0, 8), slice(0, 24), slice(4, 12)])
    inspection = inspect(AffinitiesPredictor(((0, 3, 0), (0, 0, -2)), lsds=False), gt, roi, device="cpu")
    drawn = [p for p in panel(overview_figure(inspection), "ground truth").patches if isinstance(p, Rectangle)]
    boxes = {(p.get_x(), p.get_y(), p.get_width(), p.get_height()): p.get_hatch() for p in drawn}
    assert boxes == {
        (4, 20, 32, 96): None,  # the ROI
        (-4, 20, 40, 96 + 12): None,  # 3 voxels of context below and 2 on the left
        (-4, 116, 40, 12): "////",  # of which this isn't there
        (-4, 8, 48, 96 + 24): None,  # padding is the same on either side
    }


def test_signed_targets_are_centred_on_0_and_weights_begin_at_0(gt: Array) -> None:
    inspection = inspect(HotDistancePredictor(["a"], 10.0, False), gt, device="cpu")
    figure = overview_figure(inspection)
    hot, distance = (panel(figure, name).images[0] for name in ("hot a", "distance a"))
    assert (distance.norm.vmin, distance.norm.vmax, distance.cmap.name) == (-1, 1, "RdBu_r")
    assert (hot.norm.vmin, hot.norm.vmax, hot.cmap.name) == (0, 1, "gray")
    assert panel(figure, "weight").images[0].norm.vmin == 0


def test_an_id_has_the_same_colour_everywhere_and_huge_ids_differ() -> None:
    ids = np.array([[0, 1, 2], [2**40, 2**64 - 1, 1]], dtype=np.uint64)
    shown = label_colours(ids)
    np.testing.assert_array_equal(shown[0, 1], shown[1, 2])
    np.testing.assert_array_equal(shown[0, 0], BACKGROUND)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 5
    assert shown.min() >= 0
    assert shown.max() <= 1
    np.testing.assert_array_equal(label_colours(np.array([1], np.uint8)), shown[:1, 1])


def test_the_middle_slice_is_left_only_where_hardly_anything_is_labelled() -> None:
    ids = np.zeros((9, 8, 8), np.uint8)
    ids[6] = 1
    array = Array(ids, (1, 1, 1))
    assert best_plane(Source(array), array.roi).at[0] == 6
    ids[4, :4] = 1
    assert best_plane(Source(array), array.roi).at[0] == 4
    known = np.zeros((2, 9, 8, 8), np.uint8)
    known[0, 7], known[1, 8, :2] = 1, 1
    filled = array.like(np.ones_like(ids))
    assert best_plane(Source(filled, Array(known, (1, 1, 1))), array.roi).at[0] == 7
    thin = array.roi_of([slice(0, 9), slice(3, 4), slice(0, 8)])
    plane = best_plane(Source(array), thin)
    assert (plane.rows, plane.columns, plane.at[1]) == (0, 2, 3)


@pytest.mark.parametrize(
    ("channels", "shape"), [(1, (10, 50)), (1, (50, 10)), (2, (50, 10)), (7, (10, 50)), (13, (50, 10))]
)
def test_nothing_overlaps_however_many_channels_there_are(channels: int, shape: tuple[int, int]) -> None:
    gt = Array(np.ones(shape, np.uint8), (4, 4))
    figure = overview_figure(inspect(DummyPredictor(channels), gt, device="cpu"))
    assert len([a for a in figure.axes if a.get_title(loc="left")]) == 1 + 3 * channels
    boxes = [axes.get_position() for axes in figure.axes]
    for i, box in enumerate(boxes):
        assert box.x0 > 0
        assert box.y0 > 0
        assert box.x1 < 1
        assert box.y1 < 1
        for other in boxes[:i]:
            assert box.x1 <= other.x0 or other.x1 <= box.x0 or box.y1 <= other.y0 or other.y1 <= box.y0


def test_colours_show_the_whole_range_whatever_is_in_the_region(gt: Array) -> None:
    inside = gt.roi_of([slice(0, 2), slice(0, 4), slice(4, 8)])
    ids = gt.like(np.ones_like(gt.data))
    figure = overview_figure(inspect(DistancePredictor(["a"], 10.0, False), ids, inside, device="cpu"))
    assert panel(figure, "a").images[0].get_clim() == (-1, 1)


def test_values_beyond_the_declared_range_are_shown() -> None:
    class Loud(DummyPredictor):
        def create_target(self, gt: Array) -> Array:
            target = super().create_target(gt)
            return target.like(target.data + 5)

    gt = Array(np.ones((8, 8), np.uint8), (4, 4))
    _, norm = target_colours(inspect(Loud(1), gt, device="cpu"), 0)
    assert (norm.vmin, norm.vmax) == (0, 5)


@pytest.mark.parametrize(("most", "length"), [(30, 20), (50, 50), (0.07, 0.05), (999, 500), (1, 1)])
def test_scale_bars_are_round(most: float, length: float) -> None:
    assert round_length(most) == pytest.approx(length)


def test_raw_data_and_mask_on_other_grids_are_drawn_in_2d_too() -> None:
    ids = np.kron(np.arange(16).reshape(4, 4), np.ones((8, 8), int)).astype(np.int64)
    gt = Array(ids, (2, 3), unit="um", subdivision=10)
    raw = Array(np.random.default_rng(0).random((3, 64, 48)).astype(np.float32), (1, 2), unit="um", subdivision=10)
    mask = Array(np.ones((16, 20), np.uint8), (4, 4), unit="um", subdivision=10)
    figure = overview_figure(run(Request(DistancePredictor(["a"], 1.0, True), Source(gt, mask, raw), device="cpu")))
    figure.canvas.draw()
    assert panel(figure, "ground truth").get_xlabel() == "x [um]"


def test_a_picture_needs_two_or_three_axes() -> None:
    line = Array(np.ones(9, np.uint8), (1,))
    with pytest.raises(ValueError, match="2 or 3 spatial axes"):
        overview_figure(inspect(DummyPredictor(2), line, device="cpu"))


def test_pyplot_is_not_needed(gt: Array, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    overview_figure(inspect(DummyPredictor(1), gt, device="cpu")).canvas.draw()


def test_raw_data_lie_beneath_the_ground_truth(gt: Array) -> None:
    raw = gt.like(np.random.default_rng(0).random(gt.data.shape).astype(np.float32))
    bare, over_raw = (
        panel(overview_figure(run(Request(DummyPredictor(1), Source(gt, raw=raw), device="cpu"))), "ground truth")
        for raw in (None, raw)
    )
    assert not np.array_equal(*(axes.images[0].get_array() for axes in (bare, over_raw)))
