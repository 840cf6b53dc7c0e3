"""The measurements as a page of the documentation, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import gpu_report
from benchmarks.cases import OURS, PLAIN, Case
from benchmarks.first_minute import SHAPE
from benchmarks.measure import Measured

_PAGE = """\
# Benchmarks

Made by `make bench`. {machine}. Copying memory moves {bandwidth:.0f} GB/s here.

All implementations of a row were run in turns, in one process, on the same labels: the table has the fastest run, and the
median in brackets. *Compiled* and *torch* are this package's two backends; the others do the same on the libraries that the
usual implementations rest on. The *floor* is what copying as many bytes takes as must be read and written at least. *Memory*
is the most that the process held beyond its input, the result included. Distances have a scale factor of {scale:g} voxels,
descriptors a window of {sigma:g} voxels' standard deviation.

≈ marks a peer that was run on some of the objects only, because all of them would take minutes; its time is scaled to
all. An empty cell is a peer that would take too long on so much, or doesn't exist.

{tables}
![Time over size, per operation](images/benchmarks.png)

## Growth with size

How many times more there are than in 128 voxels cubed, and how many times longer they take.

{growth}
## In the window

{window}
How long until a result is in its layers, until the canvas has been painted with it, which is napari's and the graphics
driver's work, and how long the window couldn't react because of this package.

Gestures are made in turns in two windows of one process: napari alone with the same layers made by hand, and napari with the
dock. What counts is all that a window's thread does until nothing is left to do, computing in the worker's thread not
included: the least per move, and the median in brackets.

## The first minute

Kernels are compiled once on a machine. Target and weight of {first_shape} voxels, computed over and over from an empty
cache on, on all cores but one as the dock does: until they are ready with plain torch.

{first_minute}
*Window's wait* is the longest time for which Python's interpreter was kept from another thread.

"""


@dataclass(frozen=True)
class About:
    """What all measurements have in common.

    Attributes
    ----------
    machine : str
        What it is, in a sentence.
    bandwidth : float
        Bytes per second that are read and written when memory is copied.
    scale, sigma : float
        Of distances and of descriptors, in voxels.
    window : str
        What was measured in a window, as Markdown.
    first_minute : str
        What was measured from an empty cache of kernels on, as Markdown.
    """

    machine: str
    bandwidth: float
    scale: float
    sigma: float
    window: str
    first_minute: str


@dataclass(frozen=True)
class Row:
    """A case and what was measured of it."""

    case: Case
    measured: dict[str, Measured]


def write_page(path: Path, rows: Sequence[Row], about: About) -> None:
    """Write the page with all tables."""
    tables = []
    for operation in _in_order(r.case.operation for r in rows):
        tables.append(f"## {operation[0].upper()}{operation[1:]}\n\n{_table(rows, operation, about.bandwidth)}")
    page = _PAGE.format(
        machine=about.machine,
        bandwidth=about.bandwidth / 1e9,
        scale=about.scale,
        sigma=about.sigma,
        window=about.window,
        first_minute=about.first_minute,
        first_shape=" × ".join(str(n) for n in SHAPE),
        tables="\n".join(tables),
        growth=_growth(rows),
    )
    # Measured on another machine, see `benchmarks.gpu`: what the page has of it stays.
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    _, heading, on_gpu = before.partition(gpu_report.HEADING)
    path.write_text(page + heading + on_gpu, encoding="utf-8")


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Draw time over the number of voxels, a panel per operation, an implementation a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    peers = [
        o for o in _in_order(r.case.operation for r in rows) if any(_others(r) for r in rows if r.case.operation == o)
    ]
    figure, panels = pyplot.subplots(
        1, len(peers), figsize=(3.4 * len(peers), 3.4), layout="constrained", squeeze=False
    )
    for panel, operation in zip(panels[0], peers, strict=True):
        chosen = [
            r
            for r in rows
            if r.case.operation == operation and r.case.volume.startswith("synthetic ") and "³" in r.case.volume
        ]
        for name in _in_order(n for r in chosen for n in r.measured):
            points = [(_side(r.case.volume) ** 3, r.measured[name].minimum) for r in chosen if name in r.measured]
            panel.loglog(*zip(*points, strict=True), marker="o", label=name)
        panel.set(title=operation, xlabel="voxels")
        panel.grid(alpha=0.3)
        panel.legend(fontsize=7)
    panels[0][0].set_ylabel("seconds, fastest run")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def line(row: Row, bandwidth: float) -> str:
    """A row in a line, for the terminal."""
    times = ", ".join(f"{n} {_time(m)}" for n, m in row.measured.items())
    return f"{row.case.operation}, {row.case.volume}: {times}; floor {_seconds(row.case.bytes_moved / bandwidth)}"


def _table(rows: Sequence[Row], operation: str, bandwidth: float) -> str:
    chosen = [r for r in rows if r.case.operation == operation]
    others = _in_order(n for r in chosen for n in _others(r))
    head = ["labels", OURS, PLAIN, *others]
    head += [f"{n}: times faster" for n in others] or ["times faster"]
    lines = [[*head, "times the floor", "memory"]]
    for row in chosen:
        ours = row.measured[OURS]
        cells = [row.case.volume, *(_time(row.measured.get(n)) for n in (OURS, PLAIN, *others))]
        for name in others or [PLAIN]:
            peer = row.measured.get(name)
            cells.append("" if peer is None else _times(peer.minimum / ours.minimum))
        floor = ours.minimum / (row.case.bytes_moved / bandwidth)
        cells += [f"{floor:.1f}", "" if ours.peak is None else f"{ours.peak / 2**20:.0f} MiB"]
        lines.append(cells)
    return _markdown(lines)


def _growth(rows: Sequence[Row]) -> str:
    lines = [["operation", "labels", "voxels", OURS, PLAIN]]
    for large in rows:
        kind, side = large.case.volume.split()
        for small in rows:
            same = small.case.operation == large.case.operation and small.case.volume == f"{kind} 128³"
            if same and "³" in side and _side(large.case.volume) > 128:
                times = (_side(large.case.volume) / 128) ** 3
                ratios = [large.measured[n].minimum / small.measured[n].minimum for n in (OURS, PLAIN)]
                lines.append([large.case.operation, large.case.volume, *(f"{r:.1f}" for r in (times, *ratios))])
    return _markdown(lines)


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(cells) + " |" for cells in lines]
    return "\n".join([head, "|---" * len(lines[0]) + "|", *body]) + "\n"


def _others(row: Row) -> list[str]:
    return [n for n in row.measured if n not in (OURS, PLAIN)]


def _time(measured: Measured | None) -> str:
    if measured is None:
        return ""
    about = "≈ " if measured.scale > 1 else ""
    return f"{about}{_seconds(measured.minimum)} ({_seconds(measured.median)})"


def _seconds(seconds: float) -> str:
    if seconds >= 0.9995:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.0095 else f"{seconds * 1e3:.2g} ms"


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 9.95 else f"{ratio:.1f}"


def _side(volume: str) -> int:
    return int(volume.split()[1].rstrip("³²"))


def _in_order(names: object) -> list[str]:
    return list(dict.fromkeys(names))  # type: ignore[call-overload,no-any-return]
