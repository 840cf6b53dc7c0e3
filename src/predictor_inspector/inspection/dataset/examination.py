"""Examination of crops: facts and findings of each, side by side, kept in a file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from predictor_inspector.core.config import predictor_from_config
from predictor_inspector.core.text import format_error
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.data.dataset import Crop, CropFacts, Dataset, facts_of
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.run import Request
from predictor_inspector.inspection.findings import (
    Finding,
    check_inputs,
    check_region,
    in_order,
    load_checks,
    wanted_kinds,
)
from predictor_inspector.inspection.findings.dataset import DatasetSubject
from predictor_inspector.inspection.findings.search import part_in_memory

_VERSION = 1
_WRITE_AFTER = 1.0  # seconds between writes of the file: it is written whole


@dataclass(frozen=True)
class Checks:
    """How crops are checked; fit for JSON.

    Without `predictors`, ground truth and mask alone are. A crop that needs more than `memory` bytes, by default what
    `default_memory` gives, is checked in its middle. `only` and `ignore` are as in `find`.
    """

    predictors: tuple[dict[str, Any], ...] = ()
    only: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    memory: int | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Examined:
    """A crop's facts, and its findings as `Finding.as_dict` has them."""

    facts: CropFacts
    findings: tuple[dict[str, Any], ...] = ()


def examine(crop: Crop, checks: Checks) -> Examined:
    """Count a crop's voxels and check it; what is wrong with it, or why a predictor refuses it, is its facts' problem."""
    facts, found = facts_of(crop, count=True), dict[str, Finding]()
    if facts.problem:
        return Examined(facts)
    try:
        source = crop.open(raw=bool(checks.predictors))
        wanted = wanted_kinds(checks.only, checks.ignore)
        for finding in _findings(source, checks):
            if finding.id in wanted:
                found.setdefault(f"{finding.id}: {finding.message}", finding)
    except (ValueError, OSError, ImportError, MemoryError) as error:
        facts = replace(facts, problem=format_error(error))
    return Examined(facts, tuple(finding.as_dict() for finding in in_order(found.values())))


def _findings(source: Source, checks: Checks) -> Iterator[Finding]:
    if not checks.predictors:
        yield from check_inputs(source)
    for config in checks.predictors:
        request = Request(predictor_from_config(config), source, device=checks.device)
        memory = default_memory(pick_device(checks.device)) if checks.memory is None else checks.memory
        yield from check_region(replace(request, roi=part_in_memory(request, memory)), memory).findings


def examine_all(
    crops: Iterable[Crop], checks: Checks, processes: int = 1, kept: str | os.PathLike[str] | None = None
) -> Iterator[Examined]:
    """Examine crops, and yield each as soon as it is done.

    Parameters
    ----------
    processes : int
        How many work side by side; they are started afresh, not forked, and share nothing. 1: this one.
    kept : path, optional
        A JSON file of results, written whole after every crop, or at most once a second. What is in it already, of the
        same crop as it is now and of the same checks, isn't done again.

    Raises
    ------
    ValueError
        If the file is damaged or no such file, or was made with other checks; it is left as it is.
    """
    if processes < 1:
        raise ValueError(f"processes must be at least 1, got {processes}")
    results = _Results(None if kept is None else Path(kept), checks)
    left = []
    for crop in crops:
        done = results.of(crop)
        if done is None:
            left.append(crop)
        else:
            yield done
    try:
        work = _here(left, checks) if processes == 1 or len(left) < 2 else _side_by_side(left, checks, processes)
        for crop, examined in work:
            results.add(crop, examined)
            yield examined
    finally:
        results.write()


def _here(crops: Iterable[Crop], checks: Checks) -> Iterator[tuple[Crop, Examined]]:
    for crop in crops:
        yield crop, examine(crop, checks)


def _side_by_side(crops: list[Crop], checks: Checks, processes: int) -> Iterator[tuple[Crop, Examined]]:
    # A process that has begun to compute with torch can't be forked.
    pool = ProcessPoolExecutor(
        min(processes, len(crops)), get_context("spawn"), _share_cores, (max(1, (os.cpu_count() or 1) // processes),)
    )
    try:
        running = {pool.submit(examine, crop, checks): crop for crop in crops}
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise MemoryError(
            "a process ended while it checked a crop, as it does where memory runs out: use fewer --processes (processes), or "
            'less --memory (memory); a script of your own needs if __name__ == "__main__": around the call'
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _share_cores(threads: int) -> None:
    import torch

    from predictor_inspector.core.ops import backend

    torch.set_num_threads(threads)
    backend.begin_with_torch()


class _Results:
    """Results in a file, by crop."""

    def __init__(self, path: Path | None, checks: Checks) -> None:
        self._path, self._checks = path, json.loads(json.dumps(asdict(checks)))
        self._crops: dict[str, dict[str, Any]] = {}
        self._written = time.monotonic()
        self._changed = False
        if path is not None and path.exists():
            self._crops = self._read(path)

    def of(self, crop: Crop) -> Examined | None:
        """What is known of a crop as it is now."""
        found = self._crops.get(_key(crop))
        if found is None:
            return None
        return Examined(CropFacts.from_dict(found["facts"]), tuple(found["findings"]))

    def add(self, crop: Crop, examined: Examined) -> None:
        """Keep the results of a crop."""
        self._crops[_key(crop)] = {"facts": examined.facts.as_dict(), "findings": list(examined.findings)}
        self._changed = True
        if time.monotonic() - self._written >= _WRITE_AFTER:
            self.write()

    def write(self) -> None:
        """Write what has changed, all in one."""
        if self._path is None or not self._changed:
            return
        content = {"version": _VERSION, "checks": self._checks, "crops": self._crops}
        with whole_file(self._path) as partial:
            partial.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), "utf-8")
        self._written, self._changed = time.monotonic(), False

    def _read(self, path: Path) -> dict[str, dict[str, Any]]:
        try:
            content = json.loads(path.read_text("utf-8"))
            version, checks, crops = (content[key] for key in ("version", "checks", "crops"))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} holds no results of a data set; choose another file") from error
        if version != _VERSION or checks != self._checks:
            raise ValueError(f"{path} has results of other checks; choose another file, or delete it")
        return dict(crops)


def _key(crop: Crop) -> str:
    """A crop as it is now: what it is made of, and when the folder or file at its path was changed."""
    try:
        changed = os.stat(crop.path).st_mtime_ns
    except OSError:
        changed = 0
    return json.dumps([asdict(crop.shown()), changed])


def findings_over(
    dataset: Dataset,
    facts: Iterable[CropFacts],
    drawn: Mapping[str, int] | None = None,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """Findings of the checks that look at a data set as a whole, the most severe first; see `DatasetSubject`."""
    subject = DatasetSubject(tuple(facts), dataset.classes, dataset.voxel_size, dataset.unit, dataset.input_size, drawn)
    wanted = wanted_kinds(tuple(only), tuple(ignore))
    checks = [check for check in load_checks()[0] if check.of == "dataset"]
    return in_order(found for check in checks for found in check.run(subject) if found.id in wanted)
