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

    @classmethod
    def of(cls, grid: Array, viewer: Any, view: View | None = None) -> Canvas:
        """As a viewer shows them now, or in a view of before."""
        world = World.of(viewer, grid)
        return cls(grid, view or view_of(viewer, world.units), float(world.pixel[-1]))

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

    @property
    def solid(self) -> bool:
        """Whether it is shown in 3-D."""
        return self.view.ndisplay == 3

    @cached_property
    def scale(self) -> np.ndarray:
        """The scale of a layer of shapes, [axes].

        The displayed axes have the same, or lines would be thicker across one axis than across another; the others have
        the grid's voxel size, since napari's sliders step by the smallest scale of all layers.
        """
        sizes = np.array(self.grid.physical_voxel_size)
        axes = self.shown or list(range(self.grid.dims))
        sizes[axes] = sizes[axes].min()
        return sizes

    @cached_property
    def origin(self) -> np.ndarray:
        """Where a layer of shapes begins, [axes].

        napari shows a shape in the slices less than half a voxel from its position, which it cuts off to whole voxels. So
        along the axes that aren't displayed voxels are counted from the centre of the first, where slices are.
        """
        grid, origin = self.grid, np.zeros(self.grid.dims)
        for axis in self.hidden:
            origin[axis] = (grid.offset[axis] + grid.voxel_size[axis] / 2) / grid.subdivision
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
    layers: OwnedLayers, role: str, shapes: Sequence[Shape], canvas: Canvas, units: Sequence[str], **options: Any
) -> None:
    """Show these shapes in a layer; those that haven't changed aren't drawn anew.

    `units` are napari's names, per axis. `options` are those of ``viewer.add_shapes``; texts are shown if the layer has
    the feature ``"label"``.
    """
    scale, origin, hidden = canvas.scale, canvas.origin, canvas.hidden
    geometry = LayerGeometry(tuple(scale.tolist()), tuple(origin.tolist()), tuple(units), canvas.grid.spatial_axes)
    layer = layers.find_for(role, geometry)
    if layer is None:
        layer = layers.add("shapes", role, None, geometry, opacity=1.0, **options)
    paths = [(shape.vertices - origin) / scale for shape in shapes]
    for path in paths:
        path[:, hidden] = path[:, hidden].round()
    per_pixel = canvas.pixel / min(np.delete(scale, hidden))
    widths = [shape.pixels * per_pixel for shape in shapes]
    alike = not differing(layer, geometry) and _looks_like(layer, shapes, widths)
    if alike and all(np.allclose(a, b, rtol=0, atol=1e-6) for a, b in zip(layer.data, paths, strict=True)):
        return
    selected = set(layer.selected_data)
    with layers.quietly(layer):
        if alike:
            layer.data = paths
        else:
            # Vertices count voxels: with another scale those of before would lie elsewhere for a moment.
            layer.data = []
            layers.place(layer, geometry)
            if paths:
                layer.add(
                    paths,
                    shape_type=[shape.kind for shape in shapes],
                    edge_width=widths,
                    edge_color=[shape.line for shape in shapes],
                    face_color=[shape.fill for shape in shapes],
                )
            if "label" in layer.features:
                layer.features = {"label": [shape.text for shape in shapes]}
        if selected <= set(range(len(paths))):
            layer.selected_data = selected
    if "label" in layer.features:
        layer.refresh_text()


def _looks_like(layer: Any, shapes: Sequence[Shape], widths: Sequence[float]) -> bool:
    """Whether a layer shows as many shapes of these kinds, colours, widths and texts."""
    if list(layer.shape_type) != [shape.kind for shape in shapes]:
        return False
    texts = [shape.text for shape in shapes]
    return not shapes or (
        ("label" not in layer.features or list(layer.features["label"]) == texts)
        and np.allclose(layer.edge_width, widths, rtol=_NOTICEABLE)
        and np.allclose(layer.edge_color, transform_color([shape.line for shape in shapes]))
        and np.allclose(layer.face_color, transform_color([shape.fill for shape in shapes]))
    )
