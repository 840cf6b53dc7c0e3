"""Shapes in world coordinates, drawn in the slice that a viewer shows, or in 3-D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from napari.utils.colormaps.standardize_color import transform_color

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.layers.owned import OwnedLayers, differing
from predictor_inspector.plugin.model.view import View, view_of
from predictor_inspector.plugin.model.world import World

TRANSPARENT = "#00000000"

_FAR = 1000  # so many times the grid's length is a step along the axes that aren't displayed
_NOTICEABLE = 0.1  # lines are drawn anew when their widths are off by more than this share


@dataclass(frozen=True)
class Shape:
    """A shape with vertices, [N, axes], in the unit of length, and a text in its middle.

    Colours of line and filling are ``#rrggbb`` or ``#rrggbbaa``; the line's width is in pixels of the canvas.
    """

    kind: Literal["line", "path", "rectangle", "polygon"]
    vertices: np.ndarray
    line: str = TRANSPARENT
    pixels: float = 0.0
    fill: str = TRANSPARENT
    text: str = ""
    z_index: int = 0  # those of larger ones lie on top

    @classmethod
    def stroke(cls, path: np.ndarray, colour: str, pixels: float) -> Shape:
        """A line or path."""
        return cls("path" if len(path) > 2 else "line", path, colour, pixels)


@dataclass(frozen=True)
class Canvas:
    """The axes of a ground truth as a viewer shows them; they are the viewer's last.

    `pixel` is the length of a pixel of the canvas.
    """

    grid: Array
    view: View
    pixel: float
    letters: float = 1.0  # size of texts, relative to what is usual

    @classmethod
    def of(cls, grid: Array, layers: OwnedLayers, view: View | None = None) -> Canvas:
        """As the layers' viewer shows them now, or in a view of before."""
        world = World.of(layers.viewer, grid)
        return cls(grid, view or view_of(layers.viewer, world.units), float(world.pixel[-1]), layers.letters)

    @cached_property
    def shown(self) -> list[int]:
        """The grid's axes that are displayed."""
        first = len(self.view.point) - self.grid.dims
        return [dim - first for dim in self.view.displayed if dim >= first]

    @property
    def in_space(self) -> bool:
        """Whether only the grid's axes are displayed, no channels or time."""
        return len(self.shown) == self.view.ndisplay

    @cached_property
    def hidden(self) -> list[int]:
        """The grid's axes that aren't displayed; empty if none is displayed."""
        return [axis for axis in range(self.grid.dims) if self.shown and axis not in self.shown]

    @cached_property
    def point(self) -> np.ndarray:
        """Where the slice shown lies, [axes]."""
        return np.array(self.view.point[-self.grid.dims :])

    def sees(self, centre: np.ndarray, size: np.ndarray) -> bool:
        """Whether all of a rectangle, [y, x], lies on the canvas; in 3-D it is taken to."""
        middle, shown = np.array(self.view.center[-2:]), np.array(self.view.size[-2:])
        return self.solid or bool(np.all(np.abs(centre - middle) <= (shown - size) / 2))

    @property
    def solid(self) -> bool:
        """Whether it is shown in 3-D."""
        return self.view.ndisplay == 3

    @cached_property
    def scale(self) -> np.ndarray:
        """The scale of a layer of shapes, [axes].

        The displayed axes have the same, or lines would be thicker across one axis than across another. Along the others
        a step is far larger than the grid, so that the shapes lie in every slice: see `origin`.
        """
        sizes = np.array(self.grid.physical_voxel_size)
        axes = self.shown or list(range(self.grid.dims))
        sizes[self.hidden] *= _FAR * np.array(self.grid.spatial_shape)[self.hidden]
        sizes[axes] = sizes[axes].min()
        return sizes

    @cached_property
    def origin(self) -> np.ndarray:
        """Where a layer of shapes begins, [axes].

        napari shows a shape in the slices less than half a step from its position, cut off to whole steps. Along the axes
        that aren't displayed steps are counted from the middle of the grid, and half of one reaches beyond all that there
        is: while slices are scrolled through nothing has to be drawn anew.
        """
        grid, origin = self.grid, np.zeros(self.grid.dims)
        for axis in self.hidden:
            middle = grid.spatial_shape[axis] // 2 + 0.5  # where a slice is
            origin[axis] = (grid.offset[axis] + middle * grid.voxel_size[axis]) / grid.subdivision
        return origin

    def cuts(self, low: np.ndarray, high: np.ndarray, axis: int) -> bool:
        """Whether the slice shown goes through a box along an axis that isn't displayed."""
        # What ends at the slice is cut by it, whatever the last digits say.
        slack = 1e-6 * max(1.0, abs(self.point[axis]))
        return bool(low[axis] - slack <= self.point[axis] <= high[axis] + slack)

    def flattened(self, vertices: np.ndarray) -> np.ndarray:
        """Vertices, [N, axes], moved into the slice that is shown."""
        flat = np.array(vertices, dtype=float)
        flat[:, self.hidden] = self.point[self.hidden]
        return flat

    def rectangle(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """The corners, [4, axes], of an upright box in the slice that is shown."""
        corners = np.array([begin, begin, end, end])
        corners[:, self.shown[1]] = np.array([begin, end, end, begin])[:, self.shown[1]]
        return self.flattened(corners)


def box_outline(begin: np.ndarray, end: np.ndarray) -> list[np.ndarray]:
    """The edges of an upright box as paths: one in 2-D, two faces and four lines in 3-D."""
    square = np.array([[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]])
    if len(begin) == 2:
        return [begin + square * (end - begin)]
    near, far = (begin + np.column_stack([np.full(5, side), square]) * (end - begin) for side in (0, 1))
    return [near, far, *np.stack([near, far], axis=1)[:4]]


def draw_shapes(
    layers: OwnedLayers,
    role: str,
    shapes: Sequence[Shape],
    canvas: Canvas,
    units: Sequence[str],
    dragged: int | None = None,
    **options: Any,
) -> None:
    """Show these shapes in a layer; those that haven't changed aren't drawn anew.

    `units` are napari's names, per axis. The shape at index `dragged` stays as it is, and no shapes come or go meanwhile.
    `options` are those of ``viewer.add_shapes``; texts are shown if the layer has the feature ``"label"``.
    """
    scale, origin, hidden = canvas.scale, canvas.origin, canvas.hidden
    geometry = LayerGeometry(tuple(scale.tolist()), tuple(origin.tolist()), tuple(units), canvas.grid.spatial_axes)
    layer = layers.find_for(role, geometry)
    if layer is None:
        layer = layers.add("shapes", role, None, geometry, opacity=1.0, **options)
    # As napari keeps them; with more digits, each would differ from itself whenever it is drawn.
    paths = [((shape.vertices - origin) / scale).astype(np.float32) for shape in shapes]
    for path in paths:
        path[:, hidden] = 0
    per_pixel = canvas.pixel / min(np.delete(scale, hidden))
    widths = [shape.pixels * per_pixel for shape in shapes]
    texts = [shape.text for shape in shapes]
    kinds = [shape.kind for shape in shapes]
    labelled = "label" in layer.features
    alike = not differing(layer, geometry) and list(layer.shape_type) == kinds
    if alike:
        moved = {
            i: path
            for i, (path, drawn) in enumerate(zip(paths, layer.data, strict=True))
            if i != dragged and not (path.shape == drawn.shape and np.allclose(path, drawn, rtol=0, atol=1e-6))
        }
        style = _differing_style(layer, shapes, widths)
        if labelled and list(layer.features["label"]) != texts:
            style["features"] = {"label": texts}
        if moved or style:
            with layers.quietly(layer):
                for name, value in style.items():
                    setattr(layer, name, value)
                layers.move_shapes(layer, moved)
    elif dragged is None:
        selected = set(layer.selected_data)
        with layers.quietly(layer):
            # Vertices count voxels: with another scale those of before would lie elsewhere for a moment.
            layer.data = []
            layers.place(layer, geometry)
            if paths:
                if labelled:
                    # What napari fills in first must be a text with a colour; without any, it takes texts for numbers.
                    layer.features = {"label": np.array([], dtype=str)}
                    layer.feature_defaults = {"label": texts[0]}
                layer.add(
                    paths,
                    shape_type=kinds,
                    edge_width=widths,
                    edge_color=[shape.line for shape in shapes],
                    face_color=[shape.fill for shape in shapes],
                    z_index=[shape.z_index for shape in shapes],
                )
            if labelled:
                layer.features = {"label": texts}
            if selected <= set(range(len(paths))):
                layer.selected_data = selected
    if labelled and layer.text.size != (size := options["text"]["size"] * canvas.letters):
        layer.text.size = size


def _differing_style(layer: Any, shapes: Sequence[Shape], widths: list[float]) -> dict[str, Any]:
    """Widths and colours that aren't those of a layer of as many shapes, as its attributes."""
    if not shapes:
        return {}
    style: dict[str, Any] = {}
    if not np.allclose(layer.edge_width, widths, rtol=_NOTICEABLE):
        style["edge_width"] = widths
    for name, colours in (("edge_color", [s.line for s in shapes]), ("face_color", [s.fill for s in shapes])):
        wanted = transform_color(colours)
        if not np.allclose(getattr(layer, name), wanted):
            style[name] = wanted
    return style
