"""The ground truth in a picture, with the regions of an inspection drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.slices import Plane
from predictor_inspector.inspection.output.pictures import colours
from predictor_inspector.inspection.output.pictures.panels import GREY, NORMAL, SMALL, scale_bar, thin_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROOM = 0.02  # around the largest region, as a share of its width
_ENTRY = 1.75  # width of an entry of the legend, in inches
_OVER_RAW = 0.45  # opacity of labels where there are raw data beneath
_OUTLINED_FROM = 60  # voxels: where they are larger, outlines would hide the objects
_OUTSIDE_ROI = 0.5  # of the brightness that context keeps


def shown_box(inspection: Inspection) -> Roi:
    """What the panel shows: all regions."""
    regions = inspection.regions
    return regions.gt_region.union(regions.padding_region).union(regions.read_region)


def draw_ground_truth(
    figure: Figure, box: tuple[float, float, float, float], inspection: Inspection, plane: Plane, raw: Array | None
) -> list[Axes]:
    """The plane, and in 3-D below it a cut along the third axis, on one scale; returns their axes.

    Parameters
    ----------
    box : tuple of float
        Left, bottom, width and height of the place for both, as fractions of the figure.
    raw : Array or None
        Raw data on the grid of the ground truth, without channel axes.
    """
    whole, names = shown_box(inspection), inspection.gt.axis_names[inspection.gt.channel_dims :]
    planes = [plane]
    if whole.dims == 3:
        planes.append(plane.across(3 - plane.rows - plane.columns))
    room = _ROOM * whole.shape[plane.columns]
    shares = np.array([whole.shape[p.rows] + 2 * room for p in planes])
    gap = 0.012 if len(planes) > 1 else 0.0
    left, bottom, width, height = box
    heights = (height - gap) * shares / shares.sum()
    panels: list[Axes] = []
    top = bottom + height
    for drawn, high in zip(planes, heights, strict=True):
        axes = figure.add_axes((left, top - high, width, high), sharex=panels[0] if panels else None)
        top -= high + gap
        _draw_plane(axes, inspection, drawn, raw, whole)
        axes.set_ylabel(f"{names[drawn.rows]} [{inspection.gt.unit}]", fontsize=NORMAL)
        panels.append(axes)
    panels[0].set_title(_caption(inspection, plane, names), fontsize=NORMAL, loc="left", pad=4)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel(f"{names[plane.columns]} [{inspection.gt.unit}]", fontsize=NORMAL)
    scale_bar(panels[0], inspection.gt.unit)
    return panels


def draw_legend(figure: Figure, box: tuple[float, float, float, float], inspection: Inspection) -> None:
    """What the outlines and hatches mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    dark = _dark_edge()
    handles: list[Any] = [
        Line2D([], [], color=colours.ROI, linewidth=2, label="ROI", path_effects=dark),
        Line2D([], [], color=colours.CONTEXT, linewidth=2, linestyle="--", label="GT context", path_effects=dark),
        Line2D([], [], color=colours.PADDING, linewidth=2, linestyle=":", label="padding", path_effects=dark),
    ]
    if inspection.regions.beyond_data:
        handles.append(
            Patch(
                facecolor="white",
                edgecolor=colours.BEYOND,
                hatch="////",
                linewidth=0.8,
                label="context beyond the data",
            )
        )
    if inspection.mask is not None:
        handles.append(
            Patch(facecolor="#8a8a8a", edgecolor="#cccccc", hatch="....", linewidth=0, label="not annotated")
        )
    left, bottom, width, height = box
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(left, bottom, width, height),
        ncols=max(2, int(width * figure.get_figwidth() / _ENTRY)),
        fontsize=SMALL,
        frameon=False,
        handlelength=2.2,
        columnspacing=1.4,
    )


def _caption(inspection: Inspection, plane: Plane, names: tuple[str, ...]) -> str:
    gt = inspection.gt
    others = [axis for axis in range(gt.dims) if axis not in (plane.rows, plane.columns)]
    through = ", ".join(
        f"{names[a]} = {(2 * plane.at[a] + gt.voxel_size[a]) / (2 * gt.subdivision):.12g} {gt.unit}" for a in others
    )
    return "ground truth" + (f" at {through}" if through else "")


