"""Sessions made of the dock's settings and the viewer, and restored to them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from napari.layers import Image, Layer
from napari.utils.colormaps import AVAILABLE_COLORMAPS

from predictor_inspector.core.config import config_of, predictor_from_config, predictor_to_config
from predictor_inspector.core.networks import network_from_config, network_to_config
from predictor_inspector.data.layers import SOURCE
from predictor_inspector.data.opening import list_arrays
from predictor_inspector.data.source import open_input
from predictor_inspector.data.stores.path import place_of, shown_path
from predictor_inspector.inspection.engine.predictions import Prediction
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.review import Review, Verdict
from predictor_inspector.inspection.loss import LOSSES
from predictor_inspector.inspection.output.session import (
    AxesReading,
    Camera,
    Compute,
    Data,
    Display,
    Judgement,
    Look,
    Origin,
    Region,
    Session,
)
from predictor_inspector.inspection.roundtrip import DECODERS
from predictor_inspector.plugin.layers.layer_data import layer_data
from predictor_inspector.plugin.layers.owned import is_owned, role_of
from predictor_inspector.plugin.layers.results import ROLES, TARGET, VIEWS
from predictor_inspector.plugin.model import axes as model_axes
from predictor_inspector.plugin.model.predictions import LayerPrediction, ModelChoice, ModelPrediction
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.model.world import World
from predictor_inspector.plugin.tabs import TabContext

_DRAWN = ("drawn_as", "opacity", "colour_bars", "panes", "network_boxes")  # settings of how results are drawn


def session_of(context: TabContext) -> Session:
    """What dock and viewer show; ``ValueError`` if there is no ground truth."""
    settings, viewer = context.settings, context.viewer
    layer, mask, raw, axes = settings.gt_layer, settings.mask_layer, settings.raw_layer, settings.axes
    if layer is None:
        raise ValueError("There is no ground truth, so there is nothing to save.")
    inspection = context.controller.inspection
    known: dict[str, Any] = {
        "mode": settings.region_mode,
        "thickness": settings.thickness,
        "follows_slice": settings.box_follows_slice or None,
        "position": context.derived.position,
    }
    roi = settings.box if settings.region_mode == "box" or inspection is None else inspection.roi
    region = Region(**known) if roi is None or settings.gt is None else Region.of(roi, settings.gt, **known)
    compared_with = context.derived.compared_with
    has_time = axes is not None and axes.time
    return Session(
        data=Data(
            ground_truth=origin_of(layer),
            mask=None if mask is None else origin_of(mask),
            raw=None if raw is None else origin_of(raw),
            others=_others(viewer, layer, mask, raw),
            index={"t": model_axes.time_index(layer, view_of(viewer, settings.units))} if has_time else {},
            axes=None if axes is None else AxesReading(spatial=axes.spatial, time=axes.time),
        ),
        predictor=settings.config,
        compared_with=None if compared_with is None else predictor_to_config(compared_with),
        network=None if settings.network is None else network_to_config(settings.network),
        region=region,
        compute=Compute.model_validate(settings, from_attributes=True),
        judgement=_judgement(context),
        display=_display(settings, viewer, World(viewer, settings.units)),
        notes=settings.notes,
        review=settings.review.listing(listed_findings(context)) or None,
    )


def listed_findings(context: TabContext) -> tuple[Finding, ...]:
    """What is found now, in the region shown and over training samples."""
    found, survey = tuple(context.derived.findings or ()), context.derived.survey
    here = Review(known=tuple(map(Verdict.of, found)))
    return (*found, *(t.worst for t in (() if survey is None else survey.tallies) if here.is_new(t.worst)))


def apply_session(session: Session, context: TabContext) -> None:
    """Restore dock and viewer; layers that are there already are used, others are opened.

    Raises ``ValueError`` or ``FileNotFoundError`` if data can't be opened or a setting is refused, and leaves what was
    restored until then.
    """
    viewer = context.viewer
    for origin in session.data.others or ():
        _open_beside(origin, viewer)
    gt = _layer_for(session.data.ground_truth, viewer, "ground truth")
    mask = None if session.data.mask is None else _layer_for(session.data.mask, viewer, "mask")
    raw = None if session.data.raw is None else _layer_for(session.data.raw, viewer, "raw data")
    judgement = session.judgement or Judgement()
    for predicted in filter(None, (judgement.prediction, judgement.versus)):
        _open_beside(predicted, viewer)
    with context.settings.together():
        context.settings.gt_layer = gt
        apply_settings(session, context, mask, raw)
        context.settings.review = context.settings.review.as_loaded()
        _look_there(session.display, viewer, World(viewer, context.settings.units))
    context.controller.compute()


def apply_settings(session: Session, context: TabContext, mask: Any | None, raw: Any | None) -> None:
    """Restore all that is set in the dock for its ground truth; a ``ValueError`` if something is refused.

    Without a layer of raw data, those that are found stay.
    """
    settings, data = context.settings, session.data
    live, settings.live = settings.live, False
    try:
        settings.mask_layer = mask
        if raw is not None:
            settings.raw_layer = raw
        if data.axes is not None:
            axes = model_axes.Axes(data.axes.spatial, data.axes.time)
            if axes != settings.axes:
                settings.axes = axes
        settings.config = session.predictor
        settings.network = None if session.network is None else network_from_config(session.network)
        settings.device = session.compute.device
        settings.outside, settings.balance_over = session.compute.outside, session.compute.balance_over
        settings.thickness = session.region.thickness
        roi = None if settings.gt is None else session.region.roi(settings.gt)
        if session.region.mode == "box" and roi is not None:
            settings.box = roi
        settings.region_mode, settings.box_follows_slice = session.region.mode, bool(session.region.follows_slice)
        settings.notes, settings.review = session.notes, Review(session.review or ())
        _judge_by(session.judgement or Judgement(), context)
        other = session.compared_with
        context.derived.compared_with = None if other is None else predictor_from_config(other)
    finally:
        settings.live = live


def apply_style(display: Display, context: TabContext) -> None:
    """Restore which view is shown, and the style of layers; to be called when the layers show a result."""
    with context.settings.together():
        if display.view is not None:
            context.settings.shown = next((name for name, role in ROLES.items() if role == display.view), "off")
        for name in _DRAWN:
            value = getattr(display, name)
            if value is not None:
                setattr(context.settings, name, value)
    for layer in context.viewer.layers:
        look = display.layers.get(role_of(layer) or layer.name)
        if look is not None:
            _style(layer, look)


def _judgement(context: TabContext) -> Judgement:
    derived = context.derived
    layers: dict[str, Any] = {}
    models: dict[Any, Any] = {}
    for role in ("prediction", "versus"):
        chosen = getattr(derived, role)
        if isinstance(chosen, LayerPrediction):
            layers[role] = origin_of(chosen.layer)
            layers["logits"] = chosen.logits
        elif isinstance(chosen, ModelPrediction) and chosen.choice.path:
            models[role] = chosen.choice.config
    return Judgement(
        **layers,
        models=models or None,
        loss=config_of(LOSSES, derived.loss),
        decoder=None if derived.decoder is None else config_of(DECODERS, derived.decoder),
        imperfection=vars(derived.imperfection),
    )


def _judge_by(judgement: Judgement, context: TabContext) -> None:
    """Restore what networks are judged by; predictions whose layers aren't there, or not yet, aren't chosen, models not run."""
    derived, models = context.derived, judgement.models or {}
    for role in ("prediction", "versus"):
        origin = getattr(judgement, role)
        layer = None if origin is None else layer_from(origin, context.viewer)
        chosen: Prediction | None = None if layer is None else LayerPrediction(layer, judgement.logits)
        if role in models:
            chosen = ModelPrediction(ModelChoice.from_config(models[role]))
        setattr(derived, role, chosen)
    derived.loss = judgement.made_loss() or derived.loss
    derived.decoder, derived.imperfection = judgement.made_decoder(), judgement.made_imperfection()


def origin_of(layer: Any) -> Origin:
    """Where a layer's array comes from, as far as it is known."""
    known = layer.metadata.get(SOURCE)
    if known is not None:
        return Origin(path=known["path"], name=known["name"], layer=layer.name, axes=known.get("axes"))
    path = getattr(layer.source, "path", None)
    return Origin(path=None if path is None else shown_path(path), layer=layer.name)


