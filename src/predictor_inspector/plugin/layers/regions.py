"""`RegionLayers`: the ROI, the ground-truth context and the padding as shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from typing import Any

import numpy as np
from funlib.geometry import Roi
from napari.utils.colormaps.standardize_color import transform_color

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Regions
from predictor_inspector.plugin.layers.colours import BEYOND, CONTEXT, PADDING, ROI
from predictor_inspector.plugin.layers.owned import OWNER
from predictor_inspector.plugin.model.view import View

NAMES = ("padding", "GT context", "ROI")
_COLOURS = {"ROI": ROI, "GT context": CONTEXT, "padding": PADDING}
_WIDTH = {"ROI": 2.5, "GT context": 2.0, "padding": 2.0}
"""Of lines, in pixels of the canvas."""

_NOTICEABLE = 0.1
"""Lines are drawn anew when their width is off by more than this share."""

Box = tuple[tuple[float, ...], tuple[float, ...]]


def box_of(roi: Roi, gt: Array) -> Box:
    """Begin and end of a ROI in the unit of length."""
    return tuple(b / gt.subdivision for b in roi.begin), tuple(e / gt.subdivision for e in roi.end)


def rectangle(box: Box, view: View, first: int) -> tuple[np.ndarray, bool] | None:
    """A box as a rectangle in the slice that is shown, and whether the slice cuts it.

    Parameters
    ----------
    first : int
        The viewer's dimension of the box's first axis.

    Returns
    -------
    corners : numpy.ndarray
        [4, axes], or None in place of both if a displayed dimension isn't one of the box's.
    cut : bool
        Whether the slice shown goes through the box.
    """
    begin, end = box
    displayed = [dim - first for dim in view.displayed]
    if any(axis < 0 for axis in displayed):
        return None
    point = [view.point[first + axis] for axis in range(len(begin))]
    cut = all(b <= p <= e for a, (b, p, e) in enumerate(zip(begin, point, end, strict=True)) if a not in displayed)
    corners = np.array([point] * 4, dtype=float)
    a, b = displayed
    corners[:, a] = [begin[a], begin[a], end[a], end[a]]
    corners[:, b] = [begin[b], end[b], end[b], begin[b]]
    return corners, cut


def edges(box: Box) -> list[np.ndarray]:
    """The twelve edges of a box in 3-D (four in 2-D), each [2, axes]."""
    begin, end = box
    dims = len(begin)
    lines = []
    for axis in range(dims):
        others = [d for d in range(dims) if d != axis]
        for choice in product((0, 1), repeat=dims - 1):
            line = np.empty((2, dims))
            line[:, axis] = begin[axis], end[axis]
            for d, c in zip(others, choice, strict=True):
                line[:, d] = (begin, end)[c][d]
            lines.append(line)
    return lines


def line_scale(gt: Array, view: View) -> np.ndarray:
    """The scale of a layer of shapes: [axes].

    The displayed axes have the same, or lines would be thicker across one axis than across another; the others have the
    ground truth's voxel size, since napari's sliders step by the smallest scale of all layers.
    """
    sizes = np.array(gt.physical_voxel_size)
    axes = _displayed_axes(gt, view)
    sizes[axes] = sizes[axes].min()
    return sizes


def slice_origin(gt: Array, view: View) -> tuple[np.ndarray, list[int]]:
    """Where a layer of shapes begins, [axes], and the axes that aren't displayed.

    napari shows a shape in the slices less than half a voxel from its position, which it cuts off to whole voxels. So along
    the axes that aren't displayed voxels are counted from the centre of the first, where slices are.
    """
    across = [axis for axis in range(gt.dims) if axis not in _displayed_axes(gt, view)]
    origin = np.zeros(gt.dims)
    for axis in across:
        origin[axis] = (gt.offset[axis] + gt.voxel_size[axis] / 2) / gt.subdivision
    return origin, across


def _displayed_axes(gt: Array, view: View) -> list[int]:
    first = len(view.point) - gt.dims
    return [dim - first for dim in view.displayed if dim >= first] or list(range(gt.dims))


class RegionLayers:
    """The three layers of shapes, drawn anew for every view: rectangles in a slice, the edges of boxes in 3-D.

    Where the slice shown doesn't cut a box, its rectangle is faded. The part of the context that lies beyond the data has
    a colour of its own and is filled.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self.drawing = False
        """Whether the layers are being changed by this object, not by a person."""

    def get(self, name: str) -> Any | None:
        """The layer called `name` if it exists and hasn't been removed."""
        layer = self._layers.get(name)
        if layer is not None and layer not in self._viewer.layers:
            del self._layers[name]
            return None
        return layer

    def draw(
        self,
        gt: Array,
        view: View,
        pixel: float,
        roi: Roi,
        regions: Regions | None,
        units: Sequence[str],
        keep: str | None = None,
    ) -> None:
        """Show the regions.

        Parameters
        ----------
        pixel : float
            The length of a pixel of the canvas, for the width of lines.
        regions : Regions or None
            None: nothing is known yet but the ROI.
        keep : str, optional
            A layer to leave as it is, because the person is dragging its shape.
        """
        boxes: dict[str, list[Roi]] = {"ROI": [roi], "GT context": [], "padding": []}
        beyond: list[Roi] = []
        if regions is not None:
            boxes["GT context"] = [regions.gt_region] if regions.gt_region != roi else []
            boxes["padding"] = [regions.padding_region] if regions.padding_region != roi else []
            beyond = list(regions.beyond_data)
        for name in NAMES:
            if name == keep:
                continue
            shapes = [(box_of(r, gt), _COLOURS[name], False) for r in boxes[name]]
            if name == "GT context":
                shapes += [(box_of(r, gt), BEYOND, True) for r in beyond]
            with self._drawn():
                self._draw(name, shapes, gt, view, pixel * _WIDTH[name], units)

    def clear(self) -> None:
        """Remove all layers."""
        with self._drawn():
            for name in NAMES:
                if self.get(name) is not None:
                    self._viewer.layers.remove(self._layers.pop(name))

    @contextmanager
    def _drawn(self) -> Any:
        self.drawing = True
        try:
            yield
        finally:
            self.drawing = False

    def _draw(
        self,
        name: str,
        shapes: list[tuple[Box, str, bool]],
        gt: Array,
        view: View,
        width: float,
        units: Sequence[str],
    ) -> None:
        layer = self.get(name)
        if layer is not None and layer.ndim != gt.dims:
            self._viewer.layers.remove(self._layers.pop(name))
            layer = None
        scale = line_scale(gt, view)
        if layer is None:
            layer = self._add(name, gt, scale, units)
        data, types, lines, fills = _geometry(shapes, view, len(view.point) - gt.dims)
        origin, across = slice_origin(gt, view)
        data = [(vertices - origin) / scale for vertices in data]
        for vertices in data:
            vertices[:, across] = vertices[:, across].round()
        thickness = width / min(scale[axis] for axis in _displayed_axes(gt, view))
        elsewhere = not (np.array_equal(layer.scale, scale) and np.array_equal(layer.translate, origin))
        alike = not elsewhere and _look_alike(layer, types, lines, fills)
        if not alike or _moved(layer, data):
            selected = set(layer.selected_data)
            with self._unnoticed(layer, marked=bool(selected)):
                if alike:
                    layer.data = data
                else:
                    # Vertices count voxels: with another scale those of before would lie elsewhere for a moment.
                    layer.data = []
                    if elsewhere:
                        layer.scale, layer.translate = scale, origin
                    if data:
                        layer.add(data, shape_type=types, edge_width=thickness, edge_color=lines, face_color=fills)
                if selected <= set(range(len(data))):
                    layer.selected_data = selected
            if elsewhere:
                self._viewer._on_layers_change()
            layer.refresh()
        if data and abs(layer.edge_width[0] / thickness - 1) > _NOTICEABLE:
            layer.edge_width = thickness

    @contextmanager
    def _unnoticed(self, layer: Any, marked: bool) -> Iterator[None]:
        """Keep the viewer from adapting its sliders to every step of a change: only to another scale it has to, once.

        The mark of a selected shape, which costs a compiled shader, is only drawn anew where one is `marked`.
        """
        adapt = self._viewer._on_layers_change
        with ExitStack() as blocked:
            blocked.enter_context(layer._block_refresh())
            blocked.enter_context(layer.events.data.blocker())
            for name in ("scale", "translate"):
                blocked.enter_context(getattr(layer.events, name).blocker(adapt))
            if not marked:
                blocked.enter_context(layer.events.highlight.blocker())
            yield
        layer._clear_extent()

    def _add(self, name: str, gt: Array, scale: np.ndarray, units: Sequence[str]) -> Any:
        active = self._viewer.layers.selection.active
        layer = self._viewer.add_shapes(
            ndim=gt.dims,
            name=name,
            scale=scale,
            translate=[0.0] * gt.dims,
            units=list(units),
            axis_labels=list(gt.axis_names[gt.channel_dims :]),
            metadata={OWNER: name},
            opacity=1.0,
            # Volumes must not hide the edges of boxes in 3-D.
            blending="translucent_no_depth",
        )
        layer.editable = False
        self._layers[name] = layer
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        return layer


