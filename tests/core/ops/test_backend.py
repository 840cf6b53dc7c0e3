"""Which backend serves when, and how its kernels get ready."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from predictor_inspector.core.ops import backend, readiness
from predictor_inspector.core.ops.affinities import affinities
from predictor_inspector.core.ops.compiler_process import CompilerProcess

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="numba is not installed")

OPERATION = torch.tensor([[1, 1, 2]])
FIRST, SECOND, THIRD = "affinities.affinities", "class_balance.counted", "channel_sums.channel_sums"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[readiness.Readiness]:
    """Nothing is ready, warming up is left to the test, and torch serves meanwhile."""
    made = readiness.Readiness((FIRST,))
    monkeypatch.setattr(backend, "OPERATIONS", (FIRST,))
    monkeypatch.setattr(backend, "_readiness", made)
    monkeypatch.setattr(backend, "_torch_meanwhile", True)
    monkeypatch.delenv(backend.VARIABLE, raising=False)
    yield made
    made.end()


class Elsewhere:
    """A stand-in for numba's cache and for the process that fills it.

    `results` are what the process will say, made while it runs; `cached` are the operations that can be loaded.
    """

    def __init__(self, folder: Path) -> None:
        self.cached: set[str] = set()
        self.here: list[str] = []
        self.preferred: list[str] = []
        self.asked: list[str] | None = None
        self.idle: list[bool] = []
        self.seconds_computed: Callable[[], float | None] = lambda: None
        self.killed = threading.Event()
        self.results: Callable[[], Iterator[tuple[str, str]]] = lambda: iter(())
        self.last_words = "Illegal instruction"
        self.cache_folder = lambda: folder
        self.cache_is_empty = lambda: False
        self.loaded, self.rehearse = self.cached.__contains__, self.here.append
        self.prefer, self.kill = self.preferred.append, self.killed.set

    def __call__(self, operations: list[str], environment: dict[str, str], idle: bool) -> Elsewhere:
        self.asked = list(operations)
        self.idle.append(idle)
        return self

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        self.killed.set()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Elsewhere:
    made = Elsewhere(tmp_path)

    def import_stand_in(name: str) -> Any:
        stand_ins = {readiness._REHEARSAL: made, f"{backend._COMPILED}": SimpleNamespace(cache_variables=dict)}
        return stand_ins.get(name) or import_module(name)

    monkeypatch.setattr(readiness, "import_module", import_stand_in)
    monkeypatch.setattr(readiness, "find_spec", lambda name: True)
    monkeypatch.setattr(readiness, "CompilerProcess", made)
    return made


@needs_numba
def test_torch_serves_until_the_kernels_are_ready(fresh: readiness.Readiness, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    monkeypatch.setattr(fresh, "begin", begun.append)
    assert backend.attempt(FIRST, OPERATION, [[0, 1]]) is None
    assert begun == [FIRST]
    fresh.ready.add(FIRST)
    assert backend.attempt(FIRST, OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]


@needs_numba
def test_the_first_operation_warms_up_and_doing_so_again_changes_nothing(fresh: readiness.Readiness) -> None:
    affinities(OPERATION, [[0, 1]])
    begun = fresh._thread
    assert begun is not None
    threads = [threading.Thread(target=backend.warm_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh._thread is begun
    backend.warm_up(wait=True)
    assert backend.ready()


def test_what_is_cached_is_loaded_and_nothing_compiled(elsewhere: Elsewhere) -> None:
    elsewhere.cached |= {FIRST, SECOND}
    made = readiness.Readiness((FIRST, SECOND))
    told: list[str] = []
    made.listen(lambda: told.append(made.waiting_for()))
    made.begin(FIRST)
    made._thread.join()
    assert made.ready == {FIRST, SECOND}
    assert elsewhere.asked is None
    assert set(told) == {""}


def test_what_is_needed_is_compiled_first_and_waited_for(elsewhere: Elsewhere) -> None:
    needed = threading.Event()

    def results() -> Iterator[tuple[str, str]]:
        assert needed.wait(30)
        for operation in (SECOND, THIRD, FIRST):
            elsewhere.cached.add(operation)
            yield operation, ""

    elsewhere.results = results
    made = readiness.Readiness((FIRST, SECOND, THIRD))
    told: list[tuple[int, str]] = []
    stop = made.listen(lambda: told.append((len(made.ready), made.waiting_for())))
    made.begin(SECOND)
    assert not made.ready
    while elsewhere.asked is None or made._process is None:
        made._thread.join(0.01)
    made.begin(THIRD)
    made.begin(THIRD)
    needed.set()
    made._thread.join()
    stop()
    assert elsewhere.asked == [SECOND, FIRST, THIRD]
    assert elsewhere.preferred == [THIRD]
    sentence = "compiling kernels for this machine, once: 0 s"
    assert told[:4] == [(0, sentence), (1, sentence), (2, ""), (3, "")]
    assert made.waiting_for() == ""


@pytest.mark.parametrize(("seconds", "replaced"), [(0.02, True), (0.05, False), (None, False)])
def test_a_compiler_that_gets_no_turn_on_a_busy_machine_is_replaced(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, seconds: float | None, replaced: bool
) -> None:
    looked = threading.Event()

    def seconds_computed() -> float | None:
        looked.set()
        return seconds

    def results() -> Iterator[tuple[str, str]]:
        assert looked.wait(30)
        if replaced and elsewhere.idle == [True]:
            assert elsewhere.killed.wait(30)
        else:
            elsewhere.cached.add(FIRST)
            yield FIRST, ""

    elsewhere.results, elsewhere.seconds_computed = results, seconds_computed
    monkeypatch.setattr(readiness, "_PATIENCE", 0.1)
    made = readiness.Readiness((FIRST,))
    made.begin(FIRST)
    made._thread.join()
    assert elsewhere.idle == ([True, False] if replaced else [True])
    assert made.ready == {FIRST}


def test_a_compiler_that_fails_is_reported_and_torch_serves(
    elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere.results = lambda: iter([(FIRST, "LoweringError('no')"), (SECOND, "")])
    made = readiness.Readiness((FIRST, SECOND, THIRD))
    made.begin(THIRD)
    made._thread.join()
    assert not made.ready
    assert made.waiting_for() == ""
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        f"the kernels for {FIRST} can't be compiled; plain torch is used: LoweringError('no')",
        f"the kernels for {SECOND} can't be compiled; plain torch is used: "
        "what was compiled isn't found in numba's cache",
        "kernels can't be compiled; plain torch is used\nIllegal instruction",
    ]


def test_no_interpreter_is_started_where_python_is_embedded(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/Blender.app/Contents/MacOS/Blender")
    made = readiness.Readiness((FIRST,))
    made.begin()
    made._thread.join()
    assert elsewhere.asked is None
    assert not made.ready


def test_two_programs_compile_one_after_the_other(elsewhere: Elsewhere, tmp_path: Path) -> None:
    filelock = pytest.importorskip("filelock")
    looked = threading.Event()

    def loaded(operation: str) -> bool:
        # Once before the lock is asked for, then again while it is waited for.
        if made._since is not None:
            looked.set()
        return operation in elsewhere.cached

    elsewhere.loaded = loaded
    made = readiness.Readiness((FIRST, SECOND))
    with filelock.FileLock(tmp_path / "predictor-inspector.lock"):
        made.begin()
        assert looked.wait(30)
        assert elsewhere.asked is None
        elsewhere.cached |= {FIRST, SECOND}
    made._thread.join()
    assert made.ready == {FIRST, SECOND}
    assert elsewhere.asked is None


def test_who_waits_has_the_rest_compiled_here(elsewhere: Elsewhere) -> None:
    running = threading.Event()

    def results() -> Iterator[tuple[str, str]]:
        elsewhere.cached.add(FIRST)
        yield FIRST, ""
        running.set()
        assert elsewhere.killed.wait(30)

    elsewhere.results = results
    made = readiness.Readiness((FIRST, SECOND))
    made.begin()
    assert running.wait(30)
    made.wait()
    assert made.ready == {FIRST, SECOND}
    assert elsewhere.here == [SECOND]


def test_the_end_of_the_program_ends_the_compiler(elsewhere: Elsewhere) -> None:
    running = threading.Event()

    def results() -> Iterator[tuple[str, str]]:
        running.set()
        assert elsewhere.killed.wait(30)
        yield from ()

    elsewhere.results = results
    made = readiness.Readiness((FIRST,))
    made.begin()
    assert running.wait(30)
    made.end()
    assert not made._thread.is_alive()
    assert elsewhere.here == []


def test_what_fails_because_the_program_ends_is_no_trouble(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    def loaded(operation: str) -> bool:
        ended.set()
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    elsewhere.loaded = loaded
    monkeypatch.setattr(readiness, "main_thread", lambda: SimpleNamespace(is_alive=lambda: not ended.is_set()))
    made = readiness.Readiness((FIRST, SECOND))
    made.begin()
    made._thread.join()
    assert ended.is_set()
    assert elsewhere.asked is None
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_torch_serves_where_numba_is_missing(fresh: readiness.Readiness, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (backend, readiness):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    backend.warm_up(wait=True)
    assert not backend.ready()
    assert affinities(OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]
    with backend.using("compiled"), pytest.raises(ImportError, match=r"needs numba.*pip install numba"):
        affinities(OPERATION, [[0, 1]])


def test_torch_serves_where_numba_is_broken(
    fresh: readiness.Readiness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("no locator available")

    monkeypatch.setattr(readiness, "find_spec", lambda name: True)
    monkeypatch.setattr(readiness, "import_module", broken)
    backend.warm_up(wait=True)
    assert not backend.ready()
    assert backend.waiting_for() == ""
    assert caplog.text.count("kernels can't be compiled; plain torch is used") == 1
    assert affinities(OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]


def test_an_operation_has_one_backend_unless_torch_may_begin(
    fresh: readiness.Readiness, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "_torch_meanwhile", False)
    monkeypatch.setattr(backend, "import_module", lambda name: SimpleNamespace(affinities=lambda *_: "compiled"))
    assert backend.attempt(FIRST, OPERATION, [[0, 1]]) == "compiled"
    assert elsewhere.here == [FIRST]
    assert fresh._thread is None


def test_an_operation_that_cannot_be_compiled_is_tried_once(
    fresh: readiness.Readiness, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(operation: str) -> None:
        raise RuntimeError("no locator available")

    elsewhere.rehearse = broken
    monkeypatch.setattr(backend, "_torch_meanwhile", False)
    for _ in range(2):
        assert affinities(OPERATION, [[0, 1]]).tolist() == [[[1, 0, 0]]]
    assert caplog.text.count("can't be compiled; plain torch is used") == 1


def test_a_fork_waits_for_who_compiles(elsewhere: Elsewhere) -> None:
    compiling, finish, forked = threading.Event(), threading.Event(), threading.Event()

    def rehearse(operation: str) -> None:
        compiling.set()
        assert finish.wait(30)

    elsewhere.rehearse = rehearse
    made = readiness.Readiness((FIRST,))
    compiler = threading.Thread(target=made.have, args=(FIRST,))
    compiler.start()
    assert compiling.wait(30)
    fork = threading.Thread(target=lambda: (made.before_fork(), forked.set(), made.after_fork()))
    fork.start()
    assert not forked.wait(0.05)
    finish.set()
    assert forked.wait(30)
    compiler.join()
    fork.join()
    assert made.ready == {FIRST}


def test_the_environment_chooses_a_backend(fresh: readiness.Readiness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(backend.VARIABLE, "torch")
    backend.warm_up()
    affinities(OPERATION, [[0, 1]])
    assert fresh._thread is None
    monkeypatch.setenv(backend.VARIABLE, "fast")
    with pytest.raises(
        ValueError, match="PREDICTOR_INSPECTOR_BACKEND must be one of auto, torch, compiled, got 'fast'"
    ):
        backend.backend()


@needs_numba
def test_an_empty_cache_is_filled_by_a_process_at_rest(tmp_path: Path) -> None:
    """And this one compiles nothing."""
    code = """
