"""What notebooks show: HTML of objects, pictures, and the widget whose controls move parameters."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, OneHotPredictor
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.explanation import explain
from predictor_inspector.inspection.findings import find
from predictor_inspector.inspection.output.pictures.colours import label_colours
from predictor_inspector.inspection.roundtrip import round_trip
from predictor_inspector.inspection.roundtrip.decoders import Threshold

IDS = np.kron(np.random.default_rng(0).integers(0, 5, (2, 4, 5)), np.ones((2, 4, 4), int)).astype(np.uint16)


@pytest.fixture(scope="module")
def gt() -> Array:
    return Array(IDS, (40, 4, 4))


@pytest.fixture(scope="module")
def inspection(gt: Array) -> Inspection:
    return inspect(AffinitiesPredictor([[1, 0, 0], [0, 0, 2]], lsds=False), gt, device="cpu")


def decoded(source: str) -> np.ndarray:
    """The pixels of an image's source, RGB in 0 … 255."""
    return np.asarray(Image.open(BytesIO(b64decode(source.removeprefix("data:image/png;base64,")))).convert("RGB"))


def ask(widget: Any, **values: Any) -> None:
    """What the front end does when controls are moved."""
    widget.values = {**widget.values, **values}
    widget.asked += 1
    assert widget.answered == widget.asked


def test_objects_show_what_they_are(gt: Array, inspection: Inspection) -> None:
    assert "z: 4, y: 16, x: 20" in gt._repr_html_()
    assert "40 × 4 × 4 nm" in gt._repr_html_()
    assert "[[1, 0, 0], [0, 0, 2]] voxels" in inspection.request.predictor._repr_html_()
    html = inspection._repr_html_()
    assert 'src="data:image/png;base64,' in html
    assert ">aff x+2</td>" in html
    assert "4 × 16 × 20 voxels of 40 × 4 × 4 nm" in html
    assert repr(inspection).startswith("Inspection(AffinitiesPredictor: aff z+1, aff x+2; 4 × 16 × 20 voxels of ")
    assert len(repr(inspection)) < 160


def test_text_from_elsewhere_is_escaped(gt: Array) -> None:
    shown = inspect(OneHotPredictor(("<script>", "b")), gt, device="cpu")
    assert "<script>" not in shown._repr_html_() + shown.request.predictor._repr_html_()
    assert "&lt;script&gt;" in explain(shown, 0, (0, 0, 0))._repr_html_()


def test_findings_and_explanations_show_sentences(inspection: Inspection) -> None:
    found = find(inspection)
    html = found._repr_html_()
    assert [html.count(f"<b>{severity}</b>") for severity in ("error", "warning", "info")] == [
        sum(f.severity == severity for f in found) for severity in ("error", "warning", "info")
    ]
    assert found[0].advice in html
    assert find(inspection, only=["not-finite"])._repr_html_() == "<p>Nothing was found.</p>"
    explanation = explain(inspection, 1, (0, 0, 0))
    assert explanation.title in explanation._repr_html_()
    assert "<b>Weight " in explanation._repr_html_()


def test_a_picture_has_the_channels_and_what_was_asked_for(inspection: Inspection, tmp_path: Path) -> None:
    def titles(picture: Any) -> list[str]:
        return [axes.get_title(loc="left") for axes in picture.figure.axes if axes.get_title(loc="left")]

    assert titles(inspection.plot()) == ["ground truth", "aff z+1", "weight", "aff x+2", "weight"]
    assert titles(inspection.plot(1, what="target")) == ["ground truth", "aff x+2"]
    assert titles(inspection.plot(["aff x+2", 0], what="weight")) == ["ground truth", "aff x+2", "aff z+1"]
    path = inspection.plot("aff z+1").save(tmp_path / "picture.png")
    for content in (path.read_bytes(), inspection.plot()._repr_png_()):
        assert 500 < Image.open(BytesIO(content)).width <= 1100


def test_raw_data_lie_beneath_the_ground_truth_where_there_are_any(inspection: Inspection) -> None:
    raw = inspection.gt.like(np.random.default_rng(1).integers(0, 255, IDS.shape).astype(np.uint8))

    def truth(shown: Inspection, given: Any = None) -> np.ndarray:
        return np.asarray(shown.plot(0, raw=given).figure.axes[0].get_images()[0].get_array())

    without = truth(inspection)
    assert (truth(inspection, raw) != without).any()
    with_raw = inspect(inspection.request.predictor, inspection.gt, device="cpu", raw=raw)
    np.testing.assert_array_equal(truth(with_raw), truth(inspection, raw))
    np.testing.assert_array_equal(truth(with_raw, False), without)


