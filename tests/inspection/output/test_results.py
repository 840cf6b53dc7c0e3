"""Folders of results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.core import Array, DummyPredictor
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.output.results import check_folder, report, write_results


def test_a_report_holds_null_for_numbers_that_json_does_not_know() -> None:
    gt = Array(np.ones((4, 4), np.uint8), (1, 1))
    inspection = inspect(DummyPredictor(1), gt, device="cpu")
    odd = replace(inspection.statistics[0], mean=float("nan"))
    content = report(replace(inspection, statistics=(odd,)))
    assert content["channels"][0]["mean"] is None
    json.dumps(content, allow_nan=False)


def test_writing_again_keeps_the_old_results_if_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inspection = inspect(DummyPredictor(1), Array(np.ones((4, 4), np.uint8), (1, 1)), device="cpu")
    folder = write_results(tmp_path / "out", inspection)
    before = (folder / "report.json").read_text()
    monkeypatch.setattr("predictor_inspector.inspection.output.results.report", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_results(folder, inspection, overwrite=True)
    assert (folder / "report.json").read_text() == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_or_link_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for path in (file, link):
        with pytest.raises(FileExistsError, match="no folder of results"):
            check_folder(path, overwrite=True)
