"""What several commands share: groups of arguments, notes and a bar on the terminal. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from predictor_inspector.data.source import Source
    from predictor_inspector.inspection import Request

PROGRAM = "predictor-inspector"

_ROI_HELP = (
    "region to inspect, a range per axis: 10:40,0:256,: counts voxels of the array, 25 is one of them, and with a unit "
    "ranges are world coordinates, as napari shows them (100nm:400nm,0.1um:0.4um,:); grown to whole voxels; "
    "everything by default"
)


def add_ground_truth(parser: argparse.ArgumentParser) -> None:
    """PATH and NAME."""
    parser.add_argument("path", metavar="PATH", help="ground truth: OME-Zarr, zarr, HDF5 or TIFF")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="array in it, or a path of its own; only needed to choose"
    )


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Which predictor, and its parameters."""
    what = parser.add_argument_group("what to compute")
    what.add_argument(
        "--predictor", metavar="KIND", help=f"as in '{PROGRAM} list'; may be in the --config file instead"
    )
    what.add_argument("--preset", metavar="NAME", help=f"start from a preset, as in '{PROGRAM} show KIND'")
    what.add_argument("--config", metavar="FILE", help="YAML or JSON file of parameters; overrides the preset")
    what.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one parameter, its value in YAML (lsds=false, neighborhood=[[1,0,0],[0,-3,0]]); overrides the file",
    )


def add_region(parser: argparse.ArgumentParser, raw: bool = False) -> None:
    """Which region of which arrays."""
    where = parser.add_argument_group("where")
    where.add_argument("--roi", metavar="RANGES", help=_ROI_HELP)
    where.add_argument(
        "--index", metavar="AXIS=N", action="append", default=[], help="position on another axis, t=3 or c=0"
    )
    where.add_argument("--mask", metavar="NAME", help="where the ground truth is annotated: array in PATH, or a path")
    if raw:
        where.add_argument("--raw", metavar="NAME", help="drawn beneath the ground truth: array in PATH, or a path")


def add_computing(parser: argparse.ArgumentParser, memory: str) -> None:
    """How to compute; `memory` is what happens to regions that need more than it."""
    how = parser.add_argument_group("how")
    how.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    how.add_argument(
        "--outside",
        choices=("clip", "zero"),
        default="clip",
        help="context beyond the data: do without (clip, the default), or pad with 0 as DaCapo's trainer does",
    )
    how.add_argument(
        "--balance-over",
        choices=("roi", "context"),
        default="roi",
        help="balance classes over the ROI (default), or over its context too as DaCapo's trainer does",
    )
    how.add_argument(
        "--memory",
        metavar="SIZE",
        help=f"what computing may take beside the program itself, 4GB say: {memory}; half of the machine's memory by default",
    )


def source_for(options: argparse.Namespace) -> Source:
    """The arrays that the arguments of `add_ground_truth` and `add_region` name, opened."""
    from predictor_inspector.data.source import indices_from_text, open_source

    indices = indices_from_text(options.index)
    return open_source(options.path, options.name, options.mask, getattr(options, "raw", None)).at(indices)


def request_for(options: argparse.Namespace, source: Source) -> tuple[Request, dict[str, Any]]:
    """What the arguments of `add_predictor`, `add_region` and `add_computing` ask for, and the values that were assumed.

    What had to be assumed or rounded is noted for the person.
    """
    from predictor_inspector.core.config import chosen_predictor
    from predictor_inspector.inspection import Request
    from predictor_inspector.inspection.engine.roi_text import roi_from_text

    predictor, assumed = chosen_predictor(source.gt, options.predictor, options.config, options.preset, options.set)
    for name, value in assumed.items():
        note(f"{name} was not given; assumed {value}")
    roi = None
    if options.roi is not None:
        roi, grown = roi_from_text(options.roi, source.gt, within=options.outside == "clip")
        if grown:
            note(grown)
    return Request(predictor, source, roi, options.device, options.outside, options.balance_over), assumed


def note(text: str) -> None:
    """Tell the person something beside the results."""
    print(f"{PROGRAM}: note: {text}", file=sys.stderr)


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str, float], None]]:
    """A bar on the terminal that moves as `steps` steps, told by name and fraction, go by; only on a terminal."""
    from tqdm import tqdm

    with tqdm(
        total=steps, disable=not sys.stderr.isatty(), bar_format="{desc:<14}|{bar}| {elapsed}", leave=False
    ) as bar:
        begun: list[str] = []

        def tell(step: str, fraction: float) -> None:
            if step not in begun:
                begun.append(step)
                bar.set_description_str(step, refresh=False)
            # Computing anew, after a device had too little memory, goes back to an earlier step.
            bar.update(begun.index(step) + fraction - bar.n)
            if fraction == 0:
                bar.refresh()

        yield tell
