"""The list of recent sessions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from platformdirs import user_data_dir

from predictor_inspector.inspection.output.session import Data, Origin, Session
from predictor_inspector.plugin import recent

CONFIG = {"kind": "affinities", "neighborhood": [[0, 1, 0]], "lsds": False}


def session(name: str = "a", **changes: object) -> Session:
    return Session(data=Data(ground_truth=Origin(path="/data/v.zarr", name=name)), predictor=CONFIG, **changes)


@pytest.fixture
def folder() -> Path:
    return recent.list_file().parent


def titles() -> list[str]:
    return [found.title for found in recent.recent_sessions()]


def test_the_newest_comes_first_and_each_ground_truth_once() -> None:
    assert titles() == []
    for name in ("a", "b", "a"):
        recent.remember(session(name, notes=f"of {name}"))
    assert titles() == ["v.zarr · a", "v.zarr · b"]
    assert recent.recent_sessions()[1].session == session("b", notes="of b")


def test_the_list_is_short_and_can_be_cleared(folder: Path) -> None:
    for number in range(20):
        recent.remember(session(str(number)))
    assert titles() == [f"v.zarr · {number}" for number in range(19, 7, -1)]
    assert [path.name for path in folder.iterdir()] == ["recent_sessions.json"]
    recent.forget_sessions()
    recent.forget_sessions()
    assert titles() == []


def test_data_that_were_never_in_a_file_are_not_listed(folder: Path) -> None:
    recent.remember(Session(data=Data(ground_truth=Origin(layer="painted")), predictor=CONFIG))
    assert not folder.exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 9, "sessions": []}', '{"version": 1, "sessions": [1]}']
)
def test_a_damaged_list_counts_as_empty_and_is_replaced(folder: Path, content: str) -> None:
    folder.mkdir()
    recent.list_file().write_text(content)
    assert titles() == []
    recent.remember(session())
    assert titles() == ["v.zarr · a"]


def test_the_list_lies_in_the_folder_of_user_data_or_beside_moved_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("NAPARI_CONFIG", "/elsewhere/settings.yaml")
    assert recent.list_file() == Path("/elsewhere/recent_sessions.json")
    monkeypatch.delenv("NAPARI_CONFIG")
    assert recent.list_file().parent == Path(user_data_dir("napari-predictor-inspector", False))


def test_days_are_said_as_people_do() -> None:
    now = datetime(2026, 3, 1, 14, 3)
    said = [
        recent.describe_day(when, now)
        for when in (now, datetime(2026, 2, 28), datetime(2026, 2, 1), datetime(2025, 3, 1))
    ]
    assert said == ["today 14:03", "yesterday", "1 February", "1 March 2025"]


def test_it_says_whether_the_data_are_still_there(tmp_path: Path) -> None:
    here = Session(data=Data(ground_truth=Origin(path=str(tmp_path))), predictor=CONFIG)
    recent.remember(session())
    recent.remember(here)
    assert [found.is_there for found in recent.recent_sessions()] == [True, False]
