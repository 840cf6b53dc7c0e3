"""Which backend serves when, and how its kernels get ready."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
import torch

from predictor_inspector.core.ops import backend
from predictor_inspector.core.ops.affinities import affinities

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")

OPERATION = torch.tensor([[1, 1, 2]])


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[backend._Warmth]:
    """Nothing is warm, and warming up is left to the test."""
    warmth = backend._Warmth()
    monkeypatch.setattr(backend, "_warmth", warmth)
    monkeypatch.delenv(backend.VARIABLE, raising=False)
    yield warmth
    warmth._end()


@needs_numba
def test_torch_serves_until_the_kernels_are_ready(fresh: backend._Warmth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "begin", lambda: None)
    assert backend.attempt("affinities.affinities", OPERATION, [[0, 1]]) is None
    fresh.modules.add("affinities")
    assert backend.attempt("affinities.affinities", OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]


@needs_numba
def test_the_first_operation_warms_up_and_doing_so_again_changes_nothing(fresh: backend._Warmth) -> None:
    affinities(OPERATION, [[0, 1]])
    begun = fresh._thread
    assert begun is not None
    for _ in range(3):
        backend.warm_up()
    threads = [threading.Thread(target=backend.warm_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh._thread is begun
    backend.warm_up(wait=True)
    assert backend.ready()


def test_torch_serves_where_numba_is_missing(fresh: backend._Warmth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    backend.warm_up(wait=True)
    assert not backend.ready()
    assert affinities(OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]
    with backend.using("compiled"), pytest.raises(ImportError, match=r"needs numba.*\[compiled\]"):
        affinities(OPERATION, [[0, 1]])


def test_torch_serves_where_a_kernel_cannot_be_compiled(
    fresh: backend._Warmth, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("no locator available")

    monkeypatch.setattr(backend, "find_spec", lambda name: True)
    monkeypatch.setattr(backend, "import_module", broken)
    backend.warm_up(wait=True)
    assert not backend.ready()
    assert "the kernels for affinities can't be compiled" in caplog.text
    assert affinities(OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]


def test_the_environment_chooses_a_backend(fresh: backend._Warmth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(backend.VARIABLE, "torch")
    backend.warm_up()
    affinities(OPERATION, [[0, 1]])
    assert fresh._thread is None
    monkeypatch.setenv(backend.VARIABLE, "fast")
    with pytest.raises(
        ValueError, match="PREDICTOR_INSPECTOR_BACKEND must be one of auto, torch, compiled, got 'fast'"
    ):
        backend.backend()


def test_a_backend_that_does_not_exist_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="name must be one of auto, torch, compiled, got 'numpy'"),
        backend.using("numpy"),
    ):
        pass


@needs_numba
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_computes_on() -> None:
    """As the workers do that feed a training."""
    code = """
import os, torch
from predictor_inspector.core.ops import backend
from predictor_inspector.core.ops.boundary_distance import signed_distance
labels = torch.arange(64 ** 3).reshape(64, 64, 64) // 1000 % 5
with backend.using("compiled"):
    expected = signed_distance(labels, (1.0,) * 3, 3.0)
    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # as torch's own workers do: its threads don't survive a fork
    same = torch.equal(signed_distance(labels, (1.0,) * 3, 3.0), expected)
    if child == 0:
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
print(same, os.waitstatus_to_exitcode(status))
"""
    arguments = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "True 0", run.stderr
