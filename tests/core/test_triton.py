"""The CUDA kernels where there is no GPU: their logic by Triton's interpreter, their code by Triton's compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton isn't installed: pip install triton (Linux)"
)

HERE = Path(__file__).parent


def run(arguments: list[str], **environment: str) -> None:
    """Run Python in a process of its own, since Triton decides when it is loaded whether to interpret."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_kernels_interpreted_on_the_cpu_agree_with_torch() -> None:
    run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "kernels_interpreted.py")],
        TRITON_INTERPRET="1",
        PREDICTOR_INSPECTOR_BACKEND="torch",
    )


def test_kernels_compile_for_real_devices(tmp_path: Path) -> None:
    run([str(HERE / "kernels_compiled.py")], TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))
