"""Command ``dataset``: statistics and findings of many crops."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from predictor_inspector.cli import check, common, roundtrip

if TYPE_CHECKING:
    from predictor_inspector.data.dataset import CropFacts, Dataset
    from predictor_inspector.inspection.dataset import Draws

ABOUT = "look at all crops of a data set: statistics, findings, what sampling would see"

_PATHS = (
    "crops: files or folders, patterns in quotes ('crops/*.zarr'), CellMap's containers, datasplit.csv or manifest, or a YAML "
    "list"
)
_COUNTED_UP_TO = 2**28  # values of all crops that are counted without being asked to: some seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of ``dataset``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)

    def action(name: str, about: str) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        added.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error"
        )
        added.add_argument("paths", metavar="PATHS", nargs="+", help=_PATHS)
        added.add_argument("--gt", metavar="NAME", help="ground truth in every crop; only needed to choose")
        for name, what in (
            ("--mask", "where it is annotated; found by itself if it is in the file"),
            ("--raw", "raw data"),
        ):
            added.add_argument(name, metavar="NAME", help=f"{what}: array in every crop, or a path")
        about = "classes of crops that have an array for each, as channels: mito,er; by default all that any crop has"
        added.add_argument("--classes", metavar="NAMES", help=about)
        return added

    stats = action("stats", "list crops and classes: voxel sizes, sizes, foreground")
    about = "count voxels of all classes, however many there are; by default only those of up to 268 million"
    stats.add_argument("--foreground", action="store_true", help=about)
    _add_sampling(stats)
    stats.add_argument("--format", choices=("text", "json"), default="text", help="text (default), or JSON")

    checking = action("check", "check every crop, and the data set as a whole")
    checking.epilog = check.AFTER
    what = checking.add_argument_group("what it is trained for")
    common.add_predictor(what)
    about = "voxels of the network's input, a number per axis: 64,64,64"
    what.add_argument("--input-size", metavar="Z,Y,X", help=about)
    about = "at which it is trained, in nanometres, if crops are resampled: 8,8,8"
    what.add_argument("--voxel-size", metavar="Z,Y,X", help=about)
    _add_sampling(checking)
    how = checking.add_argument_group("how")
    how.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    about = "memory for computing a crop, such as 4GB; of larger ones the middle is checked; half of the machine's by default"
    how.add_argument("--memory", metavar="SIZE", help=about)
    about = "crops that are checked side by side, each in a process of its own; 2 by default"
    how.add_argument("--processes", metavar="N", type=int, default=2, help=about)
    about = "keep results in this file, and go on from what is in it: crops that haven't changed aren't checked again"
    how.add_argument("--results", metavar="FILE", help=about)
    check.add_results(checking)

    decoding = action("roundtrip", "decode the target of every crop, and say how much of the ground truth comes back")
    common.add_predictor(decoding.add_argument_group("what to compute"))
    roundtrip.add_decoder(decoding)
    about = "memory for decoding a crop, such as 4GB; of larger ones the middle is decoded; half of the machine's by default"
    decoding.add_argument("--memory", metavar="SIZE", help=about)
    decoding.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    decoding.add_argument("--format", choices=("text", "json"), default="text", help="text (default), or JSON")


def _add_sampling(parser: argparse.ArgumentParser) -> None:
    sampling = parser.add_argument_group("simulated sampling")
    about = "draw N regions as training does, and count how often each crop, class and object is seen"
    sampling.add_argument("--draw", metavar="N", type=int, default=0, help=about)
    about = (
        "uniform (default): crops and places alike; annotated: of these, places with enough of it annotated; balanced: classes "
        "alike"
    )
    sampling.add_argument("--sampling", choices=("uniform", "annotated", "balanced"), default="uniform", help=about)
    sampling.add_argument("--size", metavar="Z,Y,X", help="voxels of a region; 64 a side, or less in smaller crops")
    about = "least annotated share of a region that is drawn as annotated, 0.5 by default"
    sampling.add_argument("--min-annotated", metavar="SHARE", type=float, default=0.5, help=about)
    sampling.add_argument("--seed", metavar="N", type=int, default=0, help="the same seed draws the same regions")


def run(options: argparse.Namespace) -> int:
    """Print statistics, findings or scores; returns the exit status."""
    return {"stats": _stats, "check": _check, "roundtrip": _round_trips}[options.action](options)


def _stats(options: argparse.Namespace) -> int:
    from predictor_inspector.inspection.output import dataset_text

    dataset = _opened(options)
    facts = _facts(dataset, count=False)
    values = sum(found.voxels * len(found.classes) for found in facts)
    if options.foreground or options.draw or values <= _COUNTED_UP_TO:
        facts = _facts(dataset, count=True)
    draws = _draws(options, dataset, facts)
    if options.format == "json":
        crops_told = [found.as_dict() | {"foreground": found.foreground} for found in facts]
        common.print_json({"crops": crops_told, "draws": None if draws is None else draws.as_dict()})
        return 0
    print(dataset_text.describe_crops(facts))
    if any(found.classes for found in facts):
        print(f"\n{dataset_text.describe_classes(facts)}")
    if draws is not None:
        print(f"\n{dataset_text.describe_draws(draws)}")
    return 0


def _facts(dataset: Dataset, count: bool) -> list[CropFacts]:
    from predictor_inspector.data.dataset import facts_of

    found = []
    with common.bar(len(dataset.crops)) as advance:
        for crop in dataset.crops:
            found.append(facts_of(crop, count))
            advance(1)
    return found


def _check(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from predictor_inspector.core.text import counted
    from predictor_inspector.inspection.dataset import Checks, examine_all, findings_over
    from predictor_inspector.inspection.findings import SEVERITIES, load_checks, wanted_kinds
    from predictor_inspector.inspection.findings.dataset import crops_of
    from predictor_inspector.inspection.findings.finding import gravity

    wanted_kinds(options.only, options.ignore)
    for failure in load_checks()[1]:
        common.note(failure)
    dataset = _opened(options)
    if options.input_size is not None:
        dataset = replace(dataset, input_size=common.positive_numbers("--input-size", options.input_size, int))
    if options.voxel_size is not None:
        dataset = replace(
            dataset, voxel_size=common.positive_numbers("--voxel-size", options.voxel_size, float), unit="nm"
        )
    predictors = _predictors(options, dataset)
    common.begin_computing()
    memory, device = common.memory_for(options), options.device
    checks = Checks(predictors, tuple(options.only), tuple(options.ignore), memory, device)
    by_name = {}
    with common.bar(len(dataset.crops)) as advance:
        for done in examine_all(dataset.crops, checks, options.processes, options.results):
            by_name[done.facts.name] = done
            advance(1)
    examined = [by_name[crop.name] for crop in dataset.crops]
    facts = [one.facts for one in examined]
    draws = _draws(options, dataset, facts)
    drawn = None if draws is None else draws.classes
    over = findings_over(dataset, facts, drawn, options.only, options.ignore)
    found = [{"crops": list(crops_of(finding)), **finding.as_dict()} for finding in over]
    found += [{"crops": [one.facts.name], **finding} for one in examined for finding in one.findings]
    found.sort(key=lambda finding: gravity(finding["severity"]))
    if options.format == "json":
        common.print_json(found)
    else:
        counts = [sum(f["severity"] == severity for f in found) for severity in SEVERITIES]
        told = ", ".join(counted(count, severity) for count, severity in zip(counts, SEVERITIES, strict=True))
        print("\n".join([*_lines(found), f"{told} in {counted(len(facts), 'crop')}"]))
    return check.status_of((f["severity"] for f in found), options.fail_on)


def _round_trips(options: argparse.Namespace) -> int:
    from predictor_inspector.core.config import predictor_from_config
    from predictor_inspector.inspection.roundtrip import chosen_decoder, mean_scores, score_crops

    dataset = _opened(options)
    configs = _predictors(options, dataset)
    if len(configs) != 1:
        raise ValueError(
            f"a round trip needs one predictor, got {len(configs)}; choose it with --predictor or --config"
        )
    common.begin_computing()
    predictor, imperfection = predictor_from_config(configs[0]), roundtrip.imperfection_of(options)
    decoder = chosen_decoder(predictor.describe_channels(), options.decoder, options.decoder_set)
    how = imperfection, common.memory_for(options), options.device
    scored = []
    with common.bar(len(dataset.crops)) as advance:
        for one in score_crops(dataset.crops, predictor, decoder, *how):
            scored.append(one)
            advance(1)
    if options.format == "json":
        common.print_json({"crops": [one.as_dict() for one in scored], "mean": mean_scores(scored)})
    else:
        print(roundtrip.scores_text(scored, "crop"))
    return 0


def _lines(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    from predictor_inspector.core.text import listed

    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in found:
        # What is said of classes or of pairs of crops is said of each.
        one_of = "" if len(finding["crops"]) == 1 else finding["message"]
        kinds.setdefault((finding["id"], one_of), []).append(finding)
    for alike in kinds.values():
        first, crops = alike[0], list(dict.fromkeys(name for finding in alike for name in finding["crops"]))
        channels = listed(dict.fromkeys(name for finding in alike for name in finding["channels"]), 4)
        yield f"{check.coloured(first['severity'])}  {first['id']}{f'  ({channels})' * bool(channels)}"
        yield f"    {f'{crops[0]}: ' * (len(crops) > 1 and len(alike) > 1)}{first['message']}"
        yield f"    → {first['advice']}"
        if crops:
            yield f"    {'crops' if len(crops) > 1 else 'crop'}: {listed(crops, 12)}"
        yield ""


def _opened(options: argparse.Namespace) -> Dataset:
    from predictor_inspector.data.dataset import open_dataset

    names = tuple(name.strip() for name in (options.classes or "").split(",") if name.strip())
    return open_dataset(options.paths, options.gt, options.mask, options.raw, names).with_classes(names)


def _predictors(options: argparse.Namespace, dataset: Dataset) -> tuple[dict[str, Any], ...]:
    """Configurations of the options' predictor, or of the data set's own."""
    from predictor_inspector.core.config import predictor_to_config

    if not any((options.predictor, options.config, options.preset, options.set)):
        return dataset.predictors
    for crop in dataset.crops:
        try:
            gt = crop.open_gt()
        except (ValueError, OSError, ImportError):
            continue  # it is reported with the others
        return (predictor_to_config(common.predictor_for(options, gt)[0]),)
    return ()


def _draws(options: argparse.Namespace, dataset: Dataset, facts: list[CropFacts]) -> Draws | None:
    if not options.draw:
        return None
    from predictor_inspector.inspection.dataset import Plan, simulate

    size = None if options.size is None else common.positive_numbers("--size", options.size, int)
    plan = Plan(options.draw, options.sampling, size or dataset.input_size, options.min_annotated, options.seed)
    with common.bar(options.draw) as advance:
        return simulate(dataset.crops, facts, plan, progress=advance)
