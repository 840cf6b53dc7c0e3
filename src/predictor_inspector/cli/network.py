"""Command ``network``: valid sizes, receptive field, parameters and memory of a network."""

from __future__ import annotations

import argparse

from predictor_inspector.cli import common

ABOUT = "tell valid sizes, receptive field, parameters and memory of a network, or list the presets"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``network``."""
    about = (
        "preset, YAML file, or import path of a module or an architecture, package.module:name or file.py:name, which is run; "
        "without it presets are listed"
    )
    parser.add_argument("network", metavar="NETWORK", nargs="?", help=about)
    about = f"one parameter, its value in YAML (input_shape=[188,188,188]), as in '{common.PROGRAM} show unet'"
    parser.add_argument("--set", metavar="KEY=VALUE", help=about, **common.REPEATED)
    parser.add_argument("--sizes", metavar="N", type=int, default=8, help="valid sizes to list, 8 by default")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default), or JSON")


def run(options: argparse.Namespace) -> None:
    """Print what is found out."""
    from predictor_inspector.core.networks import chosen_network, network_presets, network_to_config
    from predictor_inspector.inspection.engine.network import measure
    from predictor_inspector.inspection.output.text import describe_network, describe_networks

    if options.sizes < 0:
        raise ValueError(f"--sizes must be at least 0, got {options.sizes}")
    if options.network is None:
        if options.set:
            raise ValueError("--set needs the network whose parameters it sets, such as cellmap")
        presets = network_presets()
        if options.format == "json":
            common.print_json({name: network_to_config(network) for name, network in presets.items()})
        else:
            print(describe_networks(presets))
        return
    with common.progress(4) as tell:
        facts = measure(chosen_network(options.network, options.set), tell=tell, sizes=options.sizes)
    if options.format == "json":
        common.print_json(facts.as_dict())
    else:
        print(describe_network(facts))
