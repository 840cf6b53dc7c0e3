"""How quickly the dock follows a hand: from a slider to the picture, and how long the window is kept waiting.

Run on a screen, a virtual one will do: ``scripts/with-screen --fresh-settings python benchmarks/interaction.py [PATH]``.
Without PATH the sample volume is used. The clock is read when a parameter has been changed, when the result is in its layers,
when the canvas has been painted with it (which without a GPU takes longer than all of the rest), and around everything of
ours that the window's thread runs.

A second table is of scrolling, panning, zooming and dragging, by mouse and wheel, beside windows of napari alone: the same
layers made by hand, on canvases of the same size, moved in turns with the first. In one of them the layers stay as they are.
In the other they change as the dock's must: a few lines of napari give the target the part in view, its place, and the frames
around it after every move. There counts all that a window's thread does until nothing is left to do; what it waits for
meanwhile, the worker's computing say, doesn't.
``--only gestures`` leaves the first table out, ``--only parameters`` the second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import napari
import numpy as np
from napari.layers import Layer, Shapes
from qtpy.QtCore import QAbstractEventDispatcher, QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from predictor_inspector.plugin.launch import dock
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.layers.regions import REGIONS
from predictor_inspector.plugin.layers.results import TARGET
from predictor_inspector.plugin.reader import shown_of
from predictor_inspector.plugin.samples import DEMO_CONFIG, neurite_layers

STEPS = 20
MOVES, RUNS = 12, 4  # of a gesture, and how often it is made
QUIET = 0.08  # seconds without an event after which nothing is left to do
FRAMES = layer_name(REGIONS)  # the layer with the rectangle that is dragged
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

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
        for data in shown_of(path).layers if path else neurite_layers():
            self.viewer.add_layer(napari.layers.Layer.create(*data))
        self.widget = dock(self.viewer)
        self.canvas = self.viewer.window._qt_viewer.canvas._scene_canvas
        self.blocked: list[float] = []
        inspector = self.widget.controller
        for owner, name in ((inspector.display.regions, "draw"), (inspector.results, "show"), (inspector, "_update")):
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


class Hand:
    """A mouse over the canvas of a window; each move returns once the window has nothing left to do.

    Attributes
    ----------
    spent, computed : list of float
        Seconds of the window's thread per move, and those in which it had a processor.
    draws : int
        How often the canvas was painted.
    """

    def __init__(self, viewer: napari.Viewer, is_busy: Callable[[], bool]) -> None:
        self.viewer, self._is_busy = viewer, is_busy
        canvas = viewer.window._qt_viewer.canvas
        self._target, self._at = canvas.native, QPointF()
        self.spent: list[float] = []
        self.computed: list[float] = []
        self.draws = 0
        canvas._scene_canvas.events.draw.connect(self._on_draw)

    def _on_draw(self, _event: object) -> None:
        self.draws += 1

    def reset(self) -> None:
        """Forget what was measured."""
        self.spent, self.computed, self.draws = [], [], 0

    def rest(self) -> float:
        """Let the window work until nothing is left to do; the seconds that its thread worked, not those it waited."""
        events = QAbstractEventDispatcher.instance()
        spent, last = 0.0, time.perf_counter()
        while time.perf_counter() - last < QUIET or self._is_busy():
            begin = time.perf_counter()
            if events.processEvents(QEventLoop.ProcessEventsFlag.AllEvents):
                last = time.perf_counter()
                spent += last - begin
            else:
                time.sleep(0.0005)
        return spent

    def do(self, action: Callable[[], object], measured: bool = True) -> None:
        """Do something and all that comes of it."""
        begin, computed = time.perf_counter(), time.thread_time()
        action()
        spent = time.perf_counter() - begin
        spent += self.rest()
        if measured:
            self.spent.append(spent)
            self.computed.append(time.thread_time() - computed)

    def press(self, x: float, y: float) -> None:
        """Press the left button at a pixel of the canvas."""
        for kind, buttons in ((QEvent.Type.MouseMove, _NONE), (QEvent.Type.MouseButtonPress, _LEFT)):
            self.do(partial(self._mouse, kind, x, y, buttons), measured=False)

    def move(self, dx: float, dy: float) -> None:
        """Move on with the button pressed."""
        x, y = self._at.x() + dx, self._at.y() + dy
        self.do(partial(self._mouse, QEvent.Type.MouseMove, x, y, _LEFT))

    def release(self) -> None:
        """Release the button."""
        kind = QEvent.Type.MouseButtonRelease
        self.do(partial(self._mouse, kind, self._at.x(), self._at.y(), _NONE), measured=False)

    def wheel(self, notches: int, modifiers: Qt.KeyboardModifier) -> None:
        """Turn the wheel in the middle of the canvas."""
        middle = QPointF(self._target.width() / 2, self._target.height() / 2)
        places = middle, QPointF(self._target.mapToGlobal(middle)), QPoint(), QPoint(0, 120 * notches)
        event = QWheelEvent(*places, _NONE, modifiers, Qt.ScrollPhase.NoScrollPhase, False)
        self.do(lambda: QApplication.sendEvent(self._target, event))

    def step(self, axis: int, by: int) -> None:
        """Scroll along an axis as its slider does."""
        dims = self.viewer.dims
        self.do(lambda: dims.set_current_step(axis, dims.current_step[axis] + by))

    def _mouse(self, kind: QEvent.Type, x: float, y: float, buttons: Qt.MouseButton) -> None:
        self._at = QPointF(x, y)
        button = _NONE if kind == QEvent.Type.MouseMove else _LEFT
        places = self._at, QPointF(self._target.mapToGlobal(self._at))
        event = QMouseEvent(kind, *places, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._target, event)


def scroll(hand: Hand) -> None:
    """There and back through slices."""
    axis = hand.viewer.dims.ndim - 3
    for by in (1, -1):
        for _ in range(MOVES // 2):
            hand.step(axis, by)


def pan(hand: Hand) -> None:
    """There and back."""
    hand.viewer.layers.selection.active = hand.viewer.layers["raw"]
    hand.press(60, 60)
    for by in (5, -5):
        for _ in range(MOVES // 2):
            hand.move(by, by)
    hand.release()


def zoom(hand: Hand) -> None:
    """In and out."""
    for notches in (1, -1):
        for _ in range(MOVES // 2):
            hand.wheel(notches, Qt.KeyboardModifier.NoModifier)


def drag(hand: Hand) -> None:
    """Drag the box, or a rectangle like it, there and back."""
    layer = hand.viewer.layers[FRAMES]
    hand.viewer.layers.selection.active = layer
    if layer.mode != "select":
        layer.mode = "select"
    hand.rest()
    hand.press(hand._target.width() / 2, hand._target.height() / 2)
    for by in (4, -4):
        for _ in range(MOVES // 2):
            hand.move(by, by)
    hand.release()


GESTURES = {
    "scroll, the region follows the view": ("view", scroll),
    "pan, the region follows the view": ("view", pan),
    "zoom, the region follows the view": ("view", zoom),
    "scroll, box": ("box", scroll),
    "pan, box": ("box", pan),
    "zoom, box": ("box", zoom),
    "drag the box": ("box", drag),
}


def napari_alone(window: Window) -> napari.Viewer:
    """A window with the layers of the dock's, made by hand, and a canvas as large.

    Target and weights are those of the whole volume: in every slice there is as much to draw.
    """
    widget, ours = window.widget, window.viewer
    widget.region_mode = "box"
    window.settle()
    regions = widget.inspection.regions
    widget.region_mode = "layer"
    window.settle()
    alone = napari.Viewer()
    for layer in ours.layers:
        if not isinstance(layer, Shapes):
            data, options, kind = layer.as_layer_data_tuple()
            alone.add_layer(Layer.create(np.asarray(data), options | {"metadata": {}}, kind))
    like = ours.layers["labels"]
    rectangles = []
    for roi in (regions.roi, regions.gt_region, regions.padding_region):
        begin, end = (np.array(corner[1:]) / widget.settings.gt.subdivision for corner in (roi.begin, roi.end))
        rectangles.append(np.array([begin, end]) / like.scale[1:])
    alone.add_shapes(
        rectangles,
        name=FRAMES,
        shape_type="rectangle",
        edge_color=["yellow", "cyan", "violet"],
        edge_width=0.5,
        face_color="transparent",
        scale=like.scale[1:],
        units=like.units[1:],
        axis_labels=like.axis_labels[1:],
    )
    alone.layers[FRAMES].selected_data = {0}
    widget.region_mode = "view"
    window.settle()
    frame = alone.window._qt_window
    for _ in range(3):
        QApplication.processEvents()
        height, width = (a - b for a, b in zip(ours.canvas.size, alone.canvas.size, strict=True))
        frame.resize(frame.width() + width, frame.height() + height)
    QApplication.processEvents()
    return alone


class ByHand:
    """Target and frames of napari alone that follow the view, or the rectangle, as those of the dock do."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer, self._target, self._frames = viewer, viewer.layers[layer_name(TARGET)], viewer.layers[FRAMES]
        self._whole, self._corner = self._target.data, np.array(self._target.translate)
        self.mode = ""
        self._soon = QTimer(singleShot=True, interval=0, timeout=self._follow_view)
        camera, dims = viewer.scene.camera.events, viewer.dims.events
        for event in (camera.center, camera.zoom, dims.point):
            event.connect(lambda _event: self._soon.start() if self.mode == "view" else None)
        self._frames.events.set_data.connect(lambda _event: self._follow_box() if self.mode == "drag" else None)

    def _follow_view(self) -> None:
        camera, (height, width) = self._viewer.scene.camera, self._viewer.canvas.size
        half = 0.4 * np.array([height, width]) / camera.zoom
        middle = np.array(camera.center[-2:])
        self._show(middle - half, middle + half)
        ends = [[middle - half * f, middle + half * f] for f in (1, 1.05, 1.1)]
        self._frames.data = [np.array(pair) / self._frames.scale for pair in ends]

    def _follow_box(self) -> None:
        corners = self._frames.data[0] * self._frames.scale
        self._show(corners.min(0), corners.max(0))

    def _show(self, low: np.ndarray, high: np.ndarray) -> None:
        """Give the target a rectangle of the slice that is shown, [y, x] in units."""
        ends = [(self._viewer.dims.point[-3],) * 2, *zip(low, high, strict=True)]
        scale = self._target.scale[1:]
        spans = [
            np.clip(np.round((np.array(pair) - corner) / size), 0, n - 1).astype(int)
            for pair, corner, size, n in zip(ends, self._corner[1:], scale, self._whole.shape[1:], strict=True)
        ]
        self._target.data = self._whole[(slice(None), *(slice(begin, end + 1) for begin, end in spans))]
        self._target.translate = self._corner + np.array([0, *(s[0] * n for s, n in zip(spans, scale, strict=True))])