import threading, torch
from numba.core import event
from predictor_inspector.core.ops import backend, readiness
backend.OPERATIONS = ("channel_sums.channel_sums",)
readiness._PATIENCE, readiness._FAIR = 1, 1000  # other tests keep the machine busy: at once by the process for that
backend._readiness = readiness.Readiness(backend.OPERATIONS)
backend.begin_with_torch()
changed, here = threading.Event(), []
backend.listen(changed.set)
class Refused(event.Listener):
    def on_start(self, what): here.append(what.data)
    def on_end(self, what): pass
sums = torch.ones((1, 2)), torch.ones((1, 2)), torch.ones((1, 2), dtype=torch.bool)
with event.install_listener("numba:compile", Refused()):
    first = backend.attempt("channel_sums.channel_sums", *sums)
    while not backend.ready():
        assert changed.wait()
        changed.clear()
    print(first, here, backend.attempt("channel_sums.channel_sums", *sums)[0].item())
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), backend.VARIABLE: "auto"}
    arguments = [sys.executable, "-W", "ignore", "-c", code]
    run = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=300, env=environment)
    assert run.stdout.strip() == "None [] 2.0", run.stderr
    assert list(tmp_path.rglob("*._gather-*.nbc"))


@needs_numba
def test_the_compiler_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with CompilerProcess([], {"NUMBA_CACHE_DIR": str(tmp_path)}) as process:
        if hasattr(os, "getpriority"):
            assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
        if sys.platform == "linux":
            assert 0 <= process.seconds_computed() < 60
    arguments = ["shape_descriptors.shape_descriptors"], {"NUMBA_CACHE_DIR": str(tmp_path)}
    with CompilerProcess(*arguments, idle=False) as process:
        # As the system does for a process that is no more.
        process._process.stdin.close()
        assert list(process.results()) == []
        assert process._process.wait(300) == 0


