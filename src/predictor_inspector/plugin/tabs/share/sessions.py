"""The dock and the viewer as a session, and a session as the dock and the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.data.source import open_input
from predictor_inspector.inspection.output.session import (
    Axes,
    Camera,
    Compute,
    Data,
    Display,
    Look,
    Origin,
    Region,
    Session,
)
from predictor_inspector.plugin.layers.layer_data import SOURCE, layer_data, with_source
from predictor_inspector.plugin.layers.owned import is_owned, layer_kind, role_of
from predictor_inspector.plugin.layers.results import RGB, TARGET, WEIGHT
from predictor_inspector.plugin.model import axes as plugin_axes

_VIEWS = (TARGET, WEIGHT, RGB)


def session_of(widget: Any, viewer: Any, notes: str = "", position: int | None = None) -> Session:
    """What the dock and the viewer show.

    Parameters
    ----------
    widget : InspectorWidget
        Only what it can be driven by is read.
    viewer : napari.Viewer
        The viewer that it is docked in.
    notes : str
        What somebody wrote about it.
    position : int, optional
        Which of the training positions is shown.

    Raises
    ------
    ValueError
        If there is no ground truth.
    """
    layer = widget.gt_layer
    if layer is None:
        raise ValueError("There is no ground truth, so there is nothing to save.")
    inspection, axes = widget.inspection, widget.axes
    known: dict[str, Any] = {"mode": widget.region_mode, "thickness": widget.thickness, "position": position}
    region = Region(**known) if inspection is None else Region.of(inspection.roi, inspection.target, **known)
    index = {}
    if axes is not None and axes.time:
        dim = viewer.dims.ndim - layer.ndim
        index["t"] = max(0, round((viewer.dims.point[dim] - float(layer.translate[0])) / float(layer.scale[0])))
    return Session(
        data=Data(
            ground_truth=source_of(layer),
            mask=None if widget.mask_layer is None else source_of(widget.mask_layer),
            index=index,
            axes=None if axes is None else Axes(spatial=axes.spatial, time=axes.time),
        ),
        predictor=widget.config,
        region=region,
        compute=Compute(device=widget.device, outside=widget.outside, balance_over=widget.balance_over),
        display=_display(viewer),
        notes=notes,
    )


def apply_session(session: Session, widget: Any, viewer: Any) -> None:
    """Make dock and viewer what they were; layers that are there already are used, others are opened.

    Raises
    ------
    ValueError, FileNotFoundError
        If data can't be opened, or the dock refuses something. What was done until then stays.
    """
    gt = _layer_for(session.data.ground_truth, viewer, "ground truth")
    mask = None if session.data.mask is None else _layer_for(session.data.mask, viewer, "mask")
    live, widget.live = widget.live, False
    try:
        widget.gt_layer, widget.mask_layer = gt, mask
        if session.data.axes is not None:
            axes = plugin_axes.Axes(session.data.axes.spatial, session.data.axes.time)
            if axes != widget.axes:
                widget.axes = axes
        widget.config = session.predictor
        widget.device = session.compute.device
        widget.outside, widget.balance_over = session.compute.outside, session.compute.balance_over
        widget.thickness = session.region.thickness
        _look_there(session.display, viewer)
        roi = session.region.roi(plugin_axes.array_at(gt, widget.axes, 0, _view(viewer)))
        if session.region.mode == "box" and roi is not None:
            widget.box = roi
        else:
            widget.region_mode = session.region.mode
    finally:
        widget.live = live
    widget.compute()


def dress(display: Display, widget: Any, viewer: Any) -> None:
    """Give the result's layers the look that they had; to be called when they show a result."""
    if display.view is not None:
        widget.look_at(display.view)
    for layer in viewer.layers:
        look = display.layers.get(role_of(layer) or layer.name)
        if look is not None:
            _wear(layer, look)


def source_of(layer: Any) -> Origin:
    """Where a layer's array lies, as far as it is known."""
    known = layer.metadata.get(SOURCE)
    if known is not None:
        return Origin(path=known["path"], name=known["name"], layer=layer.name)
    path = getattr(layer.source, "path", None)
    return Origin(path=None if path is None else str(Path(path).absolute()), layer=layer.name)


