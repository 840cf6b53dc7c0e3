"""`OwnedLayers`: layers that the plugin makes, found by role and updated with one redraw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

import numpy as np
from napari.layers import Layer, Shapes
from vispy.visuals import MeshVisual

from predictor_inspector.plugin.layers.grid import CanvasGrid
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.model.world import lengths

OWNER = "predictor_inspector"  # metadata key of layers that the plugin made; its value is the layer's role

PREFIX = "▸ "  # of the names of layers that the plugin made: they stand out in the list

Kind = Literal["image", "labels", "shapes"]


def role_of(layer: Any) -> Any:
    """What the plugin made a layer for; None if it didn't make it."""
    return layer.metadata.get(OWNER)


def layer_name(role: str) -> str:
    """The name that a layer of this role is given."""
    return PREFIX + role


def is_owned(layer: Any) -> bool:
    """Whether the plugin made this layer."""
    return OWNER in layer.metadata


class OwnedLayers:
    """The plugin's layers in one viewer, each found by its role even if it was renamed.

    Layers that an earlier dock left in the viewer are taken over. Only this module uses private names of napari.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.grid = CanvasGrid(viewer)  # there is one, whoever shows panes
        self._layers: dict[str, Any] = {}
        self.letters = 1.0  # size of what is written on the canvas, relative to what is usual
        self._depth = 0
        for layer in viewer.layers:
            role = role_of(layer)
            # A copy that a person has made of a layer comes after it.
            if role is not None and self._layers.setdefault(role, layer) is layer:
                self._take(layer)

    def find(self, role: str) -> Any | None:
        """The layer of this role; None if there is none, or a person has removed it."""
        layer = self._layers.get(role)
        if layer is not None and layer not in self.viewer.layers:
            del self._layers[role]
            return None
        return layer

    def find_for(self, role: str, geometry: LayerGeometry) -> Any | None:
        """The layer of this role, removed if it has another number of axes."""
        layer = self.find(role)
        if layer is not None and layer.ndim != len(geometry.scale):
            self.remove(role)
            return None
        return layer

    def add(self, kind: Kind, role: str, data: Any, geometry: LayerGeometry, **options: Any) -> Any:
        """Make a layer; the selected layers and the slider used last stay the same.

        Options are those of napari's function that adds such layers. Data of shapes are a list of arrays.
        """
        options = {"name": layer_name(role), "metadata": {OWNER: role}, "blending": "translucent_no_depth"} | options
        if kind == "shapes":
            options["ndim"] = len(geometry.scale)
        with self._selection_kept():
            layer = getattr(self.viewer, f"add_{kind}")(data, **geometry._asdict(), **options)
        if kind != "image":
            layer.editable = False
        self._take(layer)
        self._layers[role] = layer
        return layer

    def add_copy(self, role: str, layer: Any) -> Any:
        """Make a layer that looks like another one and has the same data; selection and slider stay as they are."""
        data, attributes, kind = layer.as_layer_data_tuple()
        attributes |= {"name": layer_name(role), "metadata": {OWNER: role}}
        with self._selection_kept():
            copy = self.viewer.add_layer(Layer.create(data, attributes, kind))
        copy.editable = False
        self._layers[role] = copy
        return copy

    def put(
        self,
        kind: Kind,
        role: str,
        data: Any,
        geometry: LayerGeometry,
        new: Mapping[str, Any] | None = None,
        **attributes: Any,
    ) -> Any:
        """Give a layer data, place and attributes with one redraw; a missing one is made, with the options `new`."""
        layer = self.find_for(role, geometry)
        if layer is None:
            layer = self.add(kind, role, data, geometry, **(new or {}))
        with self.quietly(layer):
            # Tiles are filled into the same array.
            if layer.data is not data:
                layer.data = data
            self.place(layer, geometry)
            for name, value in attributes.items():
                setattr(layer, name, value)
        return layer

    def place(self, layer: Any, geometry: LayerGeometry) -> None:
        """Put a layer somewhere, within `quietly`; napari adapts the viewer to what is set, changed or not."""
        for name in differing(layer, geometry):
            setattr(layer, name, getattr(geometry, name))

    def give_units(self, units: Sequence[Any]) -> None:
        """Give the last axes of all layers these units, lest they hold the world to the unit of before."""
        for layer in map(self.find, list(self._layers)):
            if layer is not None:
                near = tuple(units)[-layer.ndim :]
                wanted = (*layer.units[: layer.ndim - len(near)], *near)
                if tuple(layer.units) != wanted:
                    layer.units = wanted

    @contextmanager
    def quietly(self, *layers: Any) -> Iterator[None]:
        """Change data and place of layers with one redraw of each, and one update of sliders, at the outermost end."""
        adapt, before = self.viewer._on_layers_change, [_words(layer) for layer in layers]
        extents = [layer.extent for layer in layers]
        with ExitStack() as blocked:
            for layer in layers:
                blocked.enter_context(layer._block_refresh())
                for name in ("data", "units", "axis_labels"):
                    blocked.enter_context(getattr(layer.events, name).blocker(adapt))
                # What is drawn is put in its place by the refresh, that of a hidden layer by the one when it is shown.
                for name in ("scale", "translate"):
                    blocked.enter_context(getattr(layer.events, name).blocker())
                if isinstance(layer, Shapes):
                    blocked.enter_context(layer.events.data.blocker())
                    if not layer.selected_data:
                        # The mark of selected shapes costs a compiled shader.
                        blocked.enter_context(layer.events.highlight.blocker())
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
        if self._depth:
            return
        present = [layer for layer in layers if layer in self.viewer.layers]
        for layer in present:
            # Hidden layers keep the extent they had when they were last seen.
            layer._clear_extent()
        stays = all(map(self._moves_within, layers, extents))
        if before != [_words(layer) for layer in layers] or (not stays and self._sliders_differ()):
            adapt()
        for layer in present:
            if isinstance(layer, Shapes):
                layer.refresh(thumbnail=False, highlight=bool(layer.selected_data))
            else:
                layer.refresh()

    def move_shapes(self, layer: Any, paths: Mapping[int, np.ndarray]) -> None:
        """Give shapes, by their indices, other vertices, within `quietly`; others stay, even in the middle of a drag."""
        with layer._data_view.batched_updates():
            for index, path in paths.items():
                layer._data_view.edit(index, path)
        if layer.selected_data & set(paths):
            layer._selected_box = layer.interaction_box(layer.selected_data)

    def grasp_only(self, layer: Any, index: int) -> None:
        """Let the mouse find one of a layer's shapes only: the others are neither outlined nor dragged."""
        if "_get_value" in vars(layer):
            return
        find = layer._get_value

        def found(position: Any) -> Any:
            view = layer._data_view
            if "_visible_shapes" not in vars(view):
                # napari draws shapes in slices less than half a step away, but looks for them in those at whole steps only.
                key, view._slice_key = view._slice_key, np.round(view._slice_key)
                _ = view._visible_shapes  # kept until shapes or slice change
                view._slice_key = key
            value = find(position)
            return value if value[0] == index else (None, None)

        layer._get_value = found

    def _take(self, layer: Any) -> None:
        """Prepare a layer that is new here."""
        self._mind_units(layer)
        if isinstance(layer, Shapes):
            self._make_cheap(layer)

    def _make_cheap(self, layer: Any) -> None:
        """Let a layer of shapes be drawn with the shaders that it has, and without a picture in the list of layers.

        vispy's meshes compile their shaders anew for whatever vertices they get, since each time they make the same function
        again. Together with the thumbnail that takes longer than all else.
        """
        layer._allow_thumbnail_update = False
        window = getattr(self.viewer, "window", None)
        visual = window and window._qt_viewer.canvas.layer_to_visual.get(layer)
        for part in visual.node._subvisuals if visual else ():
            if isinstance(part, MeshVisual):
                same = part._build_color_transform(np.zeros((1, 4)))
                part._build_color_transform = lambda _colours, same=same: same

    def show(self, *roles: str) -> None:
        """Make layers visible."""
        self._set_visible(roles, True)

    def hide(self, *roles: str) -> None:
        """Make layers invisible."""
        self._set_visible(roles, False)

    def remove(self, *roles: str) -> None:
        """Remove layers."""
        there = [role for role in roles if self.find(role) is not None]
        if not there:
            return
        # Whenever layers are gone, napari collects garbage and waits for OpenGL.
        with self.viewer.layers.batched_update():
            for role in there:
                self.viewer.layers.remove(self._layers.pop(role))

    def keep_on_top(self, *roles: str) -> None:
        """Move layers, all of them unless roles are given, above all others; among themselves they stay in order."""
        layers, moved = self.viewer.layers, [self.find(role) for role in roles or list(self._layers)]
        places = [index for index, layer in enumerate(layers) if layer in moved]
        if places != list(range(len(layers) - len(places), len(layers))):
            layers.move_multiple(places, len(layers))

    def make_canvas_current(self) -> None:
        """Make the canvas' OpenGL context the current one, before any layer is removed.

        napari then flushes what is queued for the canvas to whichever context is current. That of a window that was closed
        leaves buffers empty, and drawing them ends the process.
        """
        window = getattr(self.viewer, "window", None)  # a model without a window has no canvas
        if window is not None:
            window._qt_viewer.canvas._scene_canvas.set_current()

    def canvas_and_list(self) -> tuple[Any, Any] | None:
        """The widgets that show layers and their names; None for a model without a window."""
        window = getattr(self.viewer, "window", None)
        return None if window is None else (window._qt_viewer.canvas.native, window._qt_viewer.layers)

    def _mind_units(self, layer: Any) -> None:
        """Let napari find the mouse on a layer whose unit isn't the world's.

        It draws such layers right, but its tools and its status bar take the world's numbers for the layer's own, and make
        the handles of shapes as much too large.
        """
        dims, update_draw = self.viewer.dims, layer._update_draw

        def world_to_data(position: Any) -> Any:
            own = np.zeros(layer.ndim)
            near = np.asarray(position, dtype=float)[-layer.ndim :]
            own[layer.ndim - len(near) :] = near
            return layer._transforms[1:].simplified.inverse(own * lengths(dims.units, layer.units))

        def update_draw_in_own_unit(scale_factor: float, corner_pixels_displayed: Any, shape_threshold: Any) -> None:
            own = lengths(dims.units, layer.units)[list(layer._slice_input.displayed)]
            update_draw(scale_factor * own[-1], np.asarray(corner_pixels_displayed) * own, shape_threshold)

        layer.world_to_data, layer._update_draw = world_to_data, update_draw_in_own_unit

    def _set_visible(self, roles: Sequence[str], visible: bool) -> None:
        for layer in map(self.find, roles):
            # To set it costs a redraw, changed or not.
            if layer is not None and layer.visible != visible:
                layer.visible = visible

    def _moves_within(self, layer: Any, before: Any) -> bool:
        """Whether other layers reach further along the axes with sliders than a layer did and does: quick to tell."""
        dims, now = self.viewer.dims, layer.extent
        first = dims.ndim - layer.ndim
        axes = [axis for axis in dims.not_displayed if axis >= first]
        own = [axis - first for axis in axes]
        if first < 0 or not np.array_equal(before.step, now.step):
            return False
        same = np.all(before.world == now.world, axis=0)[own]
        ranges, reach = np.array(dims.range)[axes].T, np.concatenate([before.world, now.world])[:, own]
        within = np.all((reach > ranges[0]) & (reach < ranges[1]), axis=0)
        same_unit = tuple(layer.units) == tuple(dims.units or ())[first:]
        return bool(np.all(same | within if same_unit else same))

    def _sliders_differ(self) -> bool:
        """Whether the axes with sliders have other ranges, by more than rounding errors."""
        ranges, dims = self.viewer.layers._ranges, self.viewer.dims
        if len(ranges) != dims.ndim:
            return True
        axes = list(dims.not_displayed)
        wanted, shown = np.array(ranges)[axes], np.array(dims.range)[axes]
        return bool(np.any(np.abs(wanted - shown) > 1e-6 * wanted[:, 2:]))

    @contextmanager
    def _selection_kept(self) -> Iterator[None]:
        """Keep what is selected, and the slider used last; napari selects what is new only where nothing was selected.

        The camera stays, too, which a new axis would let napari set back.
        """
        layers, dims, camera = self.viewer.layers, self.viewer.dims, self.viewer.scene.camera
        slider, center, zoom = dims.last_used - dims.ndim, camera.center, camera.zoom
        # To select a layer and then another one again builds and styles half of napari's window twice.
        selects, layers._activate_on_insert = layers._activate_on_insert, not layers.selection
        try:
            yield
        finally:
            layers._activate_on_insert = selects
        if (camera.center, camera.zoom) != (center, zoom):
            camera.center, camera.zoom = center, zoom
        if dims.ndim + slider in dims.not_displayed:
            dims.last_used = dims.ndim + slider


def differing(layer: Any, geometry: LayerGeometry) -> list[str]:
    """The fields of a geometry that aren't those of a layer."""
    numbers = [n for n in ("scale", "translate") if not np.array_equal(getattr(layer, n), getattr(geometry, n))]
    words = [n for n in ("units", "axis_labels") if tuple(map(str, getattr(layer, n))) != getattr(geometry, n)]
    return numbers + words


def _words(layer: Any) -> tuple[Any, ...]:
    """What the viewer says of a layer's axes."""
    return tuple(layer.units), tuple(layer.axis_labels)
