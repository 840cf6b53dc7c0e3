"""Marks of an explanation as layers: lines, labels that don't hide them, and sets of voxels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.explanation import Arrow, BoxMark, Ellipsoid, Line, Mark, Point, VoxelMark
from predictor_inspector.plugin.layers.labels import label_colormap
from predictor_inspector.plugin.layers.layer_data import geometry_beside
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.shapes import TRANSPARENT, Canvas, Shape, box_outline, draw_shapes
from predictor_inspector.plugin.model.axes import Place

LINES, VOXELS = "explanation", "explanation voxels"

Extent = tuple[np.ndarray, np.ndarray]  # the low and the high corner of the upright box that a mark fills

COLOURS = {
    "voxel": "#ffffff",
    "yes": "#2ee6a8",
    "no": "#ff6a3d",
    "window": "#8ab4ff",
    "object": "#ffb000",
    "boundary": "#ff66d9",
    "unknown": "#c8c8c8",
}
"""Per meaning: bright, since every line is cased in black."""

CASING = "#000000"
_FADED = "70"
_PLATE = "#000000c8"
_WIDTH, _CASING_WIDTH = 3.0, 6.0
_HEAD = 16.0  # length of an arrow's head, in pixels; so are the widths of lines and of their casing
_RING, _DOT = 9.0, 5.0  # radii of the ring that stands for an arrow seen from its end, and of a point, in pixels
_TINY = 6.0  # pixels below which a box is ringed
# Of an ellipse's corners, in a slice and in 3-D, where napari makes a tube of every line.
_ANGLES = {False: np.linspace(0, 2 * np.pi, 49), True: np.linspace(0, 2 * np.pi, 21)}

TEXT_PIXELS = 18.0  # height of a label's text on the canvas
_SMALL = 16.0  # marks of at most so many text heights are kept free of labels
_LETTER = 0.6  # width of a letter, of its height, on average
_POINTS_PER_PIXEL = 0.6
_TEXT = {
    "string": "{label}",
    "size": round(TEXT_PIXELS * _POINTS_PER_PIXEL),
    "color": "white",
    "anchor": "center",
    "blending": "translucent_no_depth",
}


_NONE: Mapping[Mark, str] = {}


class MarkLayers:
    """A layer of shapes for lines and labels, and one of labels for sets of voxels: made once, then given new data."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        # An earlier dock may have left an explanation.
        self.clear()

    def draw(
        self,
        marks: Sequence[Mark],
        grid: Array,
        units: Sequence[str],
        voxels: bool = True,
        tints: Mapping[Mark, str] = _NONE,
    ) -> None:
        """Show the marks on the voxels of the ground truth, `grid`, in the viewer's present view.

        `units` are napari's names, per spatial axis. Sets of voxels don't depend on the view: they are only drawn anew with
        `voxels`. `tints` are colours, ``#rrggbb``, of marks that don't have that of their meaning.
        """
        sets = [mark for mark in marks if isinstance(mark, VoxelMark)]
        if voxels and sets:
            self._put_voxels(sets[0].mask, units)
        elif voxels:
            self._layers.hide(VOXELS)
        canvas, features = Canvas.of(grid, self._layers), {"label": np.empty(0, dtype=object)}
        draw_shapes(self._layers, LINES, shapes_of(marks, canvas, tints), canvas, units, features=features, text=_TEXT)

    def clear(self) -> None:
        """Empty the layers; they stay where they are."""
        lines = self._layers.find(LINES)
        if lines is not None and len(lines.data):
            with self._layers.quietly(lines):
                lines.data = []
        self._layers.hide(VOXELS)

    def remove(self) -> None:
        """Remove the layers."""
        self._layers.remove(LINES, VOXELS)

    def _put_voxels(self, mask: Array, units: Sequence[str]) -> None:
        is_new = self._layers.find(VOXELS) is None
        geometry = geometry_beside(mask, Place(tuple(units), mask.spatial_axes), channels=False)
        new = {"opacity": 0.35, "colormap": label_colormap({1: COLOURS["object"]})}
        self._layers.put("labels", VOXELS, mask.numpy().astype(np.uint8), geometry, new)
        if is_new:
            # Lines lie on top of the voxels.
            self._layers.keep_on_top(LINES)
        self._layers.show(VOXELS)


