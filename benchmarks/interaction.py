"""How quickly the dock follows a hand: from a slider to the picture, and how long the window is kept waiting.

Run on a screen, a virtual one will do: ``scripts/with-screen --fresh-settings python benchmarks/interaction.py [PATH]``.
Without PATH the sample volume is used. The clock is read when a parameter has been changed, when the result is in its layers,
when the canvas has been painted with it (which without a GPU takes longer than all of the rest), and around everything of
ours that the window's thread runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
from qtpy.QtWidgets import QApplication

from predictor_inspector.plugin.launch import dock
from predictor_inspector.plugin.reader import layers_from_path
from predictor_inspector.plugin.samples import neurite_layers

STEPS = 20
NEAREST = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
DRAGS: dict[str, Callable[[int], dict[str, Any]]] = {
    "affinities: offset": lambda i: {
        "kind": "affinities",
        "neighborhood": [*NEAREST, [0, 0, 2 + i]],
        "lsds": False,
    },
    "distance: scale factor": lambda i: {
        "kind": "distance",
        "channels": ["objects"],
        "scale_factor": 40.0 + i,
        "mask_distances": True,
    },
    "distance: clipmin": lambda i: {
        "kind": "distance",
        "channels": ["objects"],
        "scale_factor": 50.0,
        "mask_distances": True,
        "clipmin": 0.01 * (1 + i),
    },
    "LSDs: clipmin": lambda i: {
        "kind": "affinities",
        "neighborhood": NEAREST,
        "lsds": True,
        "num_voxels": 10,
        "lsd_weight_clipmin": 0.01 * (1 + i),
    },
    "LSDs: num_voxels, around 10": lambda i: {
        "kind": "affinities",
        "neighborhood": NEAREST,
        "lsds": True,
        "num_voxels": 8 + i % 4,
    },
}


@dataclass
class Watched:
    """Seconds after a change.

    Attributes
    ----------
    shown, painted : list of float
        When each picture, previews and the exact one, was in its layers, and on the canvas.
    """

    shown: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)


class Window:
    """A window with the dock, and clocks on what its thread runs of ours."""

    def __init__(self, path: str | None) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window._qt_window.resize(1480, 940)
        for data in layers_from_path(path) if path else neurite_layers():
            self.viewer.add_layer(napari.layers.Layer.create(*data))
        self.widget = dock(self.viewer)
        self.canvas = self.viewer.window._qt_viewer.canvas._scene_canvas
        self.blocked: list[float] = []
        inspector = self.widget.controller
        for owner, name in ((inspector._regions, "draw"), (inspector._results, "show"), (inspector, "_resolve")):
            setattr(owner, name, self._timed(getattr(owner, name)))
        self.settle()

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.blocked.append(time.perf_counter() - start)

        return timed

    def settle(self) -> None:
        """Let the event loop run until nothing is left to do."""
        deadline = time.monotonic() + 120
        QApplication.processEvents()
        while self.widget.busy and time.monotonic() < deadline:
            QApplication.processEvents()
            time.sleep(0.001)
        QApplication.processEvents()

    @contextmanager
    def watched(self) -> Iterator[Watched]:
        """Look when pictures come of what is done meanwhile."""
        seen = Watched()
        start = time.perf_counter()

        def shown(_inspection: object) -> None:
            seen.shown.append(time.perf_counter() - start)

        def painted(_event: object) -> None:
            # Whatever else is painted, this one counts only after its layers have been set.
            if len(seen.painted) < len(seen.shown):
                seen.painted.append(time.perf_counter() - start)

        signals = self.widget.controller.previewed, self.widget.inspected
        for signal in signals:
            signal.connect(shown)
        self.canvas.events.draw.connect(painted, position="last")
        yield seen
        self.settle()
        self.canvas.events.draw.disconnect(painted)
        for signal in signals:
            signal.disconnect(shown)


def main() -> None:
    """Drag every slider and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", help="ground truth; the sample volume without")
    path = parser.parse_args().path
    window = Window(path)
    width, height = window.viewer.canvas.size[::-1]
    print(
        f"Parameters dragged over {Path(path).name if path else 'the sample volume'}, a slice of it in view, on a canvas of "
        f"{width} × {height} pixels. Milliseconds: the fastest of {STEPS} steps, and the median in brackets.\n"
    )
    print("| drag | first picture in its layer | exact | painted | window's thread kept by us: median, most |")
    print("|---|---|---|---|---|")
    for title, config in DRAGS.items():
        window.widget.config = config(0)
        window.settle()
        firsts, exacts, painted = [], [], []
        window.blocked.clear()
        for step in range(1, STEPS + 1):
            with window.watched() as seen:
                window.widget.config = config(step)
            if seen.painted:
                firsts.append(seen.shown[0])
                exacts.append(seen.shown[-1])
                painted.append(seen.painted[-1])
        blocked = window.blocked
        columns = " | ".join(
            f"{1e3 * min(t):.0f} ({1e3 * statistics.median(t):.0f})" for t in (firsts, exacts, painted)
        )
        print(f"| {title} | {columns} | {1e3 * statistics.median(blocked):.1f}, {1e3 * max(blocked):.1f} |")
    window.viewer.close()


if __name__ == "__main__":
    main()