def _look_alike(layer: Any, types: list[str], lines: list[str], fills: list[str]) -> bool:
    """Whether a layer shows as many shapes of these types and colours."""
    if list(layer.shape_type) != types:
        return False
    colours = ((layer.edge_color, lines), (layer.face_color, fills))
    return not types or all(np.allclose(shown, transform_color(wanted)) for shown, wanted in colours)


def _moved(layer: Any, data: list[np.ndarray]) -> bool:
    """Whether a layer's shapes, as many as there are in `data`, lie elsewhere."""
    return any(not np.allclose(a, b, rtol=0, atol=1e-6) for a, b in zip(layer.data, data, strict=True))


def _geometry(
    shapes: list[tuple[Box, str, bool]], view: View, first: int
) -> tuple[list[np.ndarray], list[str], list[str], list[str]]:
    """Vertices, types, edge colours and face colours."""
    data, types, lines, fills = [], [], [], []
    for box, colour, filled in shapes:
        if view.ndisplay == 3:
            pieces = edges(box)
            data += pieces
            types += ["line"] * len(pieces)
            lines += [colour] * len(pieces)
            fills += ["#00000000"] * len(pieces)
            continue
        found = rectangle(box, view, first)
        if found is None:
            continue
        corners, cut = found
        data.append(corners)
        types.append("rectangle")
        lines.append(colour if cut else colour + "60")
        # Filled only where the slice goes through it: what lies before or behind would tint all that is looked at.
        fills.append(colour + "40" if filled and cut else "#00000000")
    return data, types, lines, fills