def _layer_for(source: Origin, viewer: Any, role: str) -> Any:
    """The layer that shows an array, opened if there is none yet."""
    same = [layer for layer in viewer.layers if not is_owned(layer) and _is(layer, source)]
    if same:
        return same[0]
    if source.path is None:
        raise ValueError(
            f"The {role} was the layer {source.layer!r}, which never was in a file, and there is no layer of that name; "
            "add it, then load the session again."
        )
    from napari.layers import Layer

    array: Array = open_input(source.path, source.name)
    name = source.layer or source.name or Path(source.path).stem
    layer = with_source(layer_data(array, name, "labels"), source.path, source.name)
    return viewer.add_layer(Layer.create(*layer))


def _is(layer: Any, source: Origin) -> bool:
    of_layer = source_of(layer)
    if source.path is None or of_layer.path is None:
        return source.path is None and of_layer.layer == source.layer
    same_file = Path(of_layer.path).absolute() == Path(source.path).absolute()
    if of_layer.name is None or source.name is None:
        return same_file and of_layer.layer == source.layer
    return same_file and of_layer.name.strip("/") == source.name.strip("/")


def _display(viewer: Any) -> Display:
    views = [layer for layer in viewer.layers if role_of(layer) in _VIEWS]
    shown = [layer for layer in views if layer.visible]
    target = next((layer for layer in views if role_of(layer) == TARGET), None)
    camera, dims = viewer.scene.camera, viewer.dims
    channel = 0 if target is None else max(0, round(dims.point[dims.ndim - target.ndim]))
    return Display(
        view=role_of(shown[-1]) if shown else None,
        channel=channel,
        ndisplay=dims.ndisplay,
        point=_plain(dims.point),
        camera=Camera(center=_plain(camera.center), zoom=float(camera.zoom), angles=_plain(camera.angles)),
        layers={role_of(layer) or layer.name: _look_of(layer) for layer in viewer.layers},
    )


def _look_of(layer: Any) -> Look:
    coloured = layer_kind(layer) == "image" and not layer.rgb
    return Look(
        visible=layer.visible,
        opacity=float(layer.opacity),
        contrast_limits=_plain(layer.contrast_limits) if coloured else None,
        gamma=float(layer.gamma) if coloured else None,
        colormap=layer.colormap.name if coloured else None,
    )


def _wear(layer: Any, look: Look) -> None:
    from napari.utils.colormaps import AVAILABLE_COLORMAPS

    layer.opacity = look.opacity
    if role_of(layer) not in _VIEWS:
        layer.visible = look.visible
    if layer_kind(layer) != "image" or layer.rgb:
        return
    if look.contrast_limits is not None and look.contrast_limits[0] < look.contrast_limits[1]:
        low, high = look.contrast_limits
        known = layer.contrast_limits_range
        layer.contrast_limits_range = (min(low, known[0]), max(high, known[1]))
        layer.contrast_limits = look.contrast_limits
    if look.gamma is not None:
        layer.gamma = look.gamma
    # The dock's own colormap for signed values isn't among napari's; it is worn already.
    if look.colormap in AVAILABLE_COLORMAPS:
        layer.colormap = look.colormap


def _look_there(display: Display, viewer: Any) -> None:
    """Slice, dimensions and camera."""
    viewer.dims.ndisplay = display.ndisplay
    ndim = min(viewer.dims.ndim, len(display.point))
    for back in range(1, ndim + 1):
        viewer.dims.set_point(viewer.dims.ndim - back, display.point[-back])
    if display.camera is not None:
        camera = viewer.scene.camera
        camera.center = display.camera.center[-len(camera.center) :]
        camera.zoom = display.camera.zoom
        camera.angles = display.camera.angles


def _view(viewer: Any) -> Any:
    from predictor_inspector.plugin.model.view import view_of

    return view_of(viewer)


def _plain(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(float(value) for value in values)