def _draw_plane(axes: Axes, inspection: Inspection, plane: Plane, raw: Array | None, whole: Roi) -> None:
    gt, regions = inspection.gt, inspection.regions
    extent = plane.extent(gt.roi, gt.subdivision)
    axes.imshow(labels_picture(gt, plane, raw), extent=extent, interpolation="nearest", aspect="auto")
    if plane.cuts(inspection.roi):
        _shade_outside(axes, plane, gt, inspection.roi)
    if inspection.mask is not None:
        _stipple_unknown(axes, plane, inspection.mask)
    for part in regions.beyond_data:
        if plane.cuts(part):
            _outline(axes, plane, gt, part, colours.BEYOND, "-", 0.8, hatch="////", face="white", order=3)
    _outline(axes, plane, gt, regions.padding_region, colours.PADDING, ":", 1.8)
    _outline(axes, plane, gt, regions.gt_region, colours.CONTEXT, (0, (5, 2.5)), 1.8)
    _outline(axes, plane, gt, inspection.roi, colours.ROI, "-", 1.8)
    left, right, bottom, top = plane.extent(whole, gt.subdivision)
    room = _ROOM * (right - left)
    axes.set_xlim(left - room, right + room)
    axes.set_ylim(bottom + room, top - room)
    axes.set_aspect("equal", adjustable="box")
    axes.set_facecolor("#f2f2f2")
    axes.tick_params(labelsize=SMALL, length=2.5, width=0.6, color=GREY)
    axes.locator_params(axis="x", nbins=5)
    axes.locator_params(axis="y", nbins=6)
    thin_frame(axes)


def labels_picture(gt: Array, plane: Plane, raw: Array | None) -> np.ndarray:
    """Labels in colour with thin outlines, over the raw data if there are any: [rows, columns, 3]."""
    labels: Any = plane.values(gt)
    if gt.channel_dims:
        labels = labels.reshape(-1, *labels.shape[-2:])
        picture = colours.channel_colours(labels)
        labels = (labels > 0).any(0)
    else:
        picture = colours.label_colours(labels)
    if raw is not None:
        grey = _stretched(plane.values(raw))[..., None]
        picture = np.where(labels[..., None] > 0, _OVER_RAW * picture + (1 - _OVER_RAW) * grey, grey)
    elif max(labels.shape) > _OUTLINED_FROM:
        picture[colours.outlines(labels)] *= 0.35
    return np.asarray(np.clip(picture, 0, 1))


def _stretched(raw: np.ndarray) -> np.ndarray:
    """Intensities between their 1st and 99th percentile as 0 … 1."""
    low, high = np.percentile(raw, [1, 99])
    return np.asarray(np.clip((raw.astype(np.float64) - low) / max(high - low, 1e-12), 0, 1))


def _shade_outside(axes: Axes, plane: Plane, gt: Array, roi: Roi) -> None:
    """Darken what is context only, so that the ROI stands out."""
    left, right, bottom, top = plane.extent(roi, gt.subdivision)
    far = plane.extent(gt.roi, gt.subdivision)
    boxes = [
        (far[0], left, far[2], far[3]),
        (right, far[1], far[2], far[3]),
        (left, right, top, far[3]),
        (left, right, far[2], bottom),
    ]
    for x0, x1, y0, y1 in boxes:
        axes.fill_between([x0, x1], y0, y1, color="black", alpha=1 - _OUTSIDE_ROI, linewidth=0, zorder=2)


def _stipple_unknown(axes: Axes, plane: Plane, mask: Array) -> None:
    values = plane.values(mask)
    known: Any = values.reshape(-1, *values.shape[-2:]).any(0)
    grey = np.zeros((*known.shape, 4))
    grey[~known] = (0.55, 0.55, 0.55, 0.75)
    rows, columns = np.indices(known.shape)
    period = max(4, max(known.shape) // 40)
    grey[~known & (rows % period < period / 4) & (columns % period < period / 4)] = (0.8, 0.8, 0.8, 0.9)
    extent = plane.extent(mask.roi, mask.subdivision)
    axes.imshow(grey, extent=extent, interpolation="nearest", aspect="auto", zorder=2.5)


def _outline(
    axes: Axes,
    plane: Plane,
    gt: Array,
    roi: Roi,
    colour: str,
    style: Any,
    width: float,
    hatch: str | None = None,
    face: str = "none",
    order: float = 4,
) -> None:
    from matplotlib.patches import Rectangle

    left, right, bottom, top = plane.extent(roi, gt.subdivision)
    patch = Rectangle(
        (left, top), right - left, bottom - top, facecolor=face, edgecolor=colour, linewidth=width, zorder=order
    )
    patch.set_linestyle(style)
    if hatch:
        patch.set_hatch(hatch)
    else:
        patch.set_path_effects(_dark_edge())
    axes.add_patch(patch)


def _dark_edge() -> list[Any]:
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=3.2, foreground="black", alpha=0.55), Normal()]
