"""What was measured on a CUDA device: kept as JSON, shown as tables, put into the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

HEADING = "## On a GPU"

ABOUT = {
    "targets and weights": "Targets and weights of whole volumes, all of them kept, labels on the device from the start.",
    "operations": "The operations that they are made of, labels on the device from the start.",
    "inspections": "Whole inspections: labels go to the device, target, weight and statistics come back to the CPU.",
}
"""The tables, in their order."""


@dataclass(frozen=True)
class Row:
    """One work at one size by one implementation: milliseconds, GiB."""

    table: str
    what: str
    side: int
    by: str
    shortest: float
    median: float
    runs: int
    peak: float
    floor: float


@dataclass
class Results:
    """All that was measured in a run."""

    device: str
    versions: dict[str, str]
    bandwidth: float
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


class Report:
    """Writes what is known after every row, since time may end at any moment."""

    def __init__(self, folder: Path, bandwidth: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.bandwidth = folder, bandwidth
        packages = {name: _version(name) for name in ("torch", "triton", "cupy-cuda13x", "cupy-cuda12x")}
        packages = {name: found for name, found in packages.items() if found}
        self._results = Results(torch.cuda.get_device_name(), packages, bandwidth)
        print(f"{self._results.device}, copying {bandwidth / 1e12:.2f} TB/s, {packages}", flush=True)

    def add(self, row: Row) -> None:
        """Keep a row."""
        self._results.rows.append(row)
        print(
            f"{row.table}: {row.what} {row.side}³ by {row.by}: {row.median:.3g} ms ({row.shortest:.3g}), "
            f"{row.shortest / row.floor:.1f} times the floor, {row.peak:.2f} GiB",
            flush=True,
        )
        self._write()

    def leave_out(self, what: str) -> None:
        """Keep what wasn't measured, and why."""
        self._results.left_out.append(what)
        print("left out:", what, flush=True)
        self._write()

    def note(self, sentence: str) -> None:
        """Keep something else that is worth knowing."""
        self._results.notes.append(sentence)
        print(sentence, flush=True)
        self._write()

    def slowest(self, table: str, by: str) -> tuple[str, int]:
        """What is farthest from its floor at the largest size, and that size."""
        rows = [r for r in self._results.rows if r.table == table]
        rows = [r for r in rows if r.by == by] or rows
        worst = max(rows, key=lambda r: (r.side, r.shortest / r.floor))
        return worst.what, worst.side

    def profile(self, what: str, table: str) -> None:
        """Write a profile."""
        (self._folder / "profile.txt").write_text(f"{what}\n\n{table}\n")

    def _write(self) -> None:
        (self._folder / "gpu.json").write_text(json.dumps(asdict(self._results), indent=1))
        (self._folder / "gpu.md").write_text(section(asdict(self._results)))


def into_page(results: Path, page: Path) -> None:
    """Put results into the documentation's page of benchmarks, in place of those that it has."""
    before, _, _ = page.read_text(encoding="utf-8").partition(HEADING)
    page.write_text(before + section(json.loads(results.read_text())), encoding="utf-8")


def section(results: dict[str, Any]) -> str:
    """The documentation's section."""
    rows = [Row(**row) for row in results["rows"]]
    packages = ", ".join(f"{name} {found}" for name, found in results["versions"].items())
    text = [
        f"{HEADING}\n\nMade by `scripts/gpu-check`. {results['device']}, {packages}. Copying memory moves "
        f"{results['bandwidth'] / 1e12:.1f} TB/s there. Milliseconds: the fastest call, and the median in brackets; *floor* "
        "is what copying as many bytes takes as must be read and written at least, memory is the most beyond the labels."
    ]
    text += [f"{about}\n\n{_table([r for r in rows if r.table == table])}" for table, about in ABOUT.items()]
    for heading, sentences in (("Steps", results["notes"]), ("Left out", results["left_out"])):
        if sentences:
            text.append(f"{heading}:\n\n" + "\n".join(f"- {sentence}" for sentence in sentences))
    return "\n\n".join(text) + "\n"


def _table(rows: Sequence[Row]) -> str:
    ways = list(dict.fromkeys(row.by for row in rows))
    faster = ["torch / kernels"] if {"kernels", "torch"} <= set(ways) else []
    lines = [["", "side", *ways, *faster, "times the floor", "GiB"]]
    for what, side in dict.fromkeys((row.what, row.side) for row in rows):
        by = {row.by: row for row in rows if (row.what, row.side) == (what, side)}
        first = next(by[way] for way in ways if way in by)
        cells = [f"{by[way].shortest:.3g} ({by[way].median:.3g})" if way in by else "" for way in ways]
        both = "kernels" in by and "torch" in by
        times = [f"{by['torch'].shortest / by['kernels'].shortest:.1f}" if both else ""] if faster else []
        lines.append([what, str(side), *cells, *times, f"{first.shortest / first.floor:.1f}", f"{first.peak:.2f}"])
    head, *body = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