@needs_numba
def test_the_compiler_does_next_what_is_needed() -> None:
    queue = import_module(f"{backend._COMPILED}.__main__").Queue([FIRST, SECOND, THIRD])
    assert queue.take() == FIRST
    queue.prefer(THIRD)
    queue.prefer(FIRST)
    assert [queue.take(), queue.take(), queue.take()] == [THIRD, SECOND, None]


@needs_numba
def test_where_no_folder_can_be_written_kernels_last_as_long_as_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, caching = import_module(backend._COMPILED), import_module("numba.core.caching")
    compiled._scratch.cache_clear()
    monkeypatch.setattr(compiled.config, "CACHE_DIR", "")
    locators = [one for one in caching.CacheImpl._locator_classes if one.__name__.endswith("UserProvidedCacheLocator")]
    assert len(locators) == 1
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", locators)
    try:
        assert compiled.cache_variables() == {}
        assert compiled.kernel()(_double)(21) == 42
        folder = Path(compiled.cache_variables()["NUMBA_CACHE_DIR"])
        assert len(list(folder.rglob("*.nbc"))) == 1
        assert compiled.config.CACHE_DIR == ""
    finally:
        compiled._scratch.cache_clear()


def _double(x):  # type: ignore[no-untyped-def]
    return 2 * x


