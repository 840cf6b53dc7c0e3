"""Marks as shapes on a canvas: pure functions from an explanation's geometry and a view to lines and labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from predictor_inspector.inspection.explanation import Arrow, BoxMark, Ellipsoid, Line, Mark, Point
from predictor_inspector.plugin.model.view import View

COLOURS = {
    "voxel": "#ffffff",
    "yes": "#2ee6a8",
    "no": "#ff6a3d",
    "window": "#8ab4ff",
    "object": "#ffb000",
    "boundary": "#ff66d9",
    "unknown": "#c8c8c8",
}
"""Per role: bright, since every line is cased in black."""

CASING = "#000000"
_FADED = "70"
_WIDTH = 3.0
_CASING_WIDTH = 6.0
_HEAD = 16.0
"""Length of an arrow's head, in pixels; so are the widths of lines and of their casing."""

_RING = 9.0
_DOT = 5.0
_TINY = 6.0
"""Radii of the ring that stands for an arrow seen from its end, and of a point, and what is too small to see: in pixels."""

_ROUND = {False: np.linspace(0, 2 * np.pi, 49), True: np.linspace(0, 2 * np.pi, 21)}
"""The angles of an ellipse's corners, in a slice and in 3-D, where napari makes a tube of every line."""

TEXT_PIXELS = 18.0
"""Height of a label's text on the canvas."""

_SMALL = 16.0
"""What is at most so many times as long as text is high is kept free of labels."""

_LETTER = 0.6
"""Width of a letter, of its height, on average."""


@dataclass(frozen=True)
class Stroke:
    """A line to draw.

    Attributes
    ----------
    path : numpy.ndarray
        [N, axes], in the unit of length.
    colour : str
        ``#rrggbb`` or ``#rrggbbaa``.
    pixels : float
        Its width.
    """

    path: np.ndarray
    colour: str
    pixels: float


@dataclass(frozen=True)
class Label:
    """A text to write.

    Attributes
    ----------
    centre : numpy.ndarray
        [axes], in the unit of length.
    size : tuple of float
        Height and width of the plate that it is written on, in pixels.
    text : str
        What it says.
    colour : str
        Of the text.
    """

    centre: np.ndarray
    size: tuple[float, float]
    text: str
    colour: str


@dataclass(frozen=True)
class Drawing:
    """What to put on the canvas for one view."""

    strokes: tuple[Stroke, ...] = ()
    labels: tuple[Label, ...] = ()


def drawing_of(marks: Iterable[Mark], view: View, pixel: float, axes: Sequence[str], unit: str) -> Drawing:
    """The marks as seen in a view: projected onto the slice shown, and faded where the slice doesn't cut them.

    Parameters
    ----------
    pixel : float
        The length of a pixel of the canvas.
    axes : sequence of str
        Names of the marks' axes, which are the viewer's last.
    unit : str
        The unit of length.
    """
    canvas = _Canvas(view, pixel, tuple(axes), unit)
    if canvas.shown is None:
        return Drawing()
    lines: list[tuple[np.ndarray, str]] = []
    wanted: list[tuple[np.ndarray, np.ndarray, str, str]] = []
    extents: list[tuple[np.ndarray, np.ndarray]] = []
    for mark in marks:
        extent = _extent(mark)
        if extent is None:
            continue
        cut, beside = canvas.position_of(*extent)
        colour = COLOURS[mark.role]
        extents.append(extent)
        lines += [(canvas.projected(path), colour if cut else colour + _FADED) for path in canvas.paths_of(mark)]
        if mark.label:
            wanted.append((*extent, mark.label + beside, colour))
    casing = [Stroke(path, CASING + (c[7:] or "e0"), _CASING_WIDTH) for path, c in lines]
    strokes = [Stroke(path, c, _WIDTH) for path, c in lines]
    return Drawing((*casing, *strokes), tuple(canvas.placed(wanted, extents)))


def _extent(mark: Mark) -> tuple[np.ndarray, np.ndarray] | None:
    """The corners of the upright box that a mark fills; None for sets of voxels, which are a layer of their own."""
    if isinstance(mark, Arrow | Line):
        ends = np.array([mark.begin, mark.end])
        return ends.min(0), ends.max(0)
    if isinstance(mark, BoxMark):
        return _coordinates(mark.begin), _coordinates(mark.end)
    if isinstance(mark, Point):
        return _coordinates(mark.position), _coordinates(mark.position)
    if isinstance(mark, Ellipsoid):
        reach = np.sqrt(np.diag(np.array(mark.covariance)))
        return _coordinates(mark.centre) - reach, _coordinates(mark.centre) + reach
    return None


