"""Pictures of the pages of questions and of the gallery, drawn with the helpers of docs_pictures.py.

A hook of mkdocs. To look at the pictures alone:

python scripts/docs_answers.py FOLDER
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from docs_pictures import DPI, TRIP, flat, inspected, png, region, row, sample
from funlib.geometry import Roi
from matplotlib.figure import Figure

from predictor_inspector.core import AffinitiesPredictor, DistancePredictor
from predictor_inspector.inspection.output.pictures.colours import SIGNED, label_colours
from predictor_inspector.inspection.roundtrip import round_trip
from predictor_inspector.inspection.roundtrip.mutex_watershed import MutexWatershed

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def foreground() -> Figure:
    """Where objects touch, what is positive is nearly everything; two targets that tell them apart."""
    gt = sample().labels
    distance = inspected(DistancePredictor(["neurites"], 60, False), gt).target
    affinity = inspected(AffinitiesPredictor(NEAREST, lsds=False), gt).target
    figure, axes = row(["ground truth", "distance > 0", "distance", "affinities, smallest"], 2.6)
    axes[0].imshow(label_colours(flat(gt[region(gt)])))
    axes[1].imshow(flat(distance) > 0, cmap="gray", vmin=0, vmax=1)
    axes[2].imshow(flat(distance), cmap=SIGNED, vmin=-1, vmax=1)
    axes[3].imshow(affinity.numpy()[:, 0].min(0), cmap="gray", vmin=0, vmax=1)
    return figure


def decoder_offsets() -> Figure:
    """What the decoder makes of the same affinities, told three lists of offsets."""
    made = inspected(AffinitiesPredictor(NEAREST, lsds=False), sample().labels, TRIP, mask=sample().annotated)
    lists = {
        "the target's": (),
        "signs changed": tuple(tuple(-n for n in offset) for offset in NEAREST),
        "in the order x, y, z": NEAREST[::-1],
    }
    trips = {title: round_trip(made, MutexWatershed(neighborhood=offsets)) for title, offsets in lists.items()}
    figure, axes = row(["ground truth", *(f"{title}: {trip.scores.arand:.2g}" for title, trip in trips.items())], 2.9)
    first = next(iter(trips.values()))
    axes[0].imshow(label_colours(first.truth.numpy()[16]))
    for ax, trip in zip(axes[1:], trips.values(), strict=True):
        ax.imshow(
            label_colours(trip.overlaps.named_as_objects(trip.segmentation.numpy()).reshape(trip.truth.shape)[16])
        )
    return figure


def one_slice() -> Figure:
    """Affinities along z and x, seen from the side, where one slice of many is annotated."""
    gt = sample().labels
    known = np.zeros(gt.shape, np.uint8)
    known[30] = 1
    labels, mask = gt.like(gt.numpy() * known), gt.like(known)
    side = Roi((24 * 20, 100 * 8, 40 * 8), (13 * 20, 8, 96 * 8))
    predictor = AffinitiesPredictor(((1, 0, 0), (0, 0, 1)), lsds=False)
    without = inspected(predictor, labels, side)
    masked = inspected(predictor, labels, side, mask=mask)
    shown = [
        ("ground truth, from the side", label_colours(labels[side].numpy()[:, 0]), {}),
        ("aff z+1", without.target.numpy()[0, :, 0], {"cmap": "gray", "vmin": 0, "vmax": 1}),
        ("weight of aff z+1, no mask", without.weight.numpy()[0, :, 0], {"cmap": "magma", "vmin": 0, "vmax": 1}),
        ("weight of aff z+1, mask", masked.weight.numpy()[0, :, 0], {"cmap": "magma", "vmin": 0, "vmax": 1}),
        ("weight of aff x+1, no mask", without.weight.numpy()[1, :, 0], {"cmap": "magma", "vmin": 0, "vmax": 1}),
        ("weight of aff x+1, mask", masked.weight.numpy()[1, :, 0], {"cmap": "magma", "vmin": 0, "vmax": 1}),
    ]
    figure = Figure((6.2, 3.2), dpi=DPI, layout="constrained")
    for ax, (title, values, look) in zip(figure.subplots(3, 2).flat, shown, strict=True):
        ax.imshow(values, aspect=20 / 8, interpolation="nearest", **look)
        ax.set(title=title, xticks=[], yticks=[])
    return figure


def fraction() -> Figure:
    """How far slices of 5.24 nm are off where somebody counts 5."""
    figure = Figure((5.2, 2.6), dpi=DPI, layout="constrained")
    ax = figure.subplots()
    slices = np.arange(401)
    ax.plot(slices, 0.24 * slices, label="5 nm for 5.24 nm")
    ax.plot(slices, 0 * slices, "--", label="524 at subdivision 100")
    ax.set(xlabel="slice", ylabel="off by / nm", xlim=(0, 400))
    ax.legend(frameon=False)
    return figure


@cache
def drawn() -> dict[str, bytes]:
    """All pictures; made once, also where mkdocs builds again and again."""
    return {picture.__name__: png(picture()) for picture in (decoder_offsets, foreground, fraction, one_slice)}


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
