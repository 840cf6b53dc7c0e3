"""The documentation's drawings, made from the sample volume whenever the documentation is built.

A hook of mkdocs: every function below that ends in a figure becomes `images/made/NAME.png`. To look at them alone:

    python scripts/docs_pictures.py FOLDER
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from runpy import run_path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from funlib.geometry import Roi
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
    StarDistPredictor,
)
from predictor_inspector.core.ops.star_distances import directions
from predictor_inspector.data import cells_2d, neurites
from predictor_inspector.data.source import Source
from predictor_inspector.data.training_samples.pipeline import load
from predictor_inspector.data.training_samples.sample import Layout, samples_from
from predictor_inspector.inspection import Inspection, Request, inspect, run
from predictor_inspector.inspection.findings import find
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample
from predictor_inspector.inspection.output.pictures import sample_figure
from predictor_inspector.inspection.output.pictures.colours import SIGNED, label_colours
from predictor_inspector.inspection.roundtrip import Decoder, planned_sweep, sweep
from predictor_inspector.inspection.roundtrip import round_trip as go_round
from predictor_inspector.inspection.roundtrip.decoders import Threshold, Watershed
from predictor_inspector.inspection.roundtrip.mutex_watershed import MutexWatershed

SLICE = 30
PLACE = (40, 100)  # first row and column, in voxels, of most pictures
SIDE = 96
DPI = 110

mpl.rcParams |= {"font.size": 9, "axes.titlesize": 9, "axes.titlelocation": "left", "figure.facecolor": "white"}


@cache
def sample() -> Any:
    return neurites()


def region(gt: Array, place: tuple[int, int] = PLACE, side: int = SIDE) -> Roi:
    """A square of one slice."""
    (row, column), (z, y, x) = place, gt.voxel_size
    return Roi((SLICE * z, row * y, column * x), (z, side * y, side * x))


def inspected(predictor: Predictor, gt: Array, roi: Roi | None = None, **options: Any) -> Inspection:
    return inspect(predictor, gt, region(gt) if roi is None else roi, device="cpu", **options)


def flat(array: Array, channel: int = 0) -> np.ndarray:
    """One channel of a region that is a slice thin."""
    values = array.numpy()
    return values[channel, 0] if array.channel_dims else values[0]


def row(titles: Sequence[str], height: float = 2.6, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure of pictures side by side."""
    columns = -(-len(titles) // rows)
    figure = Figure((columns * (height - 0.3), rows * height), dpi=DPI, layout="constrained")
    axes = list(np.ravel(figure.subplots(rows, columns)))
    for ax, title in zip(axes, titles, strict=False):
        ax.set_title(title)
    for ax in axes:
        ax.set_xticks([])
        ax.set_yticks([])
    return figure, axes


def affinities() -> Figure:
    """Three offsets, and where a voxel's partner lies."""
    gt = sample().labels
    roi = region(gt, (76, 116), 40)
    offsets = ((0, 1, 0), (0, 0, 1), (0, 0, 9))
    result = inspected(AffinitiesPredictor(neighborhood=offsets, lsds=False), gt, roi)
    figure, axes = row(["ground truth", *(f"{name}" for name in result.channel_names)])
    axes[0].imshow(label_colours(flat(gt[roi])))
    for k, ax in enumerate(axes[1:]):
        ax.imshow(flat(result.target, k), cmap="gray", vmin=0, vmax=1)
        _, dy, dx = offsets[k]
        ax.annotate(
            "",
            (6 + max(dx, 2 * (dx > 0)), 6 + max(dy, 2 * (dy > 0))),
            (6, 6),
            arrowprops={"arrowstyle": "-|>", "color": "tab:red", "lw": 2, "shrinkA": 0, "shrinkB": 0},
        )
    return figure


def shape_descriptors() -> Figure:
    """All ten channels."""
    gt = sample().labels
    result = inspected(AffinitiesPredictor(neighborhood=((0, 0, 1),), lsds=True, num_voxels=5), gt)
    names = result.channel_names[1:]
    figure, axes = row(["ground truth", "", *(name.removeprefix("lsd ") for name in names)], 1.9, rows=3)
    axes[0].imshow(label_colours(flat(gt[region(gt)])))
    axes[1].axis("off")
    for k, ax in enumerate(axes[2:]):
        ax.imshow(flat(result.target, k + 1), cmap="gray", vmin=0, vmax=1)
    return figure


def window_size() -> Figure:
    """The same channel for windows from too small to too large."""
    gt = sample().labels
    sizes = (1, 3, 8, 20)
    figure, axes = row([f"num_voxels = {n}: σ = {20 * n} nm" for n in sizes])
    for ax, n in zip(axes, sizes, strict=True):
        result = inspected(AffinitiesPredictor(neighborhood=((0, 0, 1),), lsds=True, num_voxels=n), gt)
        ax.imshow(flat(result.target, 3), cmap="gray", vmin=0, vmax=1)
    return figure


def tanh() -> Figure:
    """Targets over distance, and along a line through the sample."""
    gt = sample().labels
    roi = region(gt)
    figure = Figure((8.6, 2.6), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    distance = np.linspace(-250, 250, 501)
    for scale in (20, 60, 200):
        left.plot(distance, np.tanh(distance / scale), label=f"{scale} nm")
        values = flat(inspected(DistancePredictor(["neurites"], scale, False), gt).target)[60]
        right.plot((np.arange(len(values)) + 0.5) * 8, values)
    ids = flat(gt[roi])[60]
    right.imshow(label_colours(ids[None]), extent=(0, len(ids) * 8, -1.3, -1.1), aspect="auto")
    right.set(ylim=(-1.3, 1.05), xlim=(0, len(ids) * 8), xlabel="position along a row of voxels / nm", ylabel="target")
    left.set(xlabel="signed distance / nm", ylabel="target")
    left.legend(title="scale_factor", frameon=False)
    left.axhline(0, color="0.8", lw=0.8, zorder=0)
    right.axhline(0, color="0.8", lw=0.8, zorder=0)
    return figure


def scale_factor() -> Figure:
    gt = sample().labels
    scales = (20, 60, 200)
    figure, axes = row(["ground truth", *(f"scale_factor = {s} nm" for s in scales)])
    axes[0].imshow(label_colours(flat(gt[region(gt)])))
    for ax, scale in zip(axes[1:], scales, strict=True):
        target = inspected(DistancePredictor(["neurites"], scale, False), gt).target
        ax.imshow(flat(target), cmap=SIGNED, vmin=-1, vmax=1)
    return figure


def distance_mask() -> Figure:
    """Weights near the end of the annotation, with and without the distance mask."""
    gt, mask = sample().labels, sample().annotated
    roi = region(gt, (40, 150))
    figure, axes = row(["ground truth", "target", "weight, mask_distances off", "weight, mask_distances on"])
    results = [inspected(DistancePredictor(["neurites"], 120, on), gt, roi, mask=mask) for on in (False, True)]
    axes[0].imshow(label_colours(flat(gt[roi])))
    axes[1].imshow(flat(results[0].target), cmap=SIGNED, vmin=-1, vmax=1)
    for ax, result in zip(axes[2:], results, strict=True):
        ax.imshow(flat(result.weight), cmap="magma", vmin=0, vmax=3)
    for ax in axes:
        ax.contour(flat(mask[roi]), [0.5], colors="tab:cyan", linewidths=1.2)
    return figure


def distances_compared() -> Figure:
    """The three predictors of distances on one binary channel."""
    organelles = sample().organelles
    gt = organelles.like(organelles.data[:1], organelles.axis_names)
    names = ["mitochondria"]
    roi = region(gt, (100, 60))
    figure, axes = row(["ground truth", "signed distance", "inner distance", "hot distance: hot …", "… and distance"])
    axes[0].imshow(flat(gt[roi]), cmap="gray")
    axes[1].imshow(flat(inspected(DistancePredictor(names, 60, True), gt, roi).target), cmap=SIGNED, vmin=-1, vmax=1)
    axes[2].imshow(flat(inspected(InnerDistancePredictor(names, 60), gt, roi).target), cmap=SIGNED, vmin=-1, vmax=1)
    hot = inspected(HotDistancePredictor(names, 60, True), gt, roi).target
    axes[3].imshow(flat(hot, 0), cmap="gray")
    axes[4].imshow(flat(hot, 1), cmap=SIGNED, vmin=-1, vmax=1)
    return figure


def boundary() -> Figure:
    """The three modes, and only where objects meet."""
    gt = sample().labels
    kinds = {
        "mode = thick": BoundaryPredictor(),
        "inner": BoundaryPredictor(mode="inner"),
        "outer": BoundaryPredictor(mode="outer"),
        "thick, thickness = (0, 2, 2)": BoundaryPredictor((0, 2, 2), connectivity="corners"),
        "… without background": BoundaryPredictor((0, 2, 2), connectivity="corners", with_background=False),
    }
    roi = region(gt, (76, 116), 48)
    figure, axes = row(["ground truth", *kinds])
    axes[0].imshow(label_colours(flat(gt[roi])))
    for ax, predictor in zip(axes[1:], kinds.values(), strict=True):
        ax.imshow(flat(inspected(predictor, gt, roi).target), cmap="gray", vmin=0, vmax=1)
    return figure


def cellpose_flows() -> Figure:
    """Flows of some nuclei as arrows and by channel, and where they have weight."""
    gt = cells_2d((96, 96)).labels
    result = inspect(CellposeFlowsPredictor(2, 30.0), gt, device="cpu")
    flow_y, flow_x, cell = result.target.numpy()
    figure, axes = row(["ground truth and flows", "flow y", "flow x", "cell", "weight of flows"], 2.9)
    axes[0].imshow(label_colours(gt.numpy()))
    ys, xs = np.nonzero(cell)
    few = (ys % 4 == 2) & (xs % 4 == 2)
    ys, xs = ys[few], xs[few]
    axes[0].quiver(xs, ys, flow_x[ys, xs], flow_y[ys, xs], angles="xy", color="white", scale=28, width=0.006)
    for ax, values in zip(axes[1:3], (flow_y, flow_x), strict=True):
        ax.imshow(values, cmap=SIGNED, vmin=-1, vmax=1)
    axes[3].imshow(cell, cmap="gray", vmin=0, vmax=1)
    axes[4].imshow(result.weight.numpy()[0], cmap="magma", vmin=0, vmax=1)
    return figure


def stardist() -> Figure:
    """The polygon of each nucleus, the object, two rays, and the weight of rays."""
    gt = cells_2d((96, 96)).labels
    predictor = StarDistPredictor(2, 40)
    result = inspect(predictor, gt, device="cpu")
    labels, target, ways = gt.numpy(), result.target.numpy(), directions(predictor.rays, (1, 1))
    figure, axes = row(
        ["ground truth and polygons", "object", "ray 0, to the right", "ray 8, down", "weight of rays"], 2.9
    )
    axes[0].imshow(label_colours(labels))
    for one in np.unique(labels)[1:]:
        middle = np.array(np.unravel_index((target[0] * (labels == one)).argmax(), labels.shape))
        ends = middle + target[(slice(1, None), *middle)][:, None] * ways
        for end in ends:
            axes[0].plot(*np.stack([middle, end], 1)[::-1], color="white", linewidth=0.4)
        axes[0].fill(ends[:, 1], ends[:, 0], fill=False, edgecolor="white", linewidth=1)
    axes[0].set(xlim=(-0.5, 95.5), ylim=(95.5, -0.5))
    for ax, channel in zip(axes[1:4], (0, 1, 9), strict=True):
        ax.imshow(target[channel], cmap="viridis", vmin=0)
    axes[4].imshow(result.weight.numpy()[1], cmap="magma", vmin=0, vmax=1)
    return figure


TRIP = Roi((10 * 20, 64 * 8, 40 * 8), (32 * 20, 128 * 8, 128 * 8))
"""The region of the page on round trips."""


def round_trips() -> dict[str, tuple[Inspection, Decoder]]:
    nearest = AffinitiesPredictor(((1, 0, 0), (0, 1, 0), (0, 0, 1)), lsds=False)
    distance = DistancePredictor(["neurites"], 60, True)
    gt, mask = sample().labels, sample().annotated
    affinity, signed = (inspected(p, gt, TRIP, mask=mask) for p in (nearest, distance))
    return {
        "affinities, mutex watershed": (affinity, MutexWatershed()),
        "distance, watershed": (signed, Watershed(smallest=20)),
        "distance, threshold": (signed, Threshold()),
    }


def round_trip() -> Figure:
    """Ground truth, and what decoders get back from perfect predictions."""
    trips = {title: go_round(*made) for title, made in round_trips().items()}
    figure, axes = row(["ground truth", *(f"{title}: {t.scores.arand:.2g}" for title, t in trips.items())], 2.9)
    for ax, ids in zip(
        axes, [next(iter(trips.values())).truth, *(t.segmentation for t in trips.values())], strict=True
    ):
        ax.imshow(label_colours(ids.numpy()[16]))
    return figure


def sweeps() -> Figure:
    """Adapted Rand errors over noise and over the scale factor."""
    figure = Figure((8.6, 2.8), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    trips = round_trips()
    for title, (inspection, decoder) in trips.items():
        points = sweep(inspection, decoder, planned_sweep("noise=0:0.4:9", inspection.request, decoder))
        left.plot(*zip(*((p.value, p.scores.arand) for p in points if p.scores), strict=True), ".-", label=title)
    inspection, _ = trips["distance, watershed"]
    points = sweep(inspection, Watershed(), planned_sweep("scale_factor=20:200:13", inspection.request, Watershed()))
    right.plot(*zip(*((p.value, p.scores.arand) for p in points if p.scores), strict=True), ".-", color="tab:orange")
    left.set(xlabel="noise", ylabel="adapted Rand error", ylim=(0, 1.5), yticks=np.linspace(0, 1, 6))
    left.legend(frameon=False, loc="upper left")
    right.set(xlabel="scale_factor / nm, distance and watershed", ylabel="adapted Rand error", ylim=(0, 1))
    return figure


def one_hot() -> Figure:
    """A semantic segmentation and its channels."""
    labels, organelles = sample().labels, sample().organelles.numpy()
    inside = (labels.numpy() > 0).astype(np.uint8)
    gt = labels.like(np.where(organelles[0] > 0, 2, np.where(organelles[1] > 0, 3, inside)).astype(np.uint8))
    roi = region(gt, (140, 0))
    classes = ["outside", "cytoplasm", "mitochondrion"]
    result = inspected(OneHotPredictor(classes), gt, roi)
    figure, axes = row(["ground truth: ids 0 … 3", *classes, "weight"])
    axes[0].imshow(flat(gt[roi]), cmap="viridis", vmin=0, vmax=3)
    for k, ax in enumerate(axes[1:-1]):
        ax.imshow(flat(result.target, k), cmap="gray", vmin=0, vmax=1)
    axes[-1].imshow(flat(result.weight), cmap="magma", vmin=0, vmax=1)
    return figure


def balance() -> Figure:
    """The weight of a class over its share of the voxels."""
    figure = Figure((4.6, 2.6), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    share = np.linspace(0.002, 0.998, 500)
    for low in (0.05, 0.15):
        ax.plot(share, 0.5 / np.clip(share, low, 1 - low), label=f"clipmin {low:g}, clipmax {1 - low:g}")
    ax.axhline(1, color="0.8", lw=0.8, zorder=0)
    ax.set(xlabel="share of the class among the voxels that count", ylabel="weight", ylim=(0, None), xlim=(0, 1))
    ax.legend(frameon=False)
    return figure


def outside() -> Figure:
    """What padding with 0 does at the edge of the data."""
    gt = sample().labels
    roi = region(gt, (0, 100), 64)
    predictor = DistancePredictor(["neurites"], 60, False)
    figure, axes = row(["ground truth at the data's edge", "outside = clip", "outside = zero"])
    axes[0].imshow(label_colours(flat(gt[roi])))
    for ax, way in zip(axes[1:], ("clip", "zero"), strict=True):
        ax.imshow(flat(inspected(predictor, gt, roi, outside=way).target), cmap=SIGNED, vmin=-1, vmax=1)
    return figure


def slider_to_canvas() -> Figure:
    """The hops of one change through the dock, as the controller's module tells them."""
    controller = Path(__file__).parents[1] / "src" / "predictor_inspector" / "plugin" / "live" / "controller.py"
    told = ast.get_docstring(ast.parse(controller.read_text("utf-8"))) or ""
    hops = [" ".join(hop.split()) for hop in re.findall(r"^\d+\. (.+?)(?=^\d+\. |\Z|\n\n)", told, re.M | re.S)]
    columns = 5
    rows = -(-len(hops) // columns)
    figure = Figure((8.6, 1.25 * rows), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, columns), ylim=(rows, 0))
    ax.axis("off")
    centres = []
    for i, hop in enumerate(hops):
        y, x = divmod(i, columns)
        # Rows run to and fro, so that the path has no jumps.
        centres.append(((x if y % 2 == 0 else columns - 1 - x) + 0.5, y + 0.5))
        text = fill(f"{i + 1}  {hop.rstrip(',;.').replace('`', '')}", 24)
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#eef1fb", "edgecolor": "#4051b5"}
        ax.text(*centres[-1], text, ha="center", va="center", fontsize=6.5, bbox=box, zorder=2)
    ax.plot(*zip(*centres, strict=True), color="#4051b5", lw=1.2, zorder=1)
    return figure


def notebook() -> Figure:
    """What a cell shows of an inspection."""
    nuclei = cells_2d((192, 256))
    predictor = DistancePredictor(["cells"], scale_factor=10.0, mask_distances=True)
    return inspect(predictor, nuclei.labels, raw=nuclei.raw).plot().figure


def training_sample() -> Figure:
    """A sample of the example pipeline whose target was made before a flip."""
    pipeline = Path(__file__).parents[1] / "docs" / "examples" / "samples.py"
    (given,) = samples_from(load(f"{pipeline}:Crops")(flip_last=False)[1], Layout({}))
    nearest = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    return sample_figure(ComparedSample(1, given, nearest))


def raw_against_labels() -> Figure:
    """A shift, a membrane that is missing, and one that runs through an object."""
    faults = Path(__file__).parents[1] / "docs" / "examples" / "faults.py"
    arrays = run_path(str(faults))["faults"]()
    raw, shifted, labels = (array.numpy() for array in arrays[:3])
    source = Source(arrays[2], arrays[3], arrays[0])
    result = run(Request(AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False), source, device="cpu"))
    found = find(result, only=["membrane-inside"])
    figure, axes = row(["raw-misaligned", "no-membrane-between", "membrane-inside"], 3.2)
    for ax, values, z, (y, x) in zip(
        axes, (shifted, raw, raw), (24, 24, 30), ((170, 60), (170, 60), (100, 86)), strict=True
    ):
        here = (z, slice(y, y + 84), slice(x, x + 84))
        ax.imshow(values[here], cmap="gray")
        ids = labels[here]
        chosen = np.unique(ids) if ax is axes[0] else (375, 999) if ax is axes[1] else (201,)
        for number in chosen:
            ax.contour(ids == number, [0.5], colors="gold", linewidths=0.8)
    where = np.zeros(labels.shape, bool)
    for finding in found:
        where[source.gt.to_slices(finding.where.roi)] |= finding.where.mask.numpy()
    rows, columns = np.nonzero(where[30, 100:184, 86:170])
    axes[2].plot(columns, rows, ".", color="tab:red", markersize=2)
    return figure


PICTURES: tuple[Callable[[], Figure], ...] = (
    affinities,
    balance,
    boundary,
    cellpose_flows,
    stardist,
    distance_mask,
    distances_compared,
    notebook,
    one_hot,
    outside,
    raw_against_labels,
    round_trip,
    scale_factor,
    shape_descriptors,
    slider_to_canvas,
    sweeps,
    tanh,
    training_sample,
    window_size,
)


def png(figure: Figure) -> bytes:
    file = BytesIO()
    # No date and no version, so that the same picture is the same file.
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


@cache
def drawn() -> dict[str, bytes]:
    """All pictures; made once, also where mkdocs builds again and again."""
    return {picture.__name__: png(picture()) for picture in PICTURES}


def on_files(files: Any, config: Any, **_: object) -> Any:
    """Add the pictures to the documentation's files."""
    from mkdocs.structure.files import File

    for name, content in drawn().items():
        files.append(File.generated(config, f"images/made/{name}.png", content=content))
    return files


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in drawn().items():
        (folder / f"{name}.png").write_bytes(content)
