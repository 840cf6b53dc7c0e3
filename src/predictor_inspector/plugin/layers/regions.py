"""`RegionLayer`: ROI, context, padding and a network as shapes; the ROI can be edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi
from napari.layers.utils.color_encoding import NominalColorEncoding

from predictor_inspector.inspection.engine.network import network_regions
from predictor_inspector.plugin.layers import colours
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.shapes import TRANSPARENT, Canvas, Shape, box_outline, draw_shapes
from predictor_inspector.plugin.model.box import at_least_a_voxel
from predictor_inspector.plugin.model.resolve import Resolved

REGIONS = "regions"
LABELS = {"ROI": colours.ROI, "context": colours.CONTEXT, "padding": colours.PADDING}
LABELS |= {"input": colours.INPUT, "output": colours.OUTPUT, "field": colours.FIELD}
"""What is written at the corners of frames, and in which colour."""

_EARLIER = ("padding", "GT context", "ROI")  # layers of versions that had one for each
_ROI_INDEX = 0  # of the rectangle that can be edited

_TEXT_PIXELS = 15.0  # height of a label's plate on the canvas
_LETTER = 0.5  # width of a letter, of a plate's height
_PLATE = "#000000b0"
_TEXT = {
    "string": "{label}",
    "size": 8,
    "color": NominalColorEncoding(feature="label", colormap=LABELS),
    "anchor": "center",
    "blending": "translucent_no_depth",
}


class RegionLayer:
    """A layer of shapes: rectangles in a slice, the edges of boxes in 3-D, each labelled at a corner.

    A rectangle that the slice doesn't cut is faded. Context beyond the data has a colour of its own and is filled.
    `moved` is called with the box whenever the person has changed its rectangle.
    """

    def __init__(self, layers: OwnedLayers, moved: Callable[[Roi], None]) -> None:
        self._layers, self._moved = layers, moved
        self._state: Resolved | None = None  # that is drawn
        self._edited: Any | None = None  # the layer whose rectangle can be edited
        self._box: Roi | None = None
        self._count = 0  # of the shapes that are drawn
        self._dragging = False
        layers.remove(*_EARLIER)

    def draw(self, state: Resolved, editable: bool) -> None:
        """Show the regions; the ROI's rectangle can be moved and resized if it is `editable`."""
        self._state, self._box = state, state.regions.roi
        canvas = Canvas.of(state.gt, self._layers, state.view)
        shapes = shapes_of(state, canvas)
        self._count = len(shapes)
        # What is being dragged stays as it is.
        dragged = _ROI_INDEX if self._dragging else None
        options = {"features": {"label": np.empty(0, object)}, "feature_defaults": {"label": ""}, "text": _TEXT}
        draw_shapes(self._layers, REGIONS, shapes, canvas, state.place.units, dragged, **options)
        # Where the world has no place for it, nothing is drawn that could be edited.
        self._edit(self._layers.find(REGIONS) if editable and shapes else None)

    def clear(self) -> None:
        """Show no regions."""
        self._edit(None)
        self._layers.remove(REGIONS)

    def close(self) -> None:
        """Stop listening to the rectangle."""
        self._edit(None)

    def _edit(self, layer: Any | None) -> None:
        """Let the ROI's rectangle of this layer be edited, and that of no other."""
        before, self._edited = self._edited, layer
        if layer is before:
            return
        if before is not None:
            before.events.data.disconnect(self._on_data)
            before.selected_data.events.items_changed.disconnect(self._on_selection)
            if self._on_drag in before.mouse_drag_callbacks:
                before.mouse_drag_callbacks.remove(self._on_drag)
            before.selected_data = set()
            before.mode = "pan_zoom"
            before.editable = False
            self._dragging = False
        if layer is not None:
            layer.editable = True
            self._layers.grasp_only(layer, _ROI_INDEX)
            layer.mode = "select"
            layer.selected_data = {_ROI_INDEX}
            self._layers.viewer.layers.selection.active = layer
            layer.mouse_drag_callbacks.append(self._on_drag)
            layer.events.data.connect(self._on_data)
            layer.selected_data.events.items_changed.connect(self._on_selection)

    def _on_drag(self, _layer: Any, event: Any) -> Iterator[None]:
        """Let the box follow while the mouse drags its rectangle."""
        yield
        while event.type == "mouse_move":
            self._dragging = True
            self._take_over()
            yield
        if self._dragging:
            self._dragging = False
            # Once more, now to draw the rectangle where it came to rest on the grid.
            self._take_over()

    def _on_data(self, _event: Any = None) -> None:
        if not self._dragging:
            self._take_over()

    def _on_selection(self, *_changes: Any) -> None:
        """Leave only the ROI's rectangle selected: what is dragged by another frame is the ROI."""
        layer = self._edited
        if layer is not None and layer.selected_data - {_ROI_INDEX}:
            layer.selected_data = {_ROI_INDEX}

    def _take_over(self) -> None:
        """Tell where the rectangle lies; what was deleted is drawn again as it was."""
        layer, state, box = self._edited, self._state, self._box
        if layer is None or state is None or box is None:
            return
        if len(layer.data) == self._count:
            gt = state.gt
            corners = np.asarray(layer.data[_ROI_INDEX]) * np.asarray(layer.scale) * gt.subdivision
            low, high = list(box.begin), list(box.end)
            for axis in range(gt.dims):
                if np.ptp(corners[:, axis]) > 0:  # a displayed axis
                    low[axis] = round(float(corners[:, axis].min()))
                    high[axis] = round(float(corners[:, axis].max()))
            box = self._box = at_least_a_voxel(gt, Roi(low, Coordinate(high) - Coordinate(low)))
        self._moved(box)