def measure_gestures(window: Window) -> None:
    """Make every gesture in both windows in turns, and print a table."""
    window.widget.config = DEMO_CONFIG
    alone, moved = napari_alone(window), napari_alone(window)
    by_hand = ByHand(moved)
    hands = (
        *(Hand(viewer, lambda: False) for viewer in (alone, moved)),
        Hand(window.viewer, lambda: window.widget.busy),
    )
    print(f"\nCanvases of {', '.join(f'{w} × {h}' for h, w in (h.viewer.canvas.size for h in hands))} pixels.\n")
    print(
        "| gesture | napari alone, ms | layers changed by hand, ms | with the dock, ms | times: by hand, alone "
        "| times on a processor: by hand, alone | painted per move: alone, by hand, dock |"
    )
    print("|---|---|---|---|---|---|---|")
    for title, (mode, gesture) in GESTURES.items():
        window.widget.region_mode = mode
        by_hand.mode = "drag" if gesture is drag else mode
        for hand in hands:
            hand.viewer.dims.set_point(hand.viewer.dims.ndim - 3, float(window.viewer.dims.point[-3]))
            hand.viewer.scene.camera.center = window.viewer.scene.camera.center
            hand.viewer.scene.camera.zoom = window.viewer.scene.camera.zoom
            hand.rest()
            gesture(hand)
            hand.rest()
            hand.reset()
        for _ in range(RUNS):
            for hand in hands:
                gesture(hand)
        lows, middles = ([1e3 * f(h.spent) for h in hands] for f in (min, statistics.median))
        times = " | ".join(f"{low:.1f} ({middle:.1f})" for low, middle in zip(lows, middles, strict=True))
        factors = ", ".join(f"{lows[2] / lows[i]:.2f} ({middles[2] / middles[i]:.2f})" for i in (1, 0))
        busy = [statistics.median(hand.computed) for hand in hands]
        processor = ", ".join(f"{busy[2] / busy[i]:.2f}" for i in (1, 0))
        draws = ", ".join(f"{hand.draws / len(hand.spent):.1f}" for hand in hands)
        print(f"| {title} | {times} | {factors} | {processor} | {draws} |", flush=True)


def main() -> None:
    """Measure both, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", help="ground truth; the sample volume without")
    parser.add_argument("--only", choices=("parameters", "gestures"), help="leave the other table out")
    options = parser.parse_args()
    window = Window(options.path)
    if options.only != "gestures":
        measure_parameters(window, options.path)
    if options.only != "parameters":
        measure_gestures(window)
    # Two windows that are closed one after the other are no part of what is measured.
    sys.stdout.flush()
    os._exit(0)


def measure_parameters(window: Window, path: str | None) -> None:
    """Drag every slider, and print a table."""
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


if __name__ == "__main__":
    main()
