"""Options that several commands share, notes on stderr, and a progress bar."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from funlib.geometry import Roi

    from predictor_inspector.core.array import Array
    from predictor_inspector.core.predictor import Predictor
    from predictor_inspector.data.source import Source
    from predictor_inspector.inspection import Request
    from predictor_inspector.inspection.models import TrainedModel

PROGRAM = "predictor-inspector"
INSPECTION_STEPS = 6
"""Steps whose progress an inspection reports."""

REPEATED: dict[str, Any] = {"action": "append", "default": []}
"""Of an argument that may be given several times."""

NETWORK = (
    "network that is trained: a preset, as in 'predictor-inspector network', a YAML file, or the import path of a module, "
    "package.module:name or file.py:name"
)

RAW = "drawn beneath the ground truth, and checked against it"
"""What raw data are for, in most commands."""

ROI = (
    "region to inspect, a range per axis: 10:40,0:256,: counts voxels of the array, 25 is one of them, and with a unit "
    "ranges are world coordinates, as napari shows them (100nm:400nm,0.1um:0.4um,:); grown to whole voxels; "
    "everything by default"
)


def add_inspection(
    parser: argparse.ArgumentParser, *, sessions: bool = False, raw: str = "", memory: str | None = None
) -> None:
    """Add the arguments of one inspection: ground truth, predictor, region, and how to compute.

    `sessions`: whether a saved session may take the place of PATH. `raw` says what raw data are for, if for anything, `memory`
    what happens to regions that need more than ``--memory``; None: there is no such option.
    """
    add_ground_truth(parser, sessions)
    what = parser.add_argument_group("what to compute")
    add_predictor(what)
    what.add_argument("--network", metavar="NETWORK", help=NETWORK)
    add_region(parser, raw)
    how = add_computing(parser)
    if memory is not None:
        about = (
            f"memory for computing, beside the program's own, such as 4GB: {memory}; half of the machine's by default"
        )
        how.add_argument("--memory", metavar="SIZE", help=about)


def add_predictor(what: Any) -> None:
    """Add a predictor and its parameters to a group."""
    about = f"as in '{PROGRAM} list'; may be in the --config file instead"
    what.add_argument("--predictor", metavar="KIND", help=about)
    what.add_argument("--preset", metavar="NAME", help=f"start from a preset, as in '{PROGRAM} show KIND'")
    what.add_argument("--config", metavar="FILE", help="YAML or JSON file of parameters; overrides the preset")
    about = "one parameter, its value in YAML (lsds=false, neighborhood=[[1,0,0],[0,-3,0]]); overrides the file"
    what.add_argument("--set", metavar="KEY=VALUE", help=about, **REPEATED)


def add_ground_truth(parser: argparse.ArgumentParser, sessions: bool = False) -> None:
    """Add PATH, which may be a saved session, and NAME."""
    formats, choice = ("; or a saved session (.yaml)", "") if sessions else ("", "; only needed to choose")
    about = f"ground truth: OME-Zarr, zarr, N5, precomputed (also a URL), HDF5 or TIFF{formats}"
    parser.add_argument("path", metavar="PATH", help=about)
    parser.add_argument("name", metavar="NAME", nargs="?", help=f"array in it, or a path of its own{choice}")
    about = (
        "what the axes of the ground truth are, in the order in which they are stored, a letter for each: z, y, x, t for "
        "time, c for channels; by default what the file says"
    )
    parser.add_argument("--axes", metavar="LETTERS", help=about)
    about = (
        "classes that have an array each in PATH, or in its group NAME, as channels of one array: mito,er; 'all' for all of "
        "them; one that isn't there has no weight"
    )
    parser.add_argument("--classes", metavar="NAMES", help=about)


def settle_name(options: argparse.Namespace) -> None:
    """Make one name of NAME and ``--classes``: ``[mito,er]`` opens these as channels."""
    if getattr(options, "classes", None) is not None and hasattr(options, "name"):
        names = "" if options.classes.strip() == "all" else options.classes
        options.name = f"{options.name or ''}/[{names}]".lstrip("/")


def add_region(parser: argparse.ArgumentParser, raw: str = "") -> None:
    """Add the region, the mask and, if they are for something, raw data."""
    where = parser.add_argument_group("where")
    where.add_argument("--roi", metavar="RANGES", help=ROI)
    where.add_argument("--index", metavar="AXIS=N", help="position on another axis, t=3 or c=0", **REPEATED)
    about = (
        "where the ground truth is annotated: array in PATH, or a path; by default the array in PATH that looks like it, "
        "which a note names; 'none': everywhere"
    )
    where.add_argument("--mask", metavar="NAME", help=about)
    if raw:
        about = f"what the network sees, {raw}: array in PATH, or a path"
        where.add_argument("--raw", metavar="NAME", help=about)


def add_prediction(parser: argparse.ArgumentParser, about: str, required: bool = False) -> Any:
    """Add a prediction of the target or a model, one to compare, and whether they are before the sigmoid; return the group."""
    group = parser.add_argument_group("prediction")
    first, second = group.add_mutually_exclusive_group(required=required), group.add_mutually_exclusive_group()
    first.add_argument("--prediction", metavar="NAME", help=about)
    add_model(first, group, "a trained model that predicts the region from --raw instead")
    about = "another prediction, as --prediction: both are told beside each other, and which is better"
    second.add_argument("--versus", metavar="NAME", help=about)
    second.add_argument("--versus-model", metavar="MODEL", help="the same of another model, as --model")
    about = "it was stored before the sigmoid, as a model gives it in training; with --versus, both"
    group.add_argument("--logits", action="store_true", help=about)
    return group


def add_model(first: Any, group: Any, about: str, required: bool = False) -> None:
    """Add a trained model to one group, and its parameters to another."""
    about += (
        ": TorchScript, a program of torch.export, a checkpoint of --network, a YAML file of its kind and parameters, or an "
        "import path, module:name or file.py:name; it is run, so only name what you trust"
    )
    first.add_argument("--model", metavar="MODEL", help=about, **({"required": True} if required else {}))
    about = "one parameter of it, its value in YAML (input_shape=[32,128,128], raw_as=-1..1, beyond=reflect)"
    group.add_argument("--model-set", metavar="KEY=VALUE", help=about, **REPEATED)


@contextmanager
def model_for(options: argparse.Namespace, model: str, predictor: Predictor | None) -> Iterator[TrainedModel]:
    """The model of ``--model`` or ``--versus-model``, in a process that runs in this context."""
    from predictor_inspector.core.networks import chosen_network
    from predictor_inspector.inspection.models import TrainedModel, chosen_model

    network = None if options.network is None else chosen_network(options.network)
    with TrainedModel(chosen_model(model, options.model_set, network), predictor, options.device) as trained:
        yield trained


class GivenPrediction(NamedTuple):
    """A prediction, what it was called by, and whether it is before the sigmoid."""

    title: str
    array: Array
    logits: bool


def predictions_for(options: argparse.Namespace, request: Request) -> tuple[list[GivenPrediction], Request]:
    """The predictions of ``--prediction`` and ``--versus``, or of models, if given; and the request for where they all are."""
    from predictor_inspector.data.source import open_input
    from predictor_inspector.inspection.engine.predictions import counted_like, covered_roi

    found = []
    if (options.versus or options.versus_model) and not (options.prediction or options.model):
        raise ValueError("--versus goes with --prediction or --model")
    for name, model in ((options.prediction, options.model), (options.versus, options.versus_model)):
        if name is not None:
            array = counted_like(open_input(options.path, name), request.source.gt)
            found.append(GivenPrediction(name, array, options.logits))
        elif model is not None:
            if request.source.raw is None:
                raise ValueError("a model needs raw data; name them with --raw")
            with model_for(options, model, request.predictor) as trained, progress(2) as tell:
                predicted = trained.predict(request, tell)
            for text in predicted.notes:
                note(text)
            found.append(GivenPrediction(model, predicted.array, predicted.logits or options.logits))
    if found:
        covered = covered_roi(request.regions.roi, request.source.gt, *(given.array for given in found))
        request = replace(request, roi=covered)
    return found, request


def add_computing(parser: argparse.ArgumentParser) -> Any:
    """Add how to compute, and return the group."""
    how = parser.add_argument_group("how")
    how.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    about = "context beyond the data: do without (clip, the default), or pad with 0 as DaCapo's trainer does"
    how.add_argument("--outside", choices=("clip", "zero"), default="clip", help=about)
    about = "balance classes over the ROI (default), or over its context too as DaCapo's trainer does"
    how.add_argument("--balance-over", choices=("roi", "context"), default="roi", help=about)
    return how


def indices_of(options: argparse.Namespace) -> dict[str, int]:
    """The values of ``--index``, ``["t=3", "c=0"]``, as a dictionary."""
    indices = {}
    for text in options.index:
        axis, equals, index = text.partition("=")
        if not equals or not axis or not index.strip().isdecimal():
            raise ValueError(f"--index needs an axis and a position from 0, such as t=3, got {text!r}")
        indices[axis.strip()] = int(index)
    return indices


def source_for(options: argparse.Namespace) -> Source:
    """Open the arrays that the options name, at their ``--index``; the mask is found as by `open_arrays`."""
    return open_arrays(options).at(indices_of(options))


def open_arrays(options: argparse.Namespace) -> Source:
    """Open the arrays that the options name.

    Without ``--mask`` the mask in the same container is used, as in the dock; a note says so, and `options.mask` is its name.
    """
    from predictor_inspector.data.classes import class_names
    from predictor_inspector.data.masks import find_mask
    from predictor_inspector.data.source import open_input, open_source

    if options.mask is None and class_names(options.name or "") is None:  # classes say it themselves
        found = find_mask(options.path, options.name, open_input(options.path, options.name, options.axes))
        if found is not None:
            options.mask = found.name
            note(f"mask: {found.name} (found in the file); --mask none does without")
    elif options.mask == "none":
        options.mask = None
    return open_source(options.path, options.name, options.mask, getattr(options, "raw", None), options.axes)


def begin_computing() -> None:
    """Get the kernels ready in the background: nobody shall wait for them, as a first result would otherwise."""
    from predictor_inspector.core.ops import backend

    backend.begin_with_torch()


def predictor_for(options: argparse.Namespace, gt: Array) -> tuple[Predictor, Mapping[str, Any]]:
    """The options' predictor, and parameter values that had to be assumed, which are noted."""
    from predictor_inspector.core.chosen import chosen_predictor

    choice = chosen_predictor(gt, options.predictor, options.config, options.preset, options.set)
    for text in (*choice.notes, *(f"{name} was not given; assumed {value}" for name, value in choice.assumed.items())):
        note(text)
    return choice.predictor, choice.assumed


