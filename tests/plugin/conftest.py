"""Fixtures of the window tests."""

from __future__ import annotations

from typing import Any

import pytest

from .window import Window


@pytest.fixture
def window(make_napari_viewer: Any, qtbot: Any) -> Window:
    """A shown napari window with an empty dock."""
    return Window(make_napari_viewer(show=True), qtbot)