def shapes_of(marks: Iterable[Mark], canvas: Canvas, tints: Mapping[Mark, str] = _NONE) -> list[Shape]:
    """The marks as seen in a view: moved into the slice shown, and faded where the slice doesn't cut them.

    Sets of voxels are left out: they have a layer of their own. `tints` are as of `MarkLayers.draw`.
    """
    if not canvas.in_space:
        return []
    lines: list[tuple[np.ndarray, str]] = []
    labels: list[tuple[Extent, str]] = []
    extents: list[Extent] = []
    for mark in marks:
        if isinstance(mark, VoxelMark):
            continue
        extent = _extent(mark)
        beside = _beside(extent, canvas)
        colour = tints.get(mark, COLOURS[mark.meaning]) + (_FADED if beside else "")
        extents.append(extent)
        lines += [(canvas.flattened(path), colour) for path in _paths(mark, canvas)]
        if mark.label:
            labels.append((extent, mark.label + (f" ({', '.join(beside)})" if beside else "")))
    return [
        *(Shape.stroke(path, CASING + (colour[7:] or "e0"), _CASING_WIDTH) for path, colour in lines),
        *(Shape.stroke(path, colour, _WIDTH) for path, colour in lines),
        *_labels(labels, extents, canvas),
    ]


def _extent(mark: Arrow | Line | BoxMark | Point | Ellipsoid) -> Extent:
    if isinstance(mark, Ellipsoid):
        centre, reach = np.array(mark.centre), np.sqrt(np.diag(mark.covariance))
        return centre - reach, centre + reach
    ends = np.array([mark.position] * 2 if isinstance(mark, Point) else [mark.begin, mark.end], dtype=float)
    return ends.min(0), ends.max(0)


def _beside(extent: Extent, canvas: Canvas) -> list[str]:
    """How far a mark lies beside the slice shown, in words, for each axis along which the slice doesn't cut it."""
    apart, grid = (extent[0] + extent[1]) / 2 - canvas.point, canvas.grid
    return [
        f"{grid.spatial_axes[axis]} {apart[axis]:+.4g} {grid.unit}".replace("-", "−")
        for axis in canvas.hidden
        if not canvas.cuts(*extent, axis)
    ]


def _paths(mark: Arrow | Line | BoxMark | Point | Ellipsoid, canvas: Canvas) -> list[np.ndarray]:
    """The lines of a mark, [N, axes] each."""
    if isinstance(mark, Ellipsoid):
        return _ellipsoid(np.array(mark.centre, dtype=float), np.array(mark.covariance), canvas)
    if isinstance(mark, Point):
        return _ring(np.array(mark.position, dtype=float), _DOT, canvas)
    begin, end = np.array([mark.begin, mark.end], dtype=float)
    if isinstance(mark, Line):
        return [np.array([begin, end])]
    return _box(begin, end, canvas) if isinstance(mark, BoxMark) else _arrow(begin, end, canvas)


def _box(begin: np.ndarray, end: np.ndarray, canvas: Canvas) -> list[np.ndarray]:
    if canvas.solid:
        return box_outline(begin, end)
    corners = canvas.rectangle(begin, end)
    outline = [np.vstack([corners, corners[:1]])]
    if (end - begin)[canvas.shown].max() < _TINY * canvas.pixel:
        outline += _ring((begin + end) / 2, 1.5 * _RING, canvas)
    return outline


def _ring(centre: np.ndarray, pixels: float, canvas: Canvas) -> list[np.ndarray]:
    return _ellipsoid(centre, np.eye(len(centre)) * (pixels * canvas.pixel) ** 2, canvas)


