"""Command ``convert``: a predictor's configuration from and for other tools."""

from __future__ import annotations

import argparse
from pathlib import Path

from predictor_inspector.cli import common

WRITTEN = ("yaml", "python", "dacapo", "dacapo-toolbox", "bootstrapper", "cellmap-flow", "pytc", "torch_em")
ABOUT = "write a predictor's configuration as YAML, as Python, or for another tool, from any of them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to read, what to write, and the voxels it is for."""
    parser.add_argument("config", metavar="FILE", help="our YAML or JSON, or a file of another tool; Python isn't run")
    parser.add_argument("--to", metavar="WHAT", choices=WRITTEN, default="yaml", help=f"one of {', '.join(WRITTEN)}")
    parser.add_argument(
        "--predictor", metavar="KIND", help="of a file with targets of several kinds, or one that names none"
    )
    parser.add_argument(
        "--set", metavar="KEY=VALUE", **common.REPEATED, help="a parameter's value, in YAML; repeatable"
    )
    parser.add_argument(
        "--voxel-size", metavar="SIZE", help="of the ground truth, as 40,4,4; where lengths must be known"
    )
    parser.add_argument("--unit", default="nm", help="of the voxel size (nm)")
    parser.add_argument("--name", default="target", help="what it is called there, where it has a name (target)")


def run(options: argparse.Namespace) -> None:
    """Print the configuration."""
    from predictor_inspector.core.config import (
        parsed_values,
        predictor_from_config,
        predictor_to_python,
        predictor_to_yaml,
        text_of,
    )
    from predictor_inspector.core.tools import Grid, read_configuration, write_configuration

    sizes = None if options.voxel_size is None else common.positive_numbers("--voxel-size", options.voxel_size, float)
    grid = None if sizes is None else Grid(tuple(sizes), options.unit, options.name)
    text = text_of(Path(options.config))
    read = read_configuration(text, options.config, grid, options.predictor)
    config = {"kind": options.predictor} if options.predictor else {}
    predictor = predictor_from_config({**config, **(read.config or {}), **parsed_values(options.set)})
    for note in read.told(options.config):
        common.note(note)
    if options.to in ("yaml", "python"):
        print({"yaml": predictor_to_yaml, "python": predictor_to_python}[options.to](predictor), end="")
    elif grid is None:
        raise ValueError("what another tool needs may depend on the voxel size: give it with --voxel-size")
    else:
        print(write_configuration(predictor, options.to, grid), end="")
