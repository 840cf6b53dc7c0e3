"""The command ``predictor-inspector``: the same inspections without a screen.

Nothing heavy is imported before a command needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from predictor_inspector import __version__

PROGRAM = "predictor-inspector"
USER_ERROR, BUG, INTERRUPTED = 2, 1, 130
_USER_ERRORS = (ValueError, TypeError, OSError, MemoryError, ImportError)
_STEPS_OF_INSPECTION = 6
_QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")

_ROI_HELP = (
    "region to inspect, a range per axis: 10:40,0:256,: counts voxels of the array, 25 is one of them, and with a unit "
    "ranges are world coordinates, as napari shows them (100nm:400nm,0.1um:0.4um,:); grown to whole voxels; "
    "everything by default"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 for something the person can put right, 1 for a bug."""
    # Before torch is loaded: its threads shall sleep while they wait, not spin on cores that others need.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said everything, be it help or an error
        return int(end.code or 0)
    try:
        options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has closed it, as `head` does; nothing more may be written there, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.debug:
            raise
        expected = isinstance(error, _USER_ERRORS)
        hint = "" if expected else f" (unexpected {type(error).__name__}; --debug shows where)"
        print(f"{PROGRAM}: error: {_sentence(error)}{hint}", file=sys.stderr)
        return USER_ERROR if expected else BUG
    return 0


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror.lower()}"
    return text or ("not enough memory" if isinstance(error, MemoryError) else type(error).__name__)


def _render(options: argparse.Namespace) -> None:
    from predictor_inspector.core.ops import backend
    from predictor_inspector.inspection import Request, carry_out
    from predictor_inspector.inspection.describe import describe_channels
    from predictor_inspector.inspection.inputs import at_indices, check_still, open_input
    from predictor_inspector.inspection.memory import memory_from_text, memory_text
    from predictor_inspector.inspection.results import WRITING, check_folder, geometry, write_results
    from predictor_inspector.inspection.roi_text import roi_from_text
    from predictor_inspector.inspection.settings import chosen_predictor
    from predictor_inspector.inspection.tiled_results import TILED_STEPS, tiled_if_needed, write_results_in_tiles

    check_folder(options.out, options.overwrite)
    backend.warm_up()
    memory = None if options.memory is None else memory_from_text(options.memory)
    indices = _indices(options.index)
    names = {"gt": options.name, "mask": options.mask, "raw": options.raw}
    opened = {role: open_input(options.path, name) for role, name in names.items() if role == "gt" or name is not None}
    arrays = {role: at_indices(array, indices, skip_missing=role != "gt") for role, array in opened.items()}
    gt = arrays["gt"]
    check_still(gt)
    predictor, assumed = chosen_predictor(gt, options.predictor, options.config, options.preset, options.set)
    for name, value in assumed.items():
        _note(f"{name} was not given; assumed {value}")
    roi = None
    if options.roi is not None:
        roi, grown = roi_from_text(options.roi, gt, within=options.outside == "clip")
        if grown:
            _note(grown)
    inputs: dict[str, Any] = {
        role: {"path": str(options.path), "name": names[role], **geometry(array)} for role, array in opened.items()
    }
    inputs |= {"index": indices, "assumed": assumed}
    request = Request(predictor, roi, options.device, options.outside, options.balance_over)
    mask, raw = arrays.get("mask"), arrays.get("raw")
    tiled = tiled_if_needed(request, gt, mask, memory)
    if tiled is None:
        with _progress(_STEPS_OF_INSPECTION + len(WRITING)) as tell:
            inspection = carry_out(request, gt, mask, tell)
            write_results(options.out, inspection, inputs, raw, options.overwrite, tell)
    else:
        tile = " x ".join(str(n) for n in tiled.tile_shape)
        _note(f"computed in {len(tiled)} tiles of at most {tile} voxels, with {memory_text(tiled.memory)} for each")
        with _progress(len(TILED_STEPS)) as tell:
            inspection = write_results_in_tiles(options.out, tiled, inputs, raw, options.overwrite, tell)
    for text in inspection.notes:
        _note(text)
    voxels = " x ".join(str(n) for n in inspection.target.spatial_shape)
    print(describe_channels(inspection.statistics))
    print(f"\n{voxels} voxels in {inspection.timings['total']:.2f} s on {inspection.device}; written to {options.out}")


def _list(options: argparse.Namespace) -> None:
    from predictor_inspector.core import predictor_kinds
    from predictor_inspector.inspection.describe import describe_arrays, describe_kinds

    print(describe_kinds(predictor_kinds()) if options.path is None else describe_arrays(options.path))


