"""The HTML report."""

from __future__ import annotations

import argparse
from base64 import b64decode
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.cli import report
from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, predictor_to_config
from predictor_inspector.data import open_array, write_ome_zarr
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Inspection, Request, inspect
from predictor_inspector.inspection.loss import chosen_loss, compare_losses, loss_map
from predictor_inspector.inspection.output.report import report_html, write_report
from predictor_inspector.inspection.output.session import Data, Judgement, Origin, Session, save_session
from predictor_inspector.inspection.roundtrip import chosen_decoder, round_trip
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import survey

from ..stand_ins import stand_in

VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module")
def gt() -> Array:
    ids = np.kron(np.random.default_rng(0).integers(0, 9, (2, 6, 5)), np.ones((2, 4, 4), int))
    return Array(ids.astype(np.uint16), (40, 4, 4), (1000, 20, -12))


@pytest.fixture(scope="module")
def inspection(gt: Array) -> Inspection:
    return inspect(DistancePredictor(("<b>cell</b>",), 20.0, False), gt, device="cpu")


@pytest.fixture(scope="module")
def html(inspection: Inspection) -> str:
    """A report for which nothing was found."""
    return report_html(inspection, [])


class Page(HTMLParser):
    """What a page holds, and whether its tags match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_is_fetched_and_pictures_are_within(html: str) -> None:
    page = Page(html)
    images = [attrs for tag, attrs in page.seen if tag == "img"]
    assert images
    for attrs in images:
        source = str(attrs["src"])
        assert source.startswith("data:image/png;base64,")
        assert b64decode(source.partition(",")[2]).startswith(b"\x89PNG")
        assert attrs["alt"]
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.seen}
    assert "http" not in html
    assert "url(" not in html


def test_what_is_not_the_reports_own_is_escaped(inspection: Inspection) -> None:
    evil = "<script>alert('x')</script>\" onload=\""
    finding = stand_in(evil, evil, evil, evil, (evil,))
    *_, surveyed = survey(inspection.request, [inspection.roi], find=lambda _: [finding])
    html = report_html(inspection, [finding], {evil: evil}, evil, surveyed, [(b"", evil)], evil)
    page = Page(html)
    tags = {tag for tag, _ in page.seen}
    assert not {"script", "b>cell<"} & tags
    assert not any("onload" in attrs for _, attrs in page.seen)
    assert page.text.count("alert('x')") >= 9
    assert "<b>cell</b>" in page.text


def test_a_report_tells_everything_about_an_inspection(inspection: Inspection) -> None:
    findings = [
        stand_in(),
        stand_in("not-finite", "error", "NaN in the target.", "Look for it.", ("cell",), 1234),
    ]
    text = Page(report_html(inspection, findings, {"ground truth": "crop.zarr : ids"}, "my notes")).text
    for words in (
        "scale_factor",
        "20 nm",
        "4 × 24 × 20 voxels of 40 × 4 × 4 nm",
        "(z 1000:1160, y 20:116, x -12:68 nm)",
    ):
        assert words in text
    for words in ("1,234 voxels", "crop.zarr : ids", "my notes", "torch", "device", "weight of +"):
        assert words in text
    assert text.index("NaN in the target.") < text.index("12 voxels have no weight."), "the gravest first"


def test_not_looked_is_not_nothing_found(inspection: Inspection, html: str) -> None:
    assert "Findings" not in Page(report_html(inspection)).text
    assert "Nothing was found." in Page(html).text


def test_a_survey_is_summed_up(inspection: Inspection, gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 3))
    request = Request(inspection.request.predictor, Source(gt), device="cpu")
    *_, surveyed = survey(request, rois, find=lambda _: [stand_in()])
    assert "3 of 3" in Page(report_html(inspection, [], survey=surveyed)).text


def test_a_report_is_written_as_html_only_and_whole(html: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"written as \.html, got 'a\.txt'"):
        write_report(tmp_path / "a.txt", "")
    write_report(tmp_path / "a.html", html)
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    monkeypatch.setattr("predictor_inspector.inspection.findings.find_with_raw", lambda _: [stand_in()])
    made = argparse.ArgumentParser()
    report.add_arguments(made)
    return made


def test_the_command_writes_reports_and_figures(gt: Array, tmp_path: Path, parser: argparse.ArgumentParser) -> None:
    write_ome_zarr(tmp_path / "gt.zarr", gt, "labels")
    asked = [str(tmp_path / "gt.zarr"), "--predictor", "distance", "--set", "scale_factor=9", "--roi", "0:2,:,:"]
    report.run(parser.parse_args([*asked, "--out", str(tmp_path / "r.html"), "--survey", "2", "--title", "Mine"]))
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    for words in ("Mine", "9 nm", "2 of 2", "gt.zarr"):
        assert words in text
    report.run(parser.parse_args([*asked, "--out", str(tmp_path / "f.svg")]))
    assert (tmp_path / "f.svg").is_file()
    with pytest.raises(ValueError, match=r"--out must end in \.html, \.png"):
        report.run(parser.parse_args([*asked, "--out", str(tmp_path / "r.doc")]))


def test_the_command_takes_a_session(gt: Array, tmp_path: Path, parser: argparse.ArgumentParser) -> None:
    write_ome_zarr(tmp_path / "gt.zarr", gt, "labels")
    config = predictor_to_config(DistancePredictor(("cell",), 33.0, False))
    source = Origin(path=str(tmp_path / "gt.zarr"))
    save_session(tmp_path / "s.yaml", Session(data=Data(ground_truth=source), predictor=config, notes="as it was"))
    report.run(parser.parse_args([str(tmp_path / "s.yaml"), "--out", str(tmp_path / "r.html")]))
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert "as it was" in text
    assert "33 nm" in text


def test_the_command_tells_round_trips_and_the_loss_of_predictions(
    gt: Array, tmp_path: Path, parser: argparse.ArgumentParser
) -> None:
    write_ome_zarr(tmp_path / "gt.zarr", gt, "labels")
    predictor = AffinitiesPredictor(neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    inspection = inspect(predictor, gt, device="cpu")
    for name, seed in (("a", 1), ("b", 2)):
        values = np.random.default_rng(seed).uniform(0.1, 0.9, inspection.target.shape).astype(np.float32)
        write_ome_zarr(tmp_path / f"{name}.zarr", inspection.target.like(values, ("c^", "z", "y", "x")), name)
    asked = [str(tmp_path / "gt.zarr"), "--predictor", "affinities", "--set", "lsds=false"]
    asked += ["--set", "neighborhood=[[0,1,0],[0,0,1]]", "--out", str(tmp_path / "r.html")]
    both = ["--prediction", str(tmp_path / "a.zarr"), "--versus", str(tmp_path / "b.zarr")]
    report.run(parser.parse_args([*asked, "--decoder", "mutex_watershed", "--noise", "0.25", *both, "--loss", "mse"]))
    html = (tmp_path / "r.html").read_text("utf-8")
    maps = [loss_map(inspection, open_array(tmp_path / f"{name}.zarr"), chosen_loss("mse")) for name in ("a", "b")]
    found, trip = compare_losses(*maps), round_trip(inspection, chosen_decoder(inspection.channels, "mutex_watershed"))
    place = maps[0].worst(1)[0]
    for words in ("Round trip", "noise", "0.25", "target", "prediction", "versus", f"{trip.scores.objects:,}"):
        assert words in Page(html).text
    for words in (
        found.summary(),
        f"A: {maps[0].summary()}",
        "A: Loss of aff",
        maps[0].objects_text(),
        f"{place.loss:.3g}",
        "mse",
    ):
        assert words in Page(html).text
    assert html.count("data:image/png;base64,") == 2, "the overview, and where the loss is"
    report.run(parser.parse_args(asked))
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert "Round trip" not in text
    assert "Loss" not in text


def test_the_command_judges_networks_as_a_session_does(
    gt: Array, tmp_path: Path, parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ome_zarr(tmp_path / "gt.zarr", gt, "labels")
    predictor = AffinitiesPredictor(neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    inspection = inspect(predictor, gt, device="cpu")
    values = np.random.default_rng(1).uniform(0.1, 0.9, inspection.target.shape).astype(np.float32)
    write_ome_zarr(tmp_path / "a.zarr", inspection.target.like(values, ("c^", "z", "y", "x")), "a")
    judgement = Judgement(
        prediction=Origin(path=str(tmp_path / "a.zarr"), layer="my net"),
        versus=Origin(layer="in no file"),
        loss={"kind": "mse", "weights": "squared"},
        decoder={"kind": "mutex_watershed", "bias": 0.375},
        imperfection={"noise": 0.25},
    )
    data, config = Data(ground_truth=Origin(path=str(tmp_path / "gt.zarr"))), predictor_to_config(predictor)
    session, written = tmp_path / "s.yaml", tmp_path / "r.html"
    save_session(session, Session(data=data, predictor=config, judgement=judgement))
    asked = [str(session), "--out", str(written)]

    report.run(parser.parse_args([*asked, "--survey", "2", "--roi", ":,0:12,0:10"]))
    text = Page(written.read_text("utf-8")).text
    for words in ("mse", "squared", "bias", "0.375", "noise", "0.25", "Round trips", "mean of 2 regions"):
        assert words in text
    assert "4 × 12 × 10 voxels" in text
    assert "versus is left out: the versus was the layer 'in no file'" in capsys.readouterr().err

    # Options come first, and what a session says of data can't be said anew.
    report.run(parser.parse_args([*asked, "--decoder", "mutex_watershed", "--loss", "mae"]))
    text = Page(written.read_text("utf-8")).text
    assert "0.375" not in text
    assert "mae" in text
    for option, value in (("--predictor", "distance"), ("--balance-over", "context")):
        with pytest.raises(ValueError, match=f"{option} goes with data, but .* is a session"):
            report.run(parser.parse_args([*asked, option, value]))

    # Without the prediction, or with a decoder that fits no more, all else is told.
    (tmp_path / "a.zarr").rename(tmp_path / "gone.zarr")
    others = {"decoder": {"kind": "argmax"}, "versus": None, "models": {"versus": {"path": "nets:make"}}}
    save_session(
        session,
        Session(data=data, predictor=config, judgement=judgement.model_copy(update=others)),
    )
    report.run(parser.parse_args(asked))
    assert not {"Loss", "Round trip"} & set(Page(written.read_text("utf-8")).text.split("\n"))
    noted = capsys.readouterr().err
    assert "the session's prediction is left out" in noted
    assert "the session's versus is left out: models of sessions aren't run; name nets:make with --model" in noted
    assert "the session's round trip is left out: the decoder 'argmax' can't decode" in noted


def test_what_does_not_go_together_is_refused(tmp_path: Path, parser: argparse.ArgumentParser) -> None:
    out = ["--out", str(tmp_path / "r.html")]
    with pytest.raises(ValueError, match="go with --decoder"):
        report.run(parser.parse_args(["gt.zarr", "--noise", "0.5", *out]))
