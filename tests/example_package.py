"""The package that the documentation shows how to write, built and unpacked as pip would install it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from predictor_inspector.inspection.explanation.explanation import explanation_of
from predictor_inspector.inspection.findings.checks import load_checks

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "examples" / "distance-to-centre"


@contextmanager
def example_package(folder: Path) -> Iterator[None]:
    """The example package with its real metadata, where Python looks for packages, for as long as the context lasts."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=FOLDER, check=True, capture_output=True)
    site = folder / "site"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        _forget()
        yield
    _forget()


def _forget() -> None:
    """Look registries up anew."""
    load_checks.cache_clear()
    explanation_of.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "distance_to_centre"]:
        del sys.modules[name]
