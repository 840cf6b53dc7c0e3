"""The CUDA kernels where there is no GPU: their logic by Triton's interpreter, their code by Triton's compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

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


def run_tests(file: str, *arguments: str) -> None:
    """Run a file of tests by Triton's interpreter."""
    # Without plugins for windows, which take longer to load than most kernels, and without their options.
    options = ["-c", os.devnull, "--rootdir", str(HERE.parents[3]), "--import-mode=importlib", "-W", "error"]
    run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *arguments, str(HERE / file)],
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        TRITON_INTERPRET="1",
        PREDICTOR_INSPECTOR_BACKEND="torch",
    )


def test_kernels_interpreted_on_the_cpu_agree_with_torch() -> None:
    run_tests("kernels_interpreted.py")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a device is there, which needs no stand-in")
def test_what_a_device_computes_is_right_on_a_stand_in() -> None:
    # Kernels only where that takes no minutes: gpu-check rehearses all.
    chosen = "(agree and torch and uint8) or refuses or narrowed or (wait and (affinities or one-hot or boundary))"
    run_tests("test_cuda.py", "-p", "tests.core.ops.cuda.stand_in", "-k", chosen)


def test_kernels_compile_for_real_devices(tmp_path: Path) -> None:
    run([str(HERE / "kernels_compiled.py")], TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))