def _layer_for(origin: Origin, viewer: Any, role: str) -> Any:
    """The layer that shows an array, opened if there is none yet."""
    same = layer_from(origin, viewer)
    if same is not None:
        return same
    if origin.path is None:
        raise ValueError(
            f"The {role} was the layer {origin.layer!r}, which never was in a file, and there is no layer of that name; "
            "add it, then load the session again."
        )
    name = origin.layer or origin.name or place_of(origin.path).stem
    array = open_input(origin.path, origin.name, origin.axes)
    data = layer_data(
        array, name, "image" if role == "raw data" else "labels", source=(origin.path, origin.name), axes=origin.axes
    )
    return viewer.add_layer(Layer.create(*data))


def layer_from(origin: Origin, viewer: Any) -> Any | None:
    """The layer that shows an array; None if there is none."""
    return next((layer for layer in viewer.layers if not is_owned(layer) and _is_from(layer, origin)), None)


def _others(viewer: Any, *known: Any) -> tuple[Origin, ...]:
    """Where further layers of a viewer come from, as far as they come from files."""
    layers = [layer for layer in viewer.layers if not is_owned(layer) and layer not in known]
    return tuple(origin for origin in map(origin_of, layers) if origin.path is not None and origin.name is not None)


def _open_beside(origin: Origin, viewer: Any) -> None:
    """Show an array with the ground truth, unless it is shown, or gone: results don't depend on it."""
    if origin.path is None or layer_from(origin, viewer) is not None:
        return
    with suppress(ValueError, OSError, ImportError):
        found = next((stored for stored in list_arrays(origin.path) if stored.name == origin.name), None)
        if found is not None:
            source = (origin.path, origin.name)
            visible = found.kind != "mask"
            viewer.add_layer(
                Layer.create(*layer_data(found.array, origin.layer or found.name, found.kind, visible, source))
            )


