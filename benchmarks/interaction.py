"""How quickly the dock follows a hand: from a slider to the picture, and how long the window is kept waiting.

Run on a screen, a virtual one will do: ``scripts/with-screen --fresh-settings python benchmarks/interaction.py [PATH]``.
Without PATH the sample volume is used. The clock is read where the form has changed, when a result's layers have been
set, and around everything of ours that the window's thread runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


class Window:
    """A window with the dock, and clocks on what its thread runs of ours."""

    def __init__(self, path: str | None) -> None:
        self.viewer = napari.Viewer()
        self.viewer.window._qt_window.resize(1480, 940)
        for data in layers_from_path(path) if path else neurite_layers():
            self.viewer.add_layer(napari.layers.Layer.create(*data))
        self.widget = dock(self.viewer)
        self.blocked: list[float] = []
        inspector = self.widget._inspector
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
    def first_picture(self) -> Iterator[list[float]]:
        """Seconds until the first picture, preview or exact, and until the exact one."""
        times: list[float] = []
        start = time.perf_counter()

        def shown(_inspection: object) -> None:
            times.append(time.perf_counter() - start)

        self.widget._inspector.previewed.connect(shown)
        self.widget.inspected.connect(shown)
        yield times
        self.settle()
        self.widget._inspector.previewed.disconnect(shown)
        self.widget.inspected.disconnect(shown)


def main() -> None:
    """Drag every slider and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", help="ground truth; the sample volume without")
    window = Window(parser.parse_args().path)
    print("| drag | first picture, ms: min / median | exact, ms: min / median | window's thread, ms: median / max |")
    print("|---|---|---|---|")
    for title, config in DRAGS.items():
        window.widget.config = config(0)
        window.settle()
        firsts, exacts = [], []
        window.blocked.clear()
        for step in range(1, STEPS + 1):
            with window.first_picture() as times:
                window.widget.config = config(step)
            if times:
                firsts.append(times[0])
                exacts.append(times[-1])
        blocked = window.blocked
        print(
            f"| {title} | {1e3 * min(firsts):.0f} / {1e3 * statistics.median(firsts):.0f} "
            f"| {1e3 * min(exacts):.0f} / {1e3 * statistics.median(exacts):.0f} "
            f"| {1e3 * statistics.median(blocked):.1f} / {1e3 * max(blocked):.1f} |"
        )
    window.viewer.close()


if __name__ == "__main__":
    main()
