"""Actions: the ways out that messages and findings offer, which the dock shows as buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from napari.layers import Labels

from predictor_inspector.data.layers import ABOUT, about_of, array_from_layer, usual_order
from predictor_inspector.data.repair import Repair
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.data.units import short_unit, unit_factor
from predictor_inspector.inspection.findings import Cure
from predictor_inspector.plugin.model.layer_choice import mask_among
from predictor_inspector.plugin.model.settings import SAVED, Settings

_MOST_VALUES = 1 << 28  # of a layer that is copied to be mended


@dataclass(frozen=True)
class Desk:
    """What an action may use: the settings, and a way to the viewer."""

    settings: Settings
    add_layer: Callable[[Any], Any]  # adds a napari layer to the viewer, and gives it back


@dataclass(frozen=True)
class Action:
    """A way out: what its button says, and what that does. `InspectorWidget.perform` makes it one step of the history.

    `run` may raise a ``ValueError``, an ``OSError`` or an ``ImportError``, which the dock shows as a message.
    """

    title: str
    run: Callable[[Desk], None]


def action_of(cure: Cure) -> Action:
    """What the button of a finding's cure does."""

    def run(desk: Desk) -> None:
        settings = desk.settings
        if cure.repair is not None:
            mend(desk, cure.repair)
        if cure.raw_moved_by:
            move_raw(settings, cure.raw_moved_by)
        if cure.parameters:
            settings.choose_parameters({**settings.predictor_choice.chosen, **cure.parameters})
        if cure.network and settings.network is not None:
            settings.network = replace(settings.network, **cure.network)  # type: ignore[type-var]
        for name in SAVED:
            if name in cure.settings:
                setattr(settings, name, cure.settings[name])

    return Action(cure.title, run)


def mend(desk: Desk, repair: Repair, layer: Any = None) -> None:
    """Add mended copies of ground truth, or of another layer that is to be it, and mask to the viewer, and inspect those.

    A ``ValueError`` if a layer is too large to be copied.
    """
    settings = desk.settings
    gt, mask, axes, review = layer or settings.gt_layer, settings.mask_layer, settings.axes, settings.review
    if repair.labels is None and mask is None and settings.gt is not None:
        # Rather the mask that is there than one that is made.
        beside, _ = mask_among(settings.layers.mask_layer, gt, settings.gt)
        if beside is not None:
            settings.mask_layer = beside
            return
    ids = _values_of(gt)
    known = None if repair.annotated is None else repair.annotated(ids)
    if repair.labels is not None and (unknown := about_of(gt).unknown):
        # They aren't repaired but masked, since the copy doesn't say that they mean so.
        annotated = ~np.isin(ids, unknown)
        ids = np.where(annotated, ids, 0).astype(ids.dtype)
        known = annotated if known is None else known & annotated
    labels = None if repair.labels is None else repair.labels(ids)
    if known is not None:
        if mask is not None:
            known &= _on_grid(mask, gt, axes) != 0
        mask = desk.add_layer(_beside(gt, known.astype(np.uint8), f"annotated ({gt.name})", visible=False))
    elif repair.mask is not None and mask is not None:
        mask = desk.add_layer(_beside(mask, repair.mask(_values_of(mask)), f"{mask.name} (mended)", visible=False))
    if labels is not None:
        settings.gt_layer = desk.add_layer(_beside(gt, labels, f"{gt.name} (mended)"))
        if layer is None:
            settings.axes, settings.review = axes, review
        gt.visible = False
    if mask is not None:
        settings.mask_layer = mask


def move_raw(settings: Settings, by: Sequence[float]) -> None:
    """Move the layer of raw data by so many voxels of the ground truth, along its spatial axes."""
    layer, gt = settings.raw_layer, settings.gt
    if layer is None or gt is None:
        return
    stretch = np.diag(np.asarray(layer.affine.affine_matrix))[-gt.dims - 1 : -1]
    units = [float(unit_factor(gt.unit, short_unit(unit))) for unit in layer.units[-gt.dims :]]
    steps = np.array(by) * gt.physical_voxel_size * units / stretch
    layer.translate = [*layer.translate[: -gt.dims], *(layer.translate[-gt.dims :] + steps)]


def put_in_usual_order(desk: Desk, layer: Any) -> None:
    """Add the layer's data, which aren't copied, with time and channels before space, and inspect that."""
    order = usual_order(layer)
    if order is None:
        return
    levels = [level.transpose(order) for level in (layer.data if layer.multiscale else [layer.data])]
    matrix = np.asarray(layer.affine.affine_matrix)[np.ix_((*order, len(order)), (*order, len(order)))]
    moved = Labels(
        levels if layer.multiscale else levels[0],
        multiscale=layer.multiscale,
        name=f"{layer.name} (axes moved)",
        opacity=0.5,
        scale=[layer.scale[axis] for axis in order],
        translate=[layer.translate[axis] for axis in order],
        affine=matrix,
        units=[layer.units[axis] for axis in order],
        axis_labels=[layer.axis_labels[axis] for axis in order],
    )
    if ABOUT in layer.metadata:
        known = layer.metadata[ABOUT]
        moved.metadata[ABOUT] = {**known, "scale": [known["scale"][axis] for axis in order]}
    desk.settings.gt_layer = desk.add_layer(moved)
    layer.visible = False


def _on_grid(mask: Any, gt: Any, axes: Any) -> np.ndarray:
    """A mask's values on the ground truth's voxels."""
    grid = array_from_layer(gt, 0, axes.spatial)
    values: np.ndarray = read_on_grid(array_from_layer(mask, 0, min(axes.spatial, mask.ndim)), grid.roi, grid).numpy()
    return values


def _values_of(layer: Any) -> np.ndarray:
    data = layer.data[0] if layer.multiscale else layer.data
    if np.prod(data.shape) > _MOST_VALUES:
        raise ValueError(f"layer {layer.name!r} is too large to be copied here; mend its file instead")
    return np.asarray(data)


def _beside(layer: Any, values: np.ndarray, name: str, visible: bool = True) -> Labels:
    """A layer of labels that lies where another one lies; what that calls unknown isn't in it."""
    known = {ABOUT: {**layer.metadata[ABOUT], "unknown": ()}} if ABOUT in layer.metadata else {}
    return Labels(
        values,
        metadata=known,
        name=name,
        visible=visible,
        opacity=0.5,
        scale=layer.scale,
        translate=layer.translate,
        affine=layer.affine,
        units=layer.units,
        axis_labels=layer.axis_labels,
    )