def _ellipsoid(centre: np.ndarray, covariance: np.ndarray, canvas: Canvas) -> list[np.ndarray]:
    """In a slice the outline of the whole, in 3-D its three principal sections."""
    shown = canvas.shown
    values, vectors = np.linalg.eigh(covariance[np.ix_(shown, shown)])
    axes = np.zeros((len(shown), len(centre)))
    axes[:, shown] = (vectors * np.sqrt(np.maximum(values, 0))).T
    cosine, sine = np.cos(_ANGLES[canvas.solid])[:, None], np.sin(_ANGLES[canvas.solid])[:, None]
    pairs = [(0, 1), (0, 2), (1, 2)] if canvas.solid else [(0, 1)]
    return [centre + cosine * axes[i] + sine * axes[j] for i, j in pairs]


def _arrow(begin: np.ndarray, end: np.ndarray, canvas: Canvas) -> list[np.ndarray]:
    """A shaft and a head; a ring where the arrow points into the slice or out of it."""
    shaft = end - begin
    shaft[canvas.hidden] = 0
    reach = float(np.linalg.norm(shaft))
    if reach < _RING * canvas.pixel:
        return [] if canvas.solid else _ring(begin, _RING, canvas)
    along, head = shaft / reach, min(_HEAD * canvas.pixel, 0.5 * reach)
    back = end - head * along
    sides = [0.45 * head * side for side in _across(along, canvas)]
    return [np.array([begin, end]), *(np.array([back + side, end, back - side]) for side in sides)]


def _across(along: np.ndarray, canvas: Canvas) -> list[np.ndarray]:
    """Directions at right angles to another, within the slice or all around."""
    if canvas.solid:
        first = np.cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
        first /= np.linalg.norm(first)
        return [first, np.cross(along, first)]
    a, b = canvas.shown
    side = np.zeros_like(along)
    side[a], side[b] = -along[b], along[a]
    return [side]


def _labels(labels: Sequence[tuple[Extent, str]], extents: Sequence[Extent], canvas: Canvas) -> list[Shape]:
    """Texts on plates beside what they name, where they hide neither each other nor small marks."""
    axes, pixel = canvas.shown[-2:], canvas.pixel * canvas.letters
    # Large marks, a window for instance, may have labels on them.
    taken = [
        (low[axes], high[axes]) for low, high in extents if (high - low)[axes].max() <= _SMALL * TEXT_PIXELS * pixel
    ]
    plates = []
    for (low, high), text in labels:
        size = np.array([1.6, _LETTER * len(text) + 1.2]) * TEXT_PIXELS * pixel
        places = _places(low[axes], high[axes], size, 0.4 * TEXT_PIXELS * pixel)
        free = [p for p in places if not any(_overlap(p, size, *box) for box in taken)] or places
        place = next((p for p in free if canvas.sees(p, size)), free[0])
        taken.append((place - size / 2, place + size / 2))
        corners = np.repeat(canvas.flattened((low + high)[None] / 2), 4, axis=0)
        corners[:, axes] = place + np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * size / 2
        # In 3-D a plate would stand askew.
        plates.append(Shape("polygon", corners, fill=TRANSPARENT if canvas.solid else _PLATE, text=text))
    return plates


def _places(low: np.ndarray, high: np.ndarray, size: np.ndarray, gap: float) -> list[np.ndarray]:
    """Where the middle of a label may lie, the best first: right, left of and on what it names, then up and down."""
    (height, width), (y, x) = size, (low + high) / 2
    places = []
    for lift in (0.0, 1.1, -1.1, 2.2, -2.2, 3.3, -3.3, 4.4, -4.4):
        at = y + lift * height
        places += [(at, high[1] + gap + width / 2), (at, low[1] - gap - width / 2), (at, x)]
    if high[1] - low[1] > 2 * width:
        # Large marks have their label along an edge.
        places = [(low[0] - height, x), (high[0] + height, x), *places]
    return [np.array(place) for place in places]


def _overlap(centre: np.ndarray, size: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    return bool(np.all(centre - size / 2 < high) and np.all(centre + size / 2 > low))
