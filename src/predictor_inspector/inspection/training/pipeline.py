"""Findings in the samples of a training pipeline."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from predictor_inspector.inspection.findings import Finding, in_order, load_checks, wanted_kinds
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample, SamplesSubject


def findings_over_samples(
    samples: Sequence[ComparedSample], only: Collection[str] = (), ignore: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Findings of the checks that look at samples of a pipeline, the most severe first; see `SamplesSubject`.

    What is found in samples is kept with them, so that it costs little to look again when more have come.
    """
    wanted = wanted_kinds(only, ignore)
    subject = SamplesSubject(samples)
    checks = [check for check in load_checks()[0] if check.of == "samples"]
    return in_order(found for check in checks for found in check.run(subject) if found.id in wanted) if samples else ()