def _show(options: argparse.Namespace) -> None:
    from predictor_inspector.inspection.describe import describe_kind, template

    print(template(options.kind) if options.yaml else describe_kind(options.kind))


def _open(options: argparse.Namespace) -> None:
    from predictor_inspector.data import list_arrays
    from predictor_inspector.inspection.inputs import open_input

    # What isn't there is said before a window is made.
    if options.name is None:
        list_arrays(options.path)
    else:
        open_input(options.path, options.name)
    _launch(options.path, options.name, options.screenshot)


def _demo(options: argparse.Namespace) -> None:
    _launch(None, None, options.screenshot)


def _launch(path: str | None, name: str | None, screenshot: str | None) -> None:
    _check_window()
    from predictor_inspector.plugin import launch

    launch(path, name, screenshot)


def _check_window() -> None:
    """Say what is missing for a window; Qt itself ends the process without a word that helps."""
    from importlib.util import find_spec

    missing = [package for package in ("napari", "magicgui", "qtpy", "superqt") if find_spec(package) is None]
    if not any(find_spec(binding) for binding in _QT_BINDINGS):
        missing.append("a Qt binding")
    if missing:
        raise ImportError(
            f'a window needs {" and ".join(missing)}, not installed here: pip install "napari-predictor-inspector[all]"'
        )
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(variable) for variable in screens):
        raise ValueError("a window needs a screen, and there is none; use 'render', or a virtual screen with xvfb-run")


def _indices(texts: Sequence[str]) -> dict[str, int]:
    indices = {}
    for text in texts:
        axis, equals, index = text.partition("=")
        if not equals or not axis or not index.strip().isdecimal():
            raise ValueError(f"--index needs an axis and a position from 0, such as t=3, got {text!r}")
        indices[axis.strip()] = int(index)
    return indices


def _note(text: str) -> None:
    print(f"{PROGRAM}: note: {text}", file=sys.stderr)


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str, float], None]]:
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


class _Parser(argparse.ArgumentParser):
    """Errors as everywhere else: one sentence, no wall of options."""

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{PROGRAM}: error: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser: argparse.ArgumentParser = _Parser(
        PROGRAM, description="See exactly what your segmentation network is trained on."
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], None], about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", parents=[common])
        added.set_defaults(command=run)
        return added

    _add_render_arguments(command("render", _render, "write target and weight of a region, a picture and a report"))
    listing = command("list", _list, "list the kinds of predictors, or the arrays in a container")
    listing.add_argument("path", metavar="PATH", nargs="?", help="OME-Zarr, zarr, HDF5 or TIFF")
    show = command("show", _show, "show a kind of predictor: parameters, units, defaults, presets")
    show.add_argument("kind", metavar="KIND", help=f"as in '{PROGRAM} list'")
    show.add_argument("--yaml", action="store_true", help="a configuration to begin from instead")
    window = command("open", _open, "open ground truth in napari with the plugin docked and a target showing")
    window.add_argument("path", metavar="PATH", help="OME-Zarr, zarr, HDF5 or TIFF")
    window.add_argument("name", metavar="NAME", nargs="?", help="array in it")
    demo = command("demo", _demo, "open the sample volume in napari with the plugin docked and a target showing")
    for added in (window, demo):
        added.add_argument("--screenshot", metavar="FILE", help="save a picture of the window there, and close it")
    return parser


def _add_render_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="ground truth: OME-Zarr, zarr, HDF5 or TIFF")
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="array in it, or a path of its own; only needed to choose"
    )
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
    where = parser.add_argument_group("where")
    where.add_argument("--roi", metavar="RANGES", help=_ROI_HELP)
    where.add_argument(
        "--index", metavar="AXIS=N", action="append", default=[], help="position on another axis, t=3 or c=0"
    )
    where.add_argument("--mask", metavar="NAME", help="where the ground truth is annotated: array in PATH, or a path")
    where.add_argument("--raw", metavar="NAME", help="drawn beneath the ground truth: array in PATH, or a path")
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
        help="what computing may take beside the program itself, 4GB say: larger regions are computed in tiles, with the "
        "same results; half of the machine's memory by default",
    )
    out = parser.add_argument_group("results")
    out.add_argument("--out", metavar="DIR", required=True, help="folder to make")
    out.add_argument("--overwrite", action="store_true", help="replace an earlier folder of results")


if __name__ == "__main__":
    sys.exit(main())
