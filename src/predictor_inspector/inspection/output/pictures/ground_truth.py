"""The ground truth in a figure: labels over raw data, with the regions of an inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.resample import on_grid
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.output.pictures import colours
from predictor_inspector.inspection.output.pictures.panels import SMALL, thin_frame
from predictor_inspector.inspection.output.pictures.planes import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 0.02
"""Around the largest region, as a share of its width."""

_OVER_RAW = 0.45  # opacity of labels over raw data
_OUTLINED_FROM = 60  # voxels: where they are drawn larger, outlines would hide the objects
_OUTSIDE_ROI = 0.5  # of the brightness that context keeps
_LINES: dict[str, dict[str, Any]] = {
    "ROI": {"color": colours.ROI, "linestyle": "-"},
    "GT context": {"color": colours.CONTEXT, "linestyle": "--"},
    "padding": {"color": colours.PADDING, "linestyle": ":"},
}
_BEYOND: dict[str, Any] = {"facecolor": "white", "edgecolor": colours.BEYOND, "hatch": "////", "linewidth": 0.8}
_UNKNOWN, _DOTS = 0.55, 0.8  # greys of what is not annotated


def all_regions(inspection: Inspection) -> Roi:
    """The region that all regions of an inspection lie in."""
    regions = inspection.regions
    return regions.gt_region.union(regions.padding_region).union(regions.read_region)


def labels_picture(inspection: Inspection, plane: Plane, roi: Roi) -> np.ndarray:
    """Labels in colour, over raw data if there are any, with thin outlines: [rows, columns, 3]; only they are read."""
    gt, raw = on_grid(inspection.gt, roi, inspection.gt), inspection.request.source.raw_picture
    labels: Any = plane.values(gt)
    if gt.channel_dims:
        labels = labels.reshape(-1, *labels.shape[-2:])
        picture, labels = colours.channel_colours(labels), (labels > 0).any(0)
    else:
        picture = colours.label_colours(labels)
    if raw is None:
        return with_outlines(picture, labels)
    values = plane.values(on_grid(raw, roi, gt)).astype(np.float64)
    low, high = np.percentile(values, [1, 99])
    grey = np.clip((values - low) / max(high - low, 1e-12), 0, 1)[..., None]
    mixed = _OVER_RAW * with_outlines(picture, labels, background=False) + (1 - _OVER_RAW) * grey
    seen: np.ndarray = np.where(labels[..., None] > 0, mixed, grey)
    return seen


def with_outlines(picture: np.ndarray, labels: np.ndarray, background: bool = True) -> np.ndarray:
    """The picture, [rows, columns, 3], darker where labels, [rows, columns], change; small ones stay as they are.

    Without `background` only where objects touch, which shows apart what has alike colours.
    """
    if max(labels.shape) <= _OUTLINED_FROM:
        return picture
    edge = np.zeros(labels.shape, dtype=bool)
    for here, there in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        edge[here] |= (labels[here] != labels[there]) & (background | ((labels[here] > 0) & (labels[there] > 0)))
    outlined: np.ndarray = np.where(edge[..., None], 0.35 * picture, picture)
    return outlined


def draw_regions(axes: Axes, inspection: Inspection, plane: Plane) -> None:
    """A plane of the ground truth with ROI, context, padding, and what is not annotated or beyond the data."""
    gt, regions = inspection.gt, inspection.regions
    picture = labels_picture(inspection, plane, gt.roi)
    if plane.cuts(inspection.roi):
        inside = gt.to_slices(inspection.roi)
        context = np.ones(picture.shape[:2], dtype=bool)
        context[inside[plane.rows], inside[plane.columns]] = False
        picture[context] *= _OUTSIDE_ROI
    if inspection.mask is not None:
        values = plane.values(inspection.mask)
        unknown = ~(values.reshape(-1, *values.shape[-2:]) != 0).any(0)
        period = max(4, max(unknown.shape) // 40)
        dots = (np.indices(unknown.shape) % period < period / 4).all(0)
        picture[unknown] = 0.25 * picture[unknown] + 0.75 * _UNKNOWN
        picture[unknown & dots] = _DOTS
    axes.imshow(picture, extent=plane.extent(gt.roi, gt.subdivision), interpolation="nearest")
    for part in regions.beyond_data:
        if plane.cuts(part):
            _outline(axes, plane, gt, part, **_BEYOND)
    for label, roi in (("padding", regions.padding_region), ("GT context", regions.gt_region), ("ROI", inspection.roi)):
        _outline(axes, plane, gt, roi, fill=False, linewidth=1.8, path_effects=_dark_edge(), **_LINES[label])
    left, right, bottom, top = plane.extent(all_regions(inspection), gt.subdivision)
    margin = MARGIN * (right - left)
    axes.set(xlim=(left - margin, right + margin), ylim=(bottom + margin, top - margin), facecolor="#f2f2f2")
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=6)
    thin_frame(axes)


def draw_legend(figure: Figure, box: tuple[float, float, float, float], inspection: Inspection) -> None:
    """What outlines and hatches mean, at the top of `box`: left, bottom, width and height in inches."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], label=label, linewidth=2, path_effects=_dark_edge(), **look) for label, look in _LINES.items()
    ]
    if inspection.regions.beyond_data:
        handles.append(Patch(label="context beyond the data", **_BEYOND))
    if inspection.mask is not None:
        grey, dots = str(_UNKNOWN), str(_DOTS)
        handles.append(Patch(label="not annotated", facecolor=grey, edgecolor=dots, hatch="....", linewidth=0))
    look: dict[str, Any] = {"fontsize": SMALL, "frameon": False, "handlelength": 2.2, "columnspacing": 1.4}
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": box, "bbox_transform": figure.dpi_scale_trans}
    figure.legend(handles=handles, ncols=max(2, int(box[2] / 1.75)), **place, **look)


def _outline(axes: Axes, plane: Plane, gt: Array, roi: Roi, **look: Any) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = plane.extent(roi, gt.subdivision)
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, **look))


def _dark_edge() -> list[Any]:
    """Black around a bright line, so that it is seen on anything."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=3.2, foreground="black", alpha=0.55), Normal()]
