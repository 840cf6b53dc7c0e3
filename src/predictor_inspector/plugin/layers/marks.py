"""`MarkLayers`: the layers that an explanation is drawn in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.explanation import Mark, VoxelSet
from predictor_inspector.plugin.layers.drawing import COLOURS, TEXT_PIXELS, Drawing, drawing_of
from predictor_inspector.plugin.layers.owned import OWNER
from predictor_inspector.plugin.layers.regions import line_scale, slice_origin
from predictor_inspector.plugin.model.view import View, view_of

LINES, VOXELS = "explanation", "explanation voxels"

_PLATE = "#000000c8"
_NOTHING = "#00000000"
_POINTS_PER_PIXEL = 0.6


class MarkLayers:
    """A layer of shapes for lines and labels, and one of labels for sets of voxels: made once, then given new data."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}

    def get(self, name: str) -> Any | None:
        """The layer called `name` if it exists and hasn't been removed."""
        layer = self._layers.get(name)
        if layer is not None and layer not in self._viewer.layers:
            del self._layers[name]
            return None
        return layer

    def draw(self, marks: Sequence[Mark], grid: Array, units: Sequence[str], voxels: bool = True) -> None:
        """Show the marks in the viewer's present view.

        Parameters
        ----------
        grid : Array
            The ground truth, whose voxels the sliders step by.
        units : sequence of str
            napari's names of the units, per spatial axis.
        voxels : bool
            Whether sets of voxels are to be drawn anew too; they don't depend on the view.
        """
        view = view_of(self._viewer)
        pixel = 1 / self._viewer.scene.camera.zoom
        axes = grid.axis_names[grid.channel_dims :]
        if voxels:
            self._put_voxels([m for m in marks if isinstance(m, VoxelSet)], grid, units)
        self._put_lines(drawing_of(marks, view, pixel, axes, grid.unit), grid, view, pixel, units)

    def clear(self) -> None:
        """Empty the layers; they stay where they are."""
        lines, voxels = self.get(LINES), self.get(VOXELS)
        if lines is not None and len(lines.data):
            with self._unnoticed(lines):
                lines.data = []
            lines.refresh()
        if voxels is not None and voxels.visible:
            voxels.visible = False

    def _put_lines(self, drawing: Drawing, grid: Array, view: View, pixel: float, units: Sequence[str]) -> None:
        layer = self._layer_of(LINES, grid, units)
        scale = line_scale(grid, view)
        origin, across = slice_origin(grid, view)
        finest = float(min(scale[axis] for axis in range(grid.dims) if axis not in across))
        solid = view.ndisplay == 3
        paths, types, widths, lines, fills, texts = [], [], [], [], [], []
        for stroke in drawing.strokes:
            paths.append(stroke.path)
            types.append("path" if len(stroke.path) > 2 else "line")
            widths.append(stroke.pixels * pixel / finest)
            lines.append(stroke.colour)
            fills.append(_NOTHING)
            texts.append("")
        shown = [dim - (len(view.point) - grid.dims) for dim in view.displayed][-2:]
        for label in drawing.labels:
            paths.append(_plate(label.centre, label.size, shown, pixel))
            types.append("polygon")
            widths.append(0.0)
            lines.append(_NOTHING)
            # In 3-D a plate would stand askew.
            fills.append(_NOTHING if solid else _PLATE)
            texts.append(label.text)
        data = [(path - origin) / scale for path in paths]
        for vertices in data:
            vertices[:, across] = vertices[:, across].round()
        with self._unnoticed(layer):
            # Vertices count voxels: with another scale the old ones would lie somewhere else for a moment.
            layer.data = []
            _place(layer, scale, origin)
            if data:
                layer.add(data, shape_type=types, edge_width=widths, edge_color=lines, face_color=fills)
                layer.features = {"label": texts}
        layer.refresh()
        layer.refresh_text()

    def _put_voxels(self, sets: Sequence[VoxelSet], grid: Array, units: Sequence[str]) -> None:
        if not sets:
            layer = self.get(VOXELS)
            if layer is not None and layer.visible:
                layer.visible = False
            return
        mask = sets[0].mask
        layer = self._layer_of(VOXELS, grid, units)
        scale = np.array(mask.physical_voxel_size)
        translate = np.array(mask.offset) / mask.subdivision + scale / 2
        with self._unnoticed(layer):
            layer.data = mask.numpy().astype(np.uint8)
            _place(layer, scale, translate)
        if not layer.visible:  # setting it costs a redraw, changed or not
            layer.visible = True
        layer.refresh()

    @contextmanager
    def _unnoticed(self, layer: Any) -> Iterator[None]:
        """Keep the viewer from redrawing, and from adapting its sliders, at every step of a change."""
        adapt = self._viewer._on_layers_change
        with ExitStack() as blocked:
            blocked.enter_context(layer._block_refresh())
            for name in ("data", "scale", "translate"):
                blocked.enter_context(getattr(layer.events, name).blocker(adapt))
            yield
        layer._clear_extent()

    def _layer_of(self, name: str, grid: Array, units: Sequence[str]) -> Any:
        layer = self.get(name)
        if layer is not None and layer.ndim != grid.dims:
            self._viewer.layers.remove(self._layers.pop(name))
            layer = None
        if layer is not None:
            if tuple(map(str, layer.units)) != tuple(units):
                layer.units = list(units)
            return layer
        active = self._viewer.layers.selection.active
        place = {
            "name": name,
            "units": list(units),
            "axis_labels": list(grid.axis_names[grid.channel_dims :]),
            "metadata": {OWNER: name},
        }
        if name == LINES:
            self._layers[name] = self._viewer.add_shapes(
                ndim=grid.dims,
                scale=grid.physical_voxel_size,
                features={"label": np.empty(0, dtype=object)},
                text={
                    "string": "{label}",
                    "size": round(TEXT_PIXELS * _POINTS_PER_PIXEL),
                    "color": "white",
                    "anchor": "center",
                    "blending": "translucent_no_depth",
                },
                opacity=1.0,
                blending="translucent_no_depth",
                **place,
            )
            self._layers[name].editable = False
        else:
            from napari.utils.colormaps import DirectLabelColormap

            self._layers[name] = self._viewer.add_labels(
                np.zeros((1,) * grid.dims, dtype=np.uint8),
                scale=grid.physical_voxel_size,
                translate=[(o + v / 2) / grid.subdivision for o, v in zip(grid.offset, grid.voxel_size, strict=True)],
                colormap=DirectLabelColormap(color_dict={None: _NOTHING, 0: _NOTHING, 1: COLOURS["object"]}),
                opacity=0.35,
                blending="translucent_no_depth",
                **place,
            )
            self._layers[name].editable = False
            below = self.get(LINES)
            if below is not None:
                # Lines lie on top of what they are about.
                self._viewer.layers.move(self._viewer.layers.index(below), len(self._viewer.layers))
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        return self._layers[name]


def _place(layer: Any, scale: np.ndarray, translate: np.ndarray) -> None:
    """Put a layer somewhere; napari adapts the whole viewer whenever that is set, changed or not."""
    for name, values in (("scale", scale), ("translate", translate)):
        if not np.array_equal(getattr(layer, name), values):
            setattr(layer, name, values)


def _plate(centre: np.ndarray, size: tuple[float, float], shown: Sequence[int], pixel: float) -> np.ndarray:
    """The rectangle that a label is written on, [4, axes]."""
    a, b = shown
    height, width = (s * pixel / 2 for s in size)
    corners = np.array([centre] * 4)
    corners[:, a] += np.array([-height, -height, height, height])
    corners[:, b] += np.array([-width, width, width, -width])
    return corners
