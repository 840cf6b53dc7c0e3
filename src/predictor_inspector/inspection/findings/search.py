"""`find` and `check_inputs`: run the checks and sort what they find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from funlib.geometry import Roi

from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.reading import on_grid
from predictor_inspector.inspection.engine.run import Inspection, Progress
from predictor_inspector.inspection.findings.checks import Check, Of, kinds, load_checks
from predictor_inspector.inspection.findings.finding import SEVERITIES, Finding
from predictor_inspector.inspection.findings.subject import Inputs, Subject

Find = Callable[[Inspection], Sequence[Finding]]
"""Gives the findings of an inspection."""

INPUTS: tuple[Of, ...] = ("inputs",)
INSPECTION: tuple[Of, ...] = ("inspection",)


def find(
    inspection: Inspection,
    costly: bool = True,
    progress: Progress | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
    of: Collection[Of] = INPUTS + INSPECTION,
) -> tuple[Finding, ...]:
    """Everything that the checks find in an inspection, the most severe first.

    Parameters
    ----------
    inspection : Inspection
        What is checked; its arrays are in memory. The source of its request is read only where a check needs more
        context than the inspection has.
    costly : bool
        Run the checks on demand too, not only those that are quick enough to run with every inspection.
    progress : callable, optional
        Called with a check's name and the fraction of it that is done. What it raises ends the search.
    only, ignore : collection of str
        Identifiers of the findings wanted, all by default, and of those not wanted.
    of : collection of str
        Leave ``"inputs"`` out where `check_inputs` has looked at them already.

    Raises
    ------
    ValueError
        If an identifier isn't one.
    """
    return find_in(Subject(inspection, progress), costly, only, ignore, of)


def find_in(
    subject: Subject,
    costly: bool = True,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
    of: Collection[Of] = INPUTS + INSPECTION,
    failures: list[str] | None = None,
) -> tuple[Finding, ...]:
    """As `find`, for a `Subject` that more is derived from.

    Parameters
    ----------
    failures : list of str, optional
        Gets a sentence for each check that raised an error, which then found nothing; without it the error is raised.
    """
    wanted = wanted_kinds(only, ignore)
    found: list[Finding] = []
    for check in _running(wanted, of, costly):
        subject.tell(check.name, 0.0)
        try:
            found += list(check.run(subject.inputs if check.of == "inputs" else subject))
        except Exception as error:  # another package's check may fail in any way, and must not hide what others find
            if failures is None or subject.stopped:
                raise
            where = f"{check.run.__module__}.{check.run.__name__}"
            failures.append(f"The check {where} failed: {type(error).__name__}: {error}.")
    return in_order(f for f in found if f.id in wanted)


def find_cheaply(inspection: Inspection) -> Sequence[Finding]:
    """What the checks find that are quick enough to run with every inspection."""
    return find(inspection, costly=False)


def check_inputs(
    source: Source,
    region: Roi | None = None,
    only: Collection[str] = (),
    ignore: Collection[str] = (),
) -> tuple[Finding, ...]:
    """What is wrong with ground truth and mask as they were opened, even if no predictor accepts them.

    Parameters
    ----------
    region : Roi, optional
        The part to look at, on the grid of the ground truth and within it; all of it by default.
    only, ignore
        As in `find`.

    Raises
    ------
    ValueError
        As `find`, and if the mask has another number of spatial axes than the ground truth.
    """
    wanted = wanted_kinds(only, ignore)
    gt, mask = source.gt, source.mask
    part = gt[gt.roi if region is None else region]
    if mask is not None and mask.dims != gt.dims:
        raise ValueError(
            f"mask must have {gt.dims} spatial axes like the ground truth, got {mask.dims}: {mask.axis_names}"
        )
    known = None if mask is None else on_grid(mask, part.roi, gt)[part.roi]
    inputs = Inputs(part, known)
    found = [f for check in _running(wanted, INPUTS, costly=True) for f in check.run(inputs)]
    return in_order(f for f in found if f.id in wanted)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, then as the checks are listed, those about most voxels first."""
    ids = list(kinds())
    return tuple(
        sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), ids.index(f.id), -f.where.voxels)),
    )


def wanted_kinds(only: Collection[str], ignore: Collection[str]) -> set[str]:
    """The identifiers of findings that are looked for.

    Raises
    ------
    ValueError
        If one isn't known.
    """
    known = kinds()
    for given in (*only, *ignore):
        if given not in known:
            raise ValueError(f"there is no finding {given!r}; there are {', '.join(known)}")
    return (set(only) or set(known)) - set(ignore)


def _running(wanted: set[str], of: Collection[Of], costly: bool) -> list[Check]:
    checks, _ = load_checks()
    return [
        check
        for check in checks
        if check.of in of and (costly or check.cost == "live") and any(kind.id in wanted for kind in check.kinds)
    ]
