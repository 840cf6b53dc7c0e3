"""Command ``samples``: samples of a training pipeline, and what is wrong with them."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from predictor_inspector.cli import check, common

if TYPE_CHECKING:
    from predictor_inspector.core import Predictor
    from predictor_inspector.data.training_samples import TrainingSample
    from predictor_inspector.inspection.findings import Finding
    from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample

ABOUT = "look at samples of a training pipeline as the network gets them, and compare their targets with ours"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``samples``."""
    parser.epilog = f"{check.AFTER} 2, too, if the pipeline fails; what was found before is told."
    about = (
        "what makes the samples: a function without arguments in a module, or in path/to/file.py, that returns an iterator, a "
        "Dataset, a DataLoader, or a gunpowder pipeline and a request; it runs in a process of its own"
    )
    parser.add_argument("path", metavar="MODULE:FUNCTION", help=about)
    about = (
        "what the pipeline calls raw, labels, mask, target and weight: raw=RAW,labels=GT, or positions from 0; by default "
        "that is guessed from names"
    )
    parser.add_argument("--keys", metavar="ROLE=KEY,…", default="", help=about)
    about = "of arrays that don't say it, a number per axis, in nanometres: 40,4,4; by default they are in pixels"
    parser.add_argument("--voxel-size", metavar="Z,Y,X", help=about)
    parser.add_argument("--count", metavar="N", type=int, default=10, help="samples to take at most, 10 by default")
    about = "seconds to wait for each sample, 60 by default; then the pipeline is ended"
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=60.0, help=about)
    common.add_predictor(parser.add_argument_group("what to compare targets with"))
    check.add_results(parser)
    about = (
        "folder to make, with a picture of every sample: raw data, labels, the pipeline's target, ours, the difference"
    )
    parser.add_argument("--out", metavar="DIR", help=about)


def run(options: argparse.Namespace) -> int:
    """Print samples and what was found in them; returns the exit status."""
    from predictor_inspector.data.atomic_write import whole_folder
    from predictor_inspector.data.training_samples import PipelineError, SampleStream, keys_from_text
    from predictor_inspector.inspection.findings import load_checks, wanted_kinds
    from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample
    from predictor_inspector.inspection.output.samples_text import sample_to_json
    from predictor_inspector.inspection.training.pipeline import findings_over_samples

    for name in ("count", "timeout"):
        if getattr(options, name) <= 0:
            raise ValueError(f"--{name} must be more than 0, got {getattr(options, name)}")
    wanted_kinds(options.only, options.ignore)
    size = None if options.voxel_size is None else common.positive_numbers("--voxel-size", options.voxel_size, float)
    folder = None if options.out is None else Path(options.out).expanduser()
    if folder is not None and folder.exists():
        raise FileExistsError(f"{folder} is there already; choose another --out")
    for unloaded in load_checks()[1]:
        common.note(unloaded)
    common.begin_computing()
    samples: list[ComparedSample] = []
    failure: PipelineError | None = None
    with ExitStack() as opened:
        stream = opened.enter_context(SampleStream(options.path, keys_from_text(options.keys), size))
        tell = opened.enter_context(common.bar(options.count))
        pictures = None if folder is None else opened.enter_context(whole_folder(folder))
        try:
            while len(samples) < options.count and (given := stream.next(options.timeout)) is not None:
                predictor = samples[0].predictor if samples else _predictor(options, given)
                samples.append(ComparedSample(len(samples), given, predictor))
                if pictures is not None:
                    _draw(samples[-1], pictures)
                tell(1)
        except PipelineError as error:
            if not samples:
                raise
            failure = error
    findings = findings_over_samples(samples, options.only, options.ignore)
    if options.format == "json":
        found = [finding.as_dict() for finding in findings]
        told = {"samples": [sample_to_json(sample) for sample in samples], "findings": found}
        common.print_json(told | ({"failure": str(failure)} if failure else {}))
    else:
        print(_text(samples, findings))
    if samples[0].refused and samples[0].predictor is not None:
        common.note(f"targets weren't compared: {samples[0].refused}")
    if failure is not None:
        raise failure
    return check.status_of((f.severity for f in findings), options.fail_on)


def _text(samples: list[ComparedSample], findings: tuple[Finding, ...]) -> str:
    from predictor_inspector.core.text import counted
    from predictor_inspector.inspection.findings.training_samples.compared import samples_of
    from predictor_inspector.inspection.output.samples_text import describe_samples

    def place(f: Finding) -> str:
        first = samples[samples_of(f)[0]]
        return f"sample {first.index}, {f.where.place(first.sample.grid)}, {counted(f.where.voxels, 'voxel')}"

    told = f"{check.findings_text(findings, place)} in {counted(len(samples), 'sample')}"
    return "\n".join([describe_samples(samples), "", told])


def _predictor(options: argparse.Namespace, first: TrainingSample) -> Predictor | None:
    """The options' predictor, which begins with what suits the first labels; None if none is named."""
    if not any((options.predictor, options.config, options.preset, options.set)):
        return None
    return common.predictor_for(options, first.grid)[0]


def _draw(sample: ComparedSample, folder: Path) -> None:
    from predictor_inspector.inspection.output.pictures import sample_figure, save_figure

    save_figure(folder / f"sample_{sample.index:04d}.png", sample_figure(sample))
