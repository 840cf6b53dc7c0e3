"""Command ``predict``: a trained model's prediction of a region as OME-Zarr."""

from __future__ import annotations

import argparse

from predictor_inspector.cli import common

ABOUT = "run a trained model on raw data, tile by tile, and write what it predicts as OME-Zarr"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``predict``."""
    about = "ground truth, on whose voxels the prediction lies; or the raw data: OME-Zarr, zarr, N5, precomputed, HDF5 or TIFF"
    parser.add_argument("path", metavar="PATH", help=about)
    parser.add_argument("name", metavar="NAME", nargs="?", help="array in it, or a path of its own")
    parser.add_argument(
        "--axes", metavar="LETTERS", help="what its axes are, in the order in which they are stored: zyx"
    )
    what = parser.add_argument_group("model")
    common.add_model(what, what, "a trained model", required=True)
    what.add_argument(
        "--network", metavar="NETWORK", help="of a checkpoint, which holds weights only: " + common.NETWORK
    )
    about = "it predicts before the sigmoid, which is applied then; that of a checkpoint always is"
    what.add_argument("--logits", action="store_true", help=about)
    common.add_predictor(
        parser.add_argument_group("predictor whose target it has learnt, for names and numbers of channels")
    )
    where = parser.add_argument_group("where")
    about = "what the network sees: array in PATH, or a path; by default PATH and NAME themselves"
    where.add_argument("--raw", metavar="NAME", help=about)
    where.add_argument("--roi", metavar="RANGES", help=common.ROI)
    where.add_argument("--index", metavar="AXIS=N", help="position on another axis, t=3", **common.REPEATED)
    out = parser.add_argument_group("results")
    out.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    out.add_argument("--out", metavar="DIR", required=True, help="OME-Zarr to make, whole or not at all")
    out.add_argument("--overwrite", action="store_true", help="replace one that is there")
    parser.set_defaults(outside="clip")


def run(options: argparse.Namespace) -> None:
    """Write the prediction, and print where."""
    from pathlib import Path

    from predictor_inspector import __version__
    from predictor_inspector.core.channels import Channel
    from predictor_inspector.core.config import predictor_to_config
    from predictor_inspector.core.text import format_shape
    from predictor_inspector.data.source import Source, open_input
    from predictor_inspector.data.write import ome_zarr_in_parts
    from predictor_inspector.inspection.engine.predictions import activated
    from predictor_inspector.inspection.models import model_to_config

    opened = open_input(options.path, options.name, options.axes)
    raw = opened if options.raw is None else open_input(options.path, options.raw)
    source = Source(opened, raw=raw).at(common.indices_of(options))
    grid, predictor, channels = source.gt, None, tuple[Channel, ...]()
    assert source.raw is not None
    if any((options.predictor, options.config, options.preset, options.set)):
        predictor, _ = common.predictor_for(options, grid)
        channels = predictor.describe_channels(grid.spatial_axes)
    if options.logits and predictor is None:
        raise ValueError("--logits needs the --predictor, which says what channels a sigmoid is for")
    with common.model_for(options, options.model, predictor) as model, common.progress(2) as tell:
        plan = model.plan(source.raw, grid, common.roi_for(options, source), tell)
        logits = model.config.gives_logits or options.logits
        about = {"version": __version__, "model": model_to_config(model.config)}
        about |= {} if predictor is None else {"predictor": predictor_to_config(predictor)}
        names = [channel.name for channel in channels]
        out = (options.out, plan.whole, "prediction", names, {"predictor_inspector": about}, options.overwrite)
        with ome_zarr_in_parts(*out) as written:
            for part in model.parts(plan, tell):
                values = part.numpy()
                written.write(part.like(activated(values, channels) if logits else values, part.axis_names))
    for text in plan.notes:
        common.note(text)
    print(f"{plan.whole.shape[0]} × {format_shape(plan.whole.spatial_shape)} voxels written to {Path(options.out)}")
