"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same few examples in every run; --hypothesis-profile=thorough looks for new ones.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile("quick")

# Plain torch is what is tested unless another backend is asked for: nothing may depend on when kernels get ready.
os.environ.setdefault("PREDICTOR_INSPECTOR_BACKEND", "torch")

# Several processes share the cores: torch's threads shall sleep while they wait, not spin. To be said before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the folder of shared {name} is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real ground truth."""
    return _folder("data")


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of reference results."""
    return _folder("golden") / "public"
