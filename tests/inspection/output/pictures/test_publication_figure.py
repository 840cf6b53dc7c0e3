"""Figures for slides and papers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from predictor_inspector.core import AffinitiesPredictor, Array, HotDistancePredictor
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.loss import chosen_loss, loss_map
from predictor_inspector.inspection.output.pictures import publication_figure, save_figure
from predictor_inspector.inspection.output.pictures.colours import label_colours
from predictor_inspector.inspection.output.pictures.ground_truth import with_outlines
from predictor_inspector.inspection.roundtrip import round_trip


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    ids = np.kron(np.random.default_rng(0).integers(0, 9, (2, 6, 5)), np.ones((2, 4, 4), int))
    gt = Array(ids.astype(np.uint16), (40, 4, 4), (1000, 20, -12))
    offsets = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 2, 0), (0, 0, 2), (0, 0, 3))
    return inspect(AffinitiesPredictor(offsets, lsds=False), gt, device="cpu")


@pytest.fixture(scope="module")
def figure(inspection: Inspection) -> Figure:
    return publication_figure(inspection)


def titled(figure: Figure) -> dict[str, Axes]:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_loss_and_segmentation_lie_below_what_they_are_of(inspection: Inspection) -> None:
    values = np.clip(inspection.target.numpy() + 0.1, 0.01, 0.99).astype(np.float32)
    prediction = inspection.target.like(values, inspection.target.axis_names)
    lost = loss_map(inspection, prediction, chosen_loss("bce"))
    trip = round_trip(inspection)
    figure = publication_figure(inspection, ["aff y+1"], what="target", trip=trip, loss=lost)
    panels = titled(figure)
    np.testing.assert_allclose(panels["loss"].images[0].get_array(), lost.values.numpy()[1, 2] * values.size, rtol=1e-6)
    assert panels["loss"].images[0].get_extent() == panels["aff y+1"].images[0].get_extent()
    truth, segments = panels["ground truth"], panels["segmentation"]
    assert truth.axis() == segments.axis()
    assert segments.get_position().y1 < truth.get_position().y0
    named = trip.overlaps.named_as_objects(trip.segmentation.numpy())[2]
    assert np.isin(named, trip.truth.numpy()[2]).any(), "segments have the colours of objects"
    np.testing.assert_allclose(segments.images[0].get_array(), with_outlines(label_colours(named), named))
    assert "segmentation" in titled(publication_figure(inspection, ["aff y+1"], what="target", trip=trip))


def test_each_channel_has_its_target_and_its_weights(inspection: Inspection, figure: Figure) -> None:
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [t for t in titles if t.startswith("aff")] == list(inspection.channel_names)
    assert titles.count("weight") == 6
    target = titled(figure)["aff y+1"].images[0]
    np.testing.assert_array_equal(target.get_array(), inspection.target.numpy()[1, 2])


def test_channels_can_be_chosen_and_ordered(inspection: Inspection) -> None:
    figure = publication_figure(inspection, ["aff x+3", "aff z+1"])
    assert [t for t in titled(figure) if t.startswith("aff")] == ["aff x+3", "aff z+1"]


def test_all_weights_share_one_scale(figure: Figure) -> None:
    scales = {axes.images[0].get_clim() for axes in figure.axes if axes.get_title(loc="left") == "weight"}
    assert len(scales) == 1


def test_nothing_lies_outside_the_page_or_on_another_panel(figure: Figure) -> None:
    figure.canvas.draw()
    whole = figure.bbox
    panels = [axes for axes in figure.axes if axes.images]
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for box in boxes:
        assert box.x0 >= whole.x0 - 1
        assert box.x1 <= whole.x1 + 1
        assert box.y0 >= whole.y0 - 1
        assert box.y1 <= whole.y1 + 1
    for i, a in enumerate(panels):
        assert not any(a.bbox.overlaps(b.bbox) for b in panels[i + 1 :])


def test_a_very_long_name_loses_its_middle_and_stays_in_its_panel() -> None:
    gt = Array(np.eye(40, dtype=np.uint8), (4, 4))
    name = "mitochondrion_and_everything_that_lies_in_it_including_its_cristae_and_ribosomes"
    figure = publication_figure(inspect(HotDistancePredictor((name,), 20.0, False), gt, device="cpu"), width=4)
    figure.canvas.draw()
    hot = next(axes for t, axes in titled(figure).items() if t.startswith("hot"))
    assert "…" in hot.get_title(loc="left")
    assert hot.get_tightbbox().x1 <= hot.bbox.x1 + 2


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_formats_are_told_by_the_ending(suffix: str, inspection: Inspection, tmp_path: Path) -> None:
    data = save_figure(tmp_path / f"figure{suffix}", publication_figure(inspection, ["aff x+3"])).read_bytes()
    assert {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix] == data[: 5 if suffix == ".svg" else 4]
    if suffix == ".svg":
        assert b">ground truth<" in data, "text can be edited"


def test_wrong_arguments_are_named(inspection: Inspection, figure: Figure, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"channels must be among 'aff z\+1', .*; got 'aff w'"):
        publication_figure(inspection, ["aff w"])
    with pytest.raises(ValueError, match="got none"):
        publication_figure(inspection, [])
    with pytest.raises(ValueError, match="width must be more than 2 inches for 6 panels"):
        publication_figure(inspection, width=2)
    with pytest.raises(ValueError, match=r"one of \.png, \.svg, \.pdf, got 'a\.doc'"):
        save_figure(tmp_path / "a.doc", figure)