def test_touching_objects_are_told_apart_over_raw_data() -> None:
    ids = np.zeros((64, 64), np.uint8)
    ids[8:40, 8:32], ids[8:40, 32:56] = 1, 2
    flat = Array(ids, (1, 1))
    raw = flat.like(np.random.default_rng(0).integers(0, 255, ids.shape).astype(np.uint8))
    shown = inspect(OneHotPredictor(("a", "b", "c")), flat, device="cpu", raw=raw)
    picture = np.asarray(shown.plot(0).figure.axes[0].get_images()[0].get_array())
    coloured = np.ptp(picture[20], axis=-1)
    assert coloured[31] < 0.5 * coloured[[20, 45]].min()  # dark, where one ends
    assert coloured[8] == pytest.approx(coloured[20], abs=0.01)  # at background there is no line


def test_a_round_trip_shows_both_segmentations_its_scores_and_mistakes(gt: Array) -> None:
    trip = round_trip(inspect(DistancePredictor(("cells",), 20.0, mask_distances=False), gt, device="cpu"), Threshold())
    figure = trip.plot().figure
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["4 objects", "1 segment"]
    html = trip._repr_html_()
    assert f"{trip.scores.arand:.4f}</td>" in html
    assert html.count(">merged</td>") == min(5, len(trip.merges)) > 0
    assert "Threshold" in repr(trip)
    assert len(repr(trip)) < 200


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"channel": 2}, "channels are counted from 0 to 1, got 2"),
        ({"channel": "aff"}, "got 'aff'"),
        ({"what": "both of them"}, "what must be one of 'target', 'weight', 'both'"),
    ],
)
def test_what_cannot_be_drawn_is_said(inspection: Inspection, call: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inspection.plot(**call)


def test_the_widget_computes_what_its_controls_say(gt: Array) -> None:
    predictor = DistancePredictor(("cells",), 20.0, mask_distances=True)
    widget = predictor.show(gt)
    assert [c["name"] for c in widget.controls][:2] == ["channels", "scale_factor"]
    before = widget.pictures[1]["source"]
    ask(widget, scale_factor=200)
    assert widget.predictor == DistancePredictor(("cells",), 200.0, mask_distances=True)
    assert widget.pictures[1]["source"] != before
    expected = inspect(widget.predictor, gt, device="cpu").target.numpy()
    np.testing.assert_array_equal(widget.inspection.target.numpy(), expected)
    truth, target, weight = widget.pictures
    assert truth["aspect"] == pytest.approx(20 / 16)
    assert target["caption"].startswith("target: ")
    assert weight["caption"].startswith("weight: 0 … ")
    at = widget.view["plane"]
    shown = decoded(truth["source"])
    np.testing.assert_allclose(shown, 255 * label_colours(IDS[at]), atol=1)


def test_the_widget_is_a_picture_where_no_widget_runs(gt: Array) -> None:
    widget = DistancePredictor(("cells",), 20.0, mask_distances=True).show(gt)
    html = widget._repr_html_()
    assert html.count("<img") == 3
    assert widget.pictures[1]["source"] in html
    assert "positive, weights" in html


def test_the_widget_says_what_does_not_fit_and_keeps_the_last_result(gt: Array) -> None:
    widget = AffinitiesPredictor([[1, 0, 0]], lsds=False).show(gt)
    shown = widget.pictures
    ask(widget, neighborhood="[[1, 0], [0")
    assert widget.problem == "Neighborhood can't be read as YAML: '[[1, 0], [0'."
    ask(widget, neighborhood="[[1, 0]]")
    assert "neighborhood" in widget.problem.lower()
    assert widget.pictures == shown
    ask(widget, neighborhood="[[0, 3, 0], [0, 0, 1]]")
    assert widget.problem == ""
    assert widget.choices["channels"] == ["aff y+3", "aff x+1"]
    ask(widget, neighborhood="[[0, 3, 0]]", lsds=True)
    assert len(widget.choices["channels"]) == 11


def test_the_widget_shows_other_channels_and_planes(gt: Array) -> None:
    widget = AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], lsds=False).show(gt)
    assert (widget.choices["planes"], widget.choices["axis"]) == (4, "z")
    for channel, plane in ((0, 0), (1, 3)):
        widget.view = {"channel": channel, "plane": plane}
        ask(widget)
        target = widget.inspection.target.numpy()[channel, plane]
        np.testing.assert_array_equal(decoded(widget.pictures[1]["source"])[..., 0], 255 * target)


def test_controls_come_from_the_parameters() -> None:
    widget = AffinitiesPredictor([[1, 0], [0, 1]]).show()
    assert widget.choices["planes"] == 1  # a sample of as many axes as the offsets have
    controls = {control["name"]: control for control in widget.controls}
    assert controls["neighborhood"]["kind"] == "text"
    assert controls["lsds"]["kind"] == "flag"
    assert (
        controls["affs_weight_clipmin"] | {"low": 0, "high": 1, "logarithmic": False, "slides": True}
        == (controls["affs_weight_clipmin"])
    )
    assert controls["num_voxels"]["logarithmic"]
    assert AffinitiesPredictor([[1, 0, 0]]).show().choices["planes"] > 1