def shapes_of(state: Resolved, canvas: Canvas) -> list[Shape]:
    """Frames and labels of a state's regions as seen in a view, the ROI's frame first."""
    regions, roi = state.regions, state.regions.roi
    frames = [("ROI", roi), ("context", regions.gt_region), ("padding", regions.padding_region)]
    frames = [(name, region) for name, region in frames if name == "ROI" or region != roi]
    if state.network_boxes and state.request.network is not None:
        frames += list(network_regions(state.request.network, state.gt, roi).items())
    if not canvas.in_space:
        return []
    shapes, plates = list[Shape](), list[Shape]()
    for name, region in frames:
        shapes += _frame(region, canvas, LABELS[name], 2.5 if name == "ROI" else 2.0, z_index=int(name == "ROI"))
    for part in regions.beyond_data:
        shapes += _frame(part, canvas, colours.BEYOND, 2.0, filled=True)
    if not canvas.solid:
        # While the box is dragged along the data's end, parts come and go, but not shapes.
        spare = len(frames) + 2 * roi.dims - len(shapes)
        shapes += [Shape("rectangle", shapes[0].vertices)] * max(0, spare)
    for name, region in frames:
        plates.append(_plate(name, *_ends(region, canvas), plates, canvas))
    return [*shapes, *plates]


def _ends(roi: Roi, canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end in the unit of length."""
    begin, end = (np.array(corner) / canvas.grid.subdivision for corner in (roi.begin, roi.end))
    return begin, end


def _frame(roi: Roi, canvas: Canvas, colour: str, pixels: float, filled: bool = False, z_index: int = 0) -> list[Shape]:
    begin, end = _ends(roi, canvas)
    if canvas.solid:
        return [Shape.stroke(path, colour, pixels) for path in box_outline(begin, end)]
    # Filled only where the slice goes through it: what lies before or behind would tint all that is looked at.
    cut = all(canvas.cuts(begin, end, axis) for axis in canvas.hidden)
    fill, line = colour + "40" if filled and cut else TRANSPARENT, colour if cut else colour + "60"
    return [Shape("rectangle", canvas.rectangle(begin, end), line, pixels, fill, z_index=z_index)]


def _plate(name: str, begin: np.ndarray, end: np.ndarray, taken: Sequence[Shape], canvas: Canvas) -> Shape:
    """A label at a corner of a frame: the first of its places that is in sight and free."""
    axes = canvas.shown[-2:]
    size = np.array([1.0, _LETTER * len(name) + 0.6]) * _TEXT_PIXELS * canvas.letters * canvas.pixel
    places = _places(name, begin[axes], end[axes], size)
    others = [(other.vertices[:, axes].min(0), other.vertices[:, axes].max(0)) for other in taken]
    free = [p for p in places if not any(np.all(p < high) and np.all(p + size > low) for low, high in others)] or places
    place = next((p for p in free if canvas.sees(p + size / 2, size)), free[0])
    corners = np.repeat(canvas.flattened(begin[None]), 4, axis=0)
    corners[:, axes] = place + np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) * size
    # In 3-D a plate would stand askew.
    return Shape("polygon", corners, fill=TRANSPARENT if canvas.solid else _PLATE, text=name, z_index=2)


def _places(name: str, low: np.ndarray, high: np.ndarray, size: np.ndarray) -> list[np.ndarray]:
    """Where a label may begin, [y, x]: outside of its frame's own corner, inside of it, then at the other corners."""
    above, below, left, right = low[0] - size[0], high[0], low[1], high[1] - size[1]
    outside = {"ROI": (above, left), "context": (above, right), "padding": (below, right)}
    outside |= {"input": (above, left), "output": (below, left), "field": (above, right)}
    first = outside[name]
    corners = [(above, left), (above, right), (below, right), (below, left)]
    own = corners.index(first)
    corners = [corners[(own + turn) % 4] for turn in range(4)]
    inside = [(low[0] if y == above else high[0] - size[0], x) for y, x in corners]
    return [np.array(p) for p in (corners[0], inside[0], *corners[1:], *inside[1:])]
