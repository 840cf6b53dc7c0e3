"""Atomic writes: files and folders written beside their path and renamed when complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file to, which replaces `path` at the end.

    If that fails, nothing is left of it, and what was at `path` stays.
    """
    partial = _beside(path, "partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        # A person knows the file by the name that was asked for.
        if str(error.filename) == str(partial):
            error.filename = str(path)
        raise
    finally:
        with suppress(NotADirectoryError):
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path` to write to, which replaces `path` at the end; parents are made.

    If that fails, nothing is left of it, and what was at `path` stays.
    """
    partial = _beside(path, "partial")
    partial.mkdir(parents=True)
    try:
        yield partial
        if path.exists():
            _swap(partial, path)
        else:
            partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _beside(path: Path, suffix: str) -> Path:
    path = path.absolute()
    return path.with_name(f".{path.name}.{uuid4().hex[:8]}.{suffix}")


def _swap(partial: Path, path: Path) -> None:
    """Put a folder in the place of another, which is deleted only after that has worked."""
    old = _beside(path, "old")
    path.rename(old)
    try:
        partial.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old)
