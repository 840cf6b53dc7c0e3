"""Command line: parser, exit status, and commands render, list, show, open and demo."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from predictor_inspector import __version__
from predictor_inspector.cli import (
    check,
    common,
    compare,
    convert,
    dataset,
    loss,
    network,
    predict,
    report,
    roundtrip,
    samples,
)

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection

USER_ERROR, BUG, INTERRUPTED = 2, 1, 130
_USER_ERRORS = (ValueError, TypeError, OSError, MemoryError, ImportError)
_QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns the exit status: 0; 1 if a command that checks found errors, and for a bug; 2 for an error of the call or the
    data; 130 if interrupted.
    """
    # Before torch is loaded: its threads sleep while they wait, instead of spinning on cores that others need.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said everything, be it help or an error
        return int(end.code or 0)
    try:
        _hide_credentials(options)
        common.settle_name(options)
        status = options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print(f"{common.PROGRAM}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the output, as `head` does; nothing more may be written there, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if options.debug:
            raise
        from predictor_inspector.core.text import format_error

        expected = isinstance(error, _USER_ERRORS)
        hint = "" if expected else " (unexpected; --debug shows where)"
        print(f"{common.PROGRAM}: error: {format_error(error)}{hint}", file=sys.stderr)
        return USER_ERROR if expected else BUG
    return int(status or 0)


def _hide_credentials(options: argparse.Namespace) -> None:
    """Take passwords and tokens out of URLs, to use them for their servers only and write them nowhere."""
    for name, value in vars(options).items():
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "://" in text for text in texts):
            from predictor_inspector.data.stores.path import is_url, shown_path

            shown = [shown_path(text) if is_url(text) else text for text in texts]
            setattr(options, name, shown if isinstance(value, list) else shown[0])


def _render(options: argparse.Namespace) -> None:
    from predictor_inspector.core.text import format_bytes, format_shape
    from predictor_inspector.inspection import run
    from predictor_inspector.inspection.output import results
    from predictor_inspector.inspection.output.text import describe_channels

    results.check_folder(options.out, options.overwrite)
    common.begin_computing()
    memory = common.memory_for(options)
    indices = common.indices_of(options)
    opened = common.open_arrays(options)
    request, assumed = common.request_for(options, opened.at(indices))
    roles = {"gt": (options.name, opened.gt), "mask": (options.mask, opened.mask), "raw": (options.raw, opened.raw)}
    inputs: dict[str, Any] = {
        role: {"path": str(options.path), "name": name, **results.geometry(array)}
        for role, (name, array) in roles.items()
        if array is not None
    }
    inputs |= {"index": indices, "assumed": assumed}
    tiled = results.tiled_if_needed(request, memory)
    if tiled is None:
        with common.progress(common.INSPECTION_STEPS + len(results.WRITING)) as tell:
            inspection = run(request, tell)
            results.write_results(options.out, inspection, inputs, options.overwrite, tell)
    else:
        common.note(
            f"computed in {len(tiled)} tiles of at most {format_shape(tiled.tile_shape)} voxels, "
            f"with {format_bytes(tiled.memory)} for each"
        )
        with common.progress(len(results.TILED_STEPS)) as tell:
            inspection = results.write_results_in_tiles(options.out, tiled, inputs, options.overwrite, tell)
    for text in (*inspection.notes, *_about_network(inspection)):
        common.note(text)
    voxels = format_shape(inspection.target.spatial_shape)
    print(describe_channels(inspection.statistics))
    print(f"\n{voxels} voxels in {inspection.timings['total']:.2f} s on {inspection.device}; written to {options.out}")


def _about_network(inspection: Inspection) -> list[str]:
    """What is found about the network that is trained, if it is known."""
    from predictor_inspector.inspection.findings import Subject
    from predictor_inspector.inspection.findings.network import field_too_small, input_exceeds_crop

    subject = Subject(inspection)
    return [
        f"{found.message} {found.advice}" for one in (field_too_small, input_exceeds_crop) for found in one.run(subject)
    ]


