"""List of recent sessions in a person's data folder: paths and settings, never data."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path
from pydantic import ValidationError

from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.data.stores.path import is_url, place_of
from predictor_inspector.inspection.output.session import Origin, Session

VERSION = 1
_MOST = 12  # sessions that are listed


@dataclass(frozen=True)
class RecentSession:
    """How data were inspected last, and when."""

    session: Session
    when: datetime

    @property
    def title(self) -> str:
        """The file, and the array in it: ``"volume.zarr · labels/neurons"``."""
        origin = self.session.data.ground_truth
        file = place_of(origin.path).name if origin.path else ""
        name = (origin.name or "").strip("/")
        return f"{file} · {name}" if name else file

    @property
    def is_there(self) -> bool:
        """Whether its ground truth can still be opened, as far as can be told at once."""
        path = self.session.data.ground_truth.path
        return path is not None and (is_url(path) or Path(path).exists())


def list_file() -> Path:
    """Where the list is kept: in the platform's folder of user data, or beside napari's settings where they are moved."""
    settings = os.environ.get("NAPARI_CONFIG")
    folder = Path(settings).parent if settings else user_data_path("napari-predictor-inspector", appauthor=False)
    return folder / "recent_sessions.json"


def recent_sessions() -> list[RecentSession]:
    """The sessions on the list, newest first; none where there is no list, or one that this version can't read."""
    try:
        content = json.loads(list_file().read_text("utf-8"))
        entries = content["sessions"] if content["version"] == VERSION else []
        return [
            RecentSession(Session.model_validate(entry["session"]), datetime.fromisoformat(entry["when"]))
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return []


def remember(session: Session) -> None:
    """Put a session first, in the place of an earlier one with the same ground truth.

    Nothing is kept of data that were never in a file. Raises ``OSError`` if the list can't be written; then it stays.
    """
    key = _key(session.data.ground_truth)
    if session.data.ground_truth.path is not None:
        others = [r for r in recent_sessions() if _key(r.session.data.ground_truth) != key]
        _write([RecentSession(session, datetime.now()), *others][:_MOST])


def forget_sessions() -> None:
    """Clear the list; an ``OSError`` if that can't be done."""
    list_file().unlink(missing_ok=True)


def describe_day(when: datetime, now: datetime) -> str:
    """A time as people say it: ``"today 14:03"``, ``"yesterday"``, ``"12 May"``, ``"12 May 2024"``."""
    days = (now.date() - when.date()).days
    if days == 0:
        return f"today {when:%H:%M}"
    if days == 1:
        return "yesterday"
    return f"{when.day} {when:%B}" + (f" {when.year}" if when.year != now.year else "")


def _key(origin: Origin) -> tuple[str | None, str | None]:
    # Layers that another plugin has opened don't say which array of the file they are, but have its name.
    return origin.path, (origin.name or origin.layer or "").strip("/")


def _write(sessions: list[RecentSession]) -> None:
    content = {
        "version": VERSION,
        "sessions": [
            {
                "when": r.when.isoformat(timespec="seconds"),
                "session": r.session.model_dump(mode="json", exclude_none=True),
            }
            for r in sessions
        ],
    }
    path = list_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as partial:
        partial.write_text(json.dumps(content, indent=1), "utf-8")