def _coordinates(values: Sequence[float]) -> np.ndarray:
    return np.array(values, dtype=float)


class _Canvas:
    """A view as marks are drawn in it."""

    def __init__(self, view: View, pixel: float, axes: tuple[str, ...], unit: str) -> None:
        first = len(view.point) - len(axes)
        shown = [dim - first for dim in view.displayed]
        self.shown = shown if all(axis >= 0 for axis in shown) else None
        self.hidden = [axis for axis in range(len(axes)) if axis not in shown]
        self.point = np.array(view.point[first:])
        self.pixel, self.axes, self.unit = pixel, axes, unit
        self.solid = view.ndisplay == 3
        self.middle, self.size = view.center[-2:], view.size[-2:]

    def position_of(self, low: np.ndarray, high: np.ndarray) -> tuple[bool, str]:
        """Whether the slice shown cuts a box, and if not, where the box lies beside it, in words."""
        beside = []
        for axis in self.hidden:
            here = self.point[axis]
            # What ends on the slice's own level is cut by it, whatever the last digits say.
            slack = 1e-6 * max(1.0, abs(here))
            if not low[axis] - slack <= here <= high[axis] + slack:
                apart = (low[axis] + high[axis]) / 2 - here
                beside.append(f"{self.axes[axis]} {apart:+.4g} {self.unit}".replace("-", "−"))
        return not beside, f" ({', '.join(beside)})" if beside else ""

    def projected(self, path: np.ndarray) -> np.ndarray:
        """A path moved into the slice that is shown."""
        flat = np.array(path, dtype=float)
        flat[:, self.hidden] = self.point[self.hidden]
        return flat

    def paths_of(self, mark: Mark) -> list[np.ndarray]:
        """The lines of a mark, [N, axes] each."""
        if isinstance(mark, BoxMark):
            return self._box(_coordinates(mark.begin), _coordinates(mark.end))
        if isinstance(mark, Ellipsoid):
            return self._ellipsoid(_coordinates(mark.centre), np.array(mark.covariance))
        if isinstance(mark, Point):
            return self._rings(_coordinates(mark.position), _DOT * self.pixel)
        if isinstance(mark, Arrow):
            return self._arrow(_coordinates(mark.begin), _coordinates(mark.end))
        if isinstance(mark, Line):
            return [np.array([mark.begin, mark.end])]
        return []

    def _box(self, begin: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
        if self.solid:
            return _edges(begin, end)
        assert self.shown is not None
        a, b = self.shown
        corners = np.array([begin] * 5)
        corners[:, a] = begin[a], begin[a], end[a], end[a], begin[a]
        corners[:, b] = begin[b], end[b], end[b], begin[b], begin[b]
        side = max(end[a] - begin[a], end[b] - begin[b])
        if side >= _TINY * self.pixel:
            return [corners]
        # A speck would be overlooked from the last row.
        return [corners, *self._rings((begin + end) / 2, 1.5 * _RING * self.pixel)]

    def _ellipsoid(self, centre: np.ndarray, covariance: np.ndarray) -> list[np.ndarray]:
        """In a slice the outline of the whole, in 3-D its three principal sections."""
        angles = _ROUND[self.solid]
        if self.solid:
            values, vectors = np.linalg.eigh(covariance)
            axes = (vectors * np.sqrt(np.maximum(values, 0))).T
            pairs = [(0, 1), (0, 2), (1, 2)] if len(axes) == 3 else [(0, 1)]
            return [centre + np.cos(angles)[:, None] * axes[i] + np.sin(angles)[:, None] * axes[j] for i, j in pairs]
        assert self.shown is not None
        a, b = self.shown
        values, vectors = np.linalg.eigh(covariance[np.ix_([a, b], [a, b])])
        circle = np.stack([np.cos(angles), np.sin(angles)])
        outline = (vectors * np.sqrt(np.maximum(values, 0))) @ circle
        path = np.array([centre] * len(angles))
        path[:, a] += outline[0]
        path[:, b] += outline[1]
        return [path]

    def _rings(self, centre: np.ndarray, radius: float) -> list[np.ndarray]:
        return self._ellipsoid(centre, np.eye(len(centre)) * radius**2)

    def _arrow(self, begin: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
        """A shaft and a head; a ring where the arrow points into the slice or out of it."""
        shaft = end - begin
        if not self.solid:
            shaft[self.hidden] = 0
        reach = float(np.linalg.norm(shaft))
        if reach < _RING * self.pixel:
            return self._rings(begin, _RING * self.pixel) if not self.solid else []
        along = shaft / reach
        head = min(_HEAD * self.pixel, 0.5 * reach)
        paths = [np.array([begin, end])]
        for side in self._across(along):
            back = end - head * along
            paths.append(np.array([back + 0.45 * head * side, end, back - 0.45 * head * side]))
        return paths

    def _across(self, along: np.ndarray) -> list[np.ndarray]:
        """Directions at right angles to another, within the slice or all around."""
        if not self.solid:
            assert self.shown is not None
            a, b = self.shown
            side = np.zeros_like(along)
            side[a], side[b] = -along[b], along[a]
            return [side]
        other = np.eye(len(along))[int(np.argmin(np.abs(along)))]
        first = np.cross(along, other)
        first /= np.linalg.norm(first)
        return [first, np.cross(along, first)]

    def _in_sight(self, centre: tuple[float, float], size: tuple[float, float]) -> bool:
        """Whether a plate lies on the canvas with all that is written on it."""
        if self.solid:
            return True
        return all(
            abs(c - middle) <= (canvas - s) / 2
            for c, s, middle, canvas in zip(centre, size, self.middle, self.size, strict=True)
        )

    def placed(
        self,
        wanted: list[tuple[np.ndarray, np.ndarray, str, str]],
        extents: list[tuple[np.ndarray, np.ndarray]],
    ) -> list[Label]:
        """Labels beside what they name, where they hide neither each other nor what is small."""
        labels: list[Label] = []
        taken: list[tuple[float, float, float, float]] = []
        a, b = self.shown[-2:] if self.shown is not None else (0, 1)
        limit = _SMALL * TEXT_PIXELS * self.pixel
        small = [e for e in extents if max(e[1][a] - e[0][a], e[1][b] - e[0][b]) <= limit]
        # What is small must not be hidden; what is large, a window say, may have names written on it.
        for low, high in small:
            taken.append((low[a], high[a], low[b], high[b]))
        for low, high, text, colour in wanted:
            size = (1.6 * TEXT_PIXELS, (_LETTER * len(text) + 1.2) * TEXT_PIXELS)
            height, width = (s * self.pixel for s in size)
            gap = 0.4 * TEXT_PIXELS * self.pixel
            middle = (low + high) / 2
            places = []
            for lift in (0.0, 1.1, -1.1, 2.2, -2.2, 3.3, -3.3, 4.4, -4.4):
                y = middle[a] + lift * height
                places += [(y, high[b] + gap + width / 2), (y, low[b] - gap - width / 2), (y, middle[b])]
            if high[b] - low[b] > 2 * width:
                # Something large carries its name along its edge.
                places = [(low[a] - height, middle[b]), (high[a] + height, middle[b]), *places]
            free = [p for p in places if not _overlaps(p, (height, width), taken)] or places
            y, x = next((p for p in free if self._in_sight(p, (height, width))), free[0])
            taken.append((y - height / 2, y + height / 2, x - width / 2, x + width / 2))
            centre = self.projected(middle[None])[0]
            centre[a], centre[b] = y, x
            labels.append(Label(centre, size, text, colour))
        return labels


def _edges(begin: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    """A box in 3-D as two faces and what connects them: fewer lines than edges."""
    corners = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]])
    near, far = (begin + (corners + np.array([i, 0, 0])) * (end - begin) for i in (0, 1))
    return [np.vstack([f, f[:1]]) for f in (near, far)] + [np.stack(pair) for pair in zip(near, far, strict=True)]


def _overlaps(
    centre: tuple[float, float], size: tuple[float, float], taken: list[tuple[float, float, float, float]]
) -> bool:
    (y, x), (h, w) = centre, size
    return any(y - h / 2 < t1 and y + h / 2 > t0 and x - w / 2 < t3 and x + w / 2 > t2 for t0, t1, t2, t3 in taken)
