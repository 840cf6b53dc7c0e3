"""Arguments that several commands take, notes to the user, and a progress bar. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funlib.geometry import Roi

    from predictor_inspector.data.source import Source
    from predictor_inspector.inspection import Request

PROGRAM = "predictor-inspector"
INSPECTION_STEPS = 6
"""Steps whose progress an inspection reports."""

REPEATED: dict[str, Any] = {"action": "append", "default": []}
"""Of an argument that may be given several times."""

_ROI = (
    "region to inspect, a range per axis: 10:40,0:256,: counts voxels of the array, 25 is one of them, and with a unit "
    "ranges are world coordinates, as napari shows them (100nm:400nm,0.1um:0.4um,:); grown to whole voxels; "
    "everything by default"
)


def add_ground_truth(parser: argparse.ArgumentParser) -> None:
    """Add PATH and NAME."""
    parser.add_argument("path", metavar="PATH", help="ground truth: OME-Zarr, zarr, HDF5 or TIFF")
    about = "array in it, or a path of its own; only needed to choose"
    parser.add_argument("name", metavar="NAME", nargs="?", help=about)


def add_predictor(parser: argparse.ArgumentParser) -> None:
    """Add arguments for a predictor and its parameters."""
    what = parser.add_argument_group("what to compute")
    about = f"as in '{PROGRAM} list'; may be in the --config file instead"
    what.add_argument("--predictor", metavar="KIND", help=about)
    what.add_argument("--preset", metavar="NAME", help=f"start from a preset, as in '{PROGRAM} show KIND'")
    what.add_argument("--config", metavar="FILE", help="YAML or JSON file of parameters; overrides the preset")
    about = "one parameter, its value in YAML (lsds=false, neighborhood=[[1,0,0],[0,-3,0]]); overrides the file"
    what.add_argument("--set", metavar="KEY=VALUE", help=about, **REPEATED)


def add_region(parser: argparse.ArgumentParser, raw: bool = False) -> None:
    """Add arguments for the region, the mask and raw data."""
    where = parser.add_argument_group("where")
    where.add_argument("--roi", metavar="RANGES", help=_ROI)
    where.add_argument("--index", metavar="AXIS=N", help="position on another axis, t=3 or c=0", **REPEATED)
    where.add_argument("--mask", metavar="NAME", help="where the ground truth is annotated: array in PATH, or a path")
    if raw:
        where.add_argument("--raw", metavar="NAME", help="drawn beneath the ground truth: array in PATH, or a path")


def add_computing(parser: argparse.ArgumentParser, memory: str | None = None) -> Any:
    """Add arguments for how to compute, and return their group; `memory` says what happens to regions that need more."""
    how = parser.add_argument_group("how")
    how.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    about = "context beyond the data: do without (clip, the default), or pad with 0 as DaCapo's trainer does"
    how.add_argument("--outside", choices=("clip", "zero"), default="clip", help=about)
    about = "balance classes over the ROI (default), or over its context too as DaCapo's trainer does"
    how.add_argument("--balance-over", choices=("roi", "context"), default="roi", help=about)
    if memory is not None:
        about = (
            f"memory for computing, beside the program's own, such as 4GB: {memory}; half of the machine's by default"
        )
        how.add_argument("--memory", metavar="SIZE", help=about)
    return how


def source_for(options: argparse.Namespace) -> Source:
    """Open the arrays that the arguments of `add_ground_truth` and `add_region` name."""
    from predictor_inspector.data.source import indices_from_text, open_source

    indices = indices_from_text(options.index)
    return open_source(options.path, options.name, options.mask, getattr(options, "raw", None)).at(indices)


def request_for(options: argparse.Namespace, source: Source) -> tuple[Request, dict[str, Any]]:
    """The request that the arguments stand for, and parameter values that had to be assumed; these are noted."""
    from predictor_inspector.core.config import chosen_predictor
    from predictor_inspector.inspection import Request

    predictor, assumed = chosen_predictor(source.gt, options.predictor, options.config, options.preset, options.set)
    for name, value in assumed.items():
        note(f"{name} was not given; assumed {value}")
    roi = roi_for(options, source)
    return Request(predictor, source, roi, options.device, options.outside, options.balance_over), assumed


def roi_for(options: argparse.Namespace, source: Source) -> Roi | None:
    """The region of ``--roi``; a note says if it was grown to whole voxels."""
    from predictor_inspector.data.roi_text import roi_from_text

    if options.roi is None:
        return None
    roi, grown = roi_from_text(options.roi, source.gt, within=options.outside == "clip")
    if grown:
        note(grown)
    return roi


def memory_for(options: argparse.Namespace) -> int | None:
    """Bytes of ``--memory``."""
    from predictor_inspector.inspection.engine.memory import memory_from_text

    return None if options.memory is None else memory_from_text(options.memory)


def note(text: str) -> None:
    """Print a note to stderr."""
    print(f"{PROGRAM}: note: {text}", file=sys.stderr)


def print_json(content: Any) -> None:
    """Print plain dictionaries and lists as JSON."""
    import json

    print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str, float], None]]:
    """A progress bar of so many steps, if stderr is a terminal; gives ``progress(step, fraction)``."""
    from tqdm import tqdm

    shown, layout = sys.stderr.isatty(), "{desc:<14}|{bar}| {elapsed}"
    with tqdm(total=steps, disable=not shown, bar_format=layout, leave=False) as bar:
        begun: list[str] = []

        def tell(step: str, fraction: float) -> None:
            if step not in begun:
                begun.append(step)
                bar.set_description_str(step, refresh=False)
            # Falling back to the CPU goes back to an earlier step.
            bar.update(begun.index(step) + fraction - bar.n)
            if fraction == 0:
                bar.refresh()

        yield tell
