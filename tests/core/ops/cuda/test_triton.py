"""The CUDA kernels where there is no GPU: their logic by Triton's interpreter, their code by Triton's compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BESIDE = Path(sys.prefix) / "triton"
"""Where scripts/setup installs Triton, out of the way of all other tests."""

pytestmark = pytest.mark.skipif(
    find_spec("triton") is None and not BESIDE.is_dir(), reason="Triton isn't installed: scripts/setup does so on Linux"
)


def run(arguments: list[str], **environment: str) -> None:
    """Run Python in a process of its own, since Triton decides when it is loaded whether to interpret."""
    paths = [str(BESIDE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p), **environment},
        cwd=HERE.parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_kernels_interpreted_on_the_cpu_agree_with_torch() -> None:
    # Without plugins for windows, which take longer to load than most kernels, and without their options.
    options = ["-c", os.devnull, "--rootdir", str(HERE.parents[3]), "--import-mode=importlib", "-W", "error"]
    run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(HERE / "kernels_interpreted.py")],
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        TRITON_INTERPRET="1",
        PREDICTOR_INSPECTOR_BACKEND="torch",
    )


def test_kernels_compile_for_real_devices(tmp_path: Path) -> None:
    run([str(HERE / "kernels_compiled.py")], TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))