def _is_from(layer: Any, origin: Origin) -> bool:
    own = origin_of(layer)
    if origin.path is None or own.path is None:
        return origin.path is own.path and own.layer == origin.layer
    if shown_path(own.path) != shown_path(origin.path) or own.axes != origin.axes:
        return False
    if own.name is None or origin.name is None:
        return own.layer == origin.layer
    return own.name.strip("/") == origin.name.strip("/")


def _display(settings: Settings, viewer: Any, world: World) -> Display:
    camera, dims = viewer.scene.camera, viewer.dims
    target = next((layer for layer in viewer.layers if role_of(layer) == TARGET), None)
    drawn: dict[str, Any] = {name: getattr(settings, name) for name in _DRAWN}
    drawn["view"] = ROLES.get(settings.shown, "off")
    return Display(
        **drawn,
        channel=0 if target is None else max(0, round(dims.point[dims.ndim - target.ndim])),
        ndisplay=dims.ndisplay,
        point=_floats(world.point.tolist()),
        camera=Camera(
            center=_floats(world.center.tolist()), zoom=1 / float(world.pixel[-1]), angles=_floats(camera.angles)
        ),
        layers={role_of(layer) or layer.name: _look_of(layer) for layer in viewer.layers},
    )


def _look_there(display: Display, viewer: Any, world: World) -> None:
    """Slice, dimensions and camera."""
    dims = viewer.dims
    dims.ndisplay = display.ndisplay
    backwards = zip(reversed(range(dims.ndim)), reversed(display.point), strict=False)
    world.show_slice(dict(backwards))
    if display.camera is not None:
        world.look_at(display.camera.center[-dims.ndisplay :], 1 / display.camera.zoom)
        viewer.scene.camera.angles = display.camera.angles


def _has_contrast(layer: Any) -> bool:
    return isinstance(layer, Image) and not layer.rgb


def _look_of(layer: Any) -> Look:
    contrast = {}
    if _has_contrast(layer):
        contrast = {
            "contrast_limits": _floats(layer.contrast_limits),
            "gamma": float(layer.gamma),
            "colormap": layer.colormap.name,
        }
    return Look(visible=layer.visible, opacity=float(layer.opacity), **contrast)


def _style(layer: Any, look: Look) -> None:
    layer.opacity = look.opacity
    if role_of(layer) not in VIEWS:
        layer.visible = look.visible
    if not _has_contrast(layer):
        return
    if look.contrast_limits is not None and look.contrast_limits[0] < look.contrast_limits[1]:
        (low, high), (lowest, highest) = look.contrast_limits, layer.contrast_limits_range
        layer.contrast_limits_range = (min(low, lowest), max(high, highest))
        layer.contrast_limits = look.contrast_limits
    if look.gamma is not None:
        layer.gamma = look.gamma
    # The plugin's own colormap for signed values isn't among napari's; the layer has it already.
    if look.colormap in AVAILABLE_COLORMAPS:
        layer.colormap = look.colormap


def _floats(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(float(value) for value in values)