def _list(options: argparse.Namespace) -> None:
    from predictor_inspector.core import predictor_kinds
    from predictor_inspector.inspection.output.text import contents_to_json, describe_arrays, describe_kinds

    if options.path is None:
        print(json.dumps(list(predictor_kinds())) if options.format == "json" else describe_kinds(predictor_kinds()))
    elif options.format == "json":
        print(json.dumps(contents_to_json(options.path), indent=2))
    else:
        print(describe_arrays(options.path))


def _show(options: argparse.Namespace) -> None:
    from predictor_inspector.inspection.output.text import describe_kind, template

    print(template(options.kind) if options.yaml else describe_kind(options.kind))


def _open(options: argparse.Namespace) -> None:
    from predictor_inspector.data import list_arrays
    from predictor_inspector.data.source import open_input

    # Missing files are reported before a window is made.
    if options.name is None and options.axes is None:
        list_arrays(options.path)
    else:
        open_input(options.path, options.name, options.axes)
    _launch(options.path, options.name, options.screenshot, options.axes)


def _demo(options: argparse.Namespace) -> None:
    _launch(None, None, options.screenshot)


def _launch(path: str | None, name: str | None, screenshot: str | None, axes: str | None = None) -> None:
    _check_window()
    from predictor_inspector.plugin.launch import launch

    launch(path, name, screenshot, axes)


def _check_window() -> None:
    """Raise an error that says what is missing for a window; Qt itself would abort the process."""
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
        raise ValueError("a window needs a screen, which is missing; use 'render', or a virtual screen with xvfb-run")


class _Parser(argparse.ArgumentParser):
    """Parser whose errors are one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{common.PROGRAM}: error: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    shared = _Parser(add_help=False)
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser: argparse.ArgumentParser = _Parser(
        common.PROGRAM, description="See exactly what your segmentation network is trained on."
    )
    parser.add_argument("--version", action="version", version=f"{common.PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int | None], about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", parents=[shared])
        added.set_defaults(command=run)
        return added

    render = command("render", _render, "write target and weight of a region, a picture and a report")
    common.add_inspection(render, raw=common.RAW, memory="larger regions are computed in tiles, with the same results")
    out = render.add_argument_group("results")
    out.add_argument("--out", metavar="DIR", required=True, help="folder to make")
    out.add_argument("--overwrite", action="store_true", help="replace an earlier folder of results")
    modules = {
        "check": check,
        "samples": samples,
        "roundtrip": roundtrip,
        "loss": loss,
        "predict": predict,
        "compare": compare,
        "report": report,
        "dataset": dataset,
        "network": network,
        "convert": convert,
    }
    for name, module in modules.items():
        module.add_arguments(command(name, module.run, module.ABOUT))
    listing = command("list", _list, "list the kinds of predictors, or the arrays in a container")
    listing.add_argument(
        "path", metavar="PATH", nargs="?", help="OME-Zarr, zarr, N5, precomputed (also a URL), HDF5 or TIFF"
    )
    listing.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or JSON")
    show = command("show", _show, "show a kind of predictor, network or decoder: parameters, units, defaults, presets")
    show.add_argument(
        "kind",
        metavar="KIND",
        help=f"as in '{common.PROGRAM} list'; or unet, module, or a decoder of '{common.PROGRAM} roundtrip'",
    )
    show.add_argument("--yaml", action="store_true", help="a configuration to begin from instead")
    window = command("open", _open, "open ground truth in napari with the plugin docked and a target showing")
    common.add_ground_truth(window)
    demo = command("demo", _demo, "open the sample volume in napari with the plugin docked and a target showing")
    for added in (window, demo):
        added.add_argument("--screenshot", metavar="FILE", help="save a picture of the window, and close it")
    return parser