def test_a_backend_that_does_not_exist_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="name must be one of auto, torch, compiled, got 'numpy'"),
        backend.using("numpy"),
    ):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_workers_forked_after_a_convolution_compute_the_same_in_one_thread() -> None:
    """As those of gunpowder do, and of a DataLoader, once a network exists."""
    code = """
import os, sys, threading, torch
from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.core.ops import backend

def sample():
    gt = Array(torch.arange(32 ** 3).reshape(32, 32, 32) // 300 % 5, (1, 1, 1))
    made = []
    for predictor in AffinitiesPredictor([[1, 1, -1]] * 9, num_voxels=2), DistancePredictor(["a"], 5, True):
        target = predictor.create_target(gt)
        made += [target.data, predictor.create_weight(gt, target)[0].data]
    return torch.cat(made)

def work():
    in_thread = []
    thread = threading.Thread(target=lambda: in_thread.append(torch.get_num_threads()))
    thread.start()
    made = sample()
    thread.join()
    os._exit(0 if torch.allclose(made, expected, atol=1e-5) and [torch.get_num_threads(), *in_thread] == [1, 1] else 1)

torch.set_num_threads(2)
torch.nn.Conv3d(1, 8, 3)(torch.rand(1, 1, 32, 32, 32))
for name in sys.argv[1:]:
    with backend.using(name):
        expected = sample()
        children = [os.fork() or work() for _ in range(2)]
        print(name, *(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children), torch.get_num_threads())
"""
    # "auto" comes last: where nothing is compiled yet, each worker would compile for itself.
    backends = ["torch", "compiled", "auto"] if find_spec("numba") else ["torch", "auto"]
    arguments = [sys.executable, "-W", "ignore", "-c", code, *backends]
    run = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=240)
    assert run.stdout.splitlines() == [f"{name} 0 0 2" for name in backends], run.stderr