def request_for(options: argparse.Namespace, source: Source) -> tuple[Request, Mapping[str, Any]]:
    """The request for `source` with these options, and parameter values that had to be assumed, which are noted."""
    from predictor_inspector.inspection import Request

    predictor, assumed = predictor_for(options, source.gt)
    roi = roi_for(options, source)
    network = None
    if options.network is not None:
        from predictor_inspector.core.networks import chosen_network
        from predictor_inspector.inspection.engine.network import measure

        network = measure(chosen_network(options.network), predictor)
        if network.field_unknown:
            note(f"the network's receptive field isn't known: {network.field_unknown}")
    how = (options.device, options.outside, options.balance_over)
    return Request(predictor, source, roi, *how, network=network), assumed


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


def positive_numbers(option: str, text: str, kind: type) -> tuple[Any, ...]:
    """The numbers of an option, one per axis; a ``ValueError`` for anything else."""
    try:
        numbers = tuple(kind(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) <= 0:
        raise ValueError(
            f"{option} needs a positive number per axis, separated by commas, such as 64,64,64; got {text!r}"
        )
    return numbers


@contextmanager
def bar(total: int) -> Iterator[Callable[[int], object]]:
    """A progress bar of so many things, if stderr is a terminal; gives a function to call with how many more are done."""
    from tqdm import tqdm

    with tqdm(total=total, disable=not sys.stderr.isatty(), leave=False) as bar:
        yield bar.update
