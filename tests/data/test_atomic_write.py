"""Files and folders that appear complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from predictor_inspector.data.atomic_write import whole_file, whole_folder


def test_a_file_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with whole_file(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "made" / "results"
    for content in ("old", "new"):
        with whole_folder(path) as partial:
            (partial / content).write_text(content)
    assert [p.name for p in path.iterdir()] == ["new"]
    assert list(path.parent.iterdir()) == [path]


def fail(*_: object) -> None:
    raise OSError("disk full")


def test_what_was_there_stays_if_writing_fails(tmp_path: Path) -> None:
    file, folder = tmp_path / "a.txt", tmp_path / "results"
    file.write_text("old")
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(file) as partial:
        fail(partial.write_text("new"))
    with pytest.raises(OSError, match="disk full"), whole_folder(folder) as partial:
        fail((partial / "new").write_text("new"))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.txt", "old", "results"]
    assert file.read_text() == "old"
