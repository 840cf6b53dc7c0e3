"""Review of findings: which are fine, to be fixed, seen and new."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from io import StringIO
from math import ceil, floor, prod
from pathlib import Path
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from predictor_inspector.core.array import Array
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.units import unit_factor
from predictor_inspector.inspection.findings.finding import Finding, Severity, gravity, plain

State = Literal["to fix", "fine", "seen", "open"]
STATES: tuple[State, ...] = get_args(State)
"""Judged to be a mistake, or none; only looked at; not even that."""

JUDGED: tuple[State, ...] = ("to fix", "fine")

_ALIKE = 0.5  # share of a finding's box that lies in a judged one's, from which on both are the same
_MOST_IDS = 100  # checks name no more: so many may be some of more
_ROUNDING = 1e-6  # voxels


class Verdict(BaseModel):
    """What a finding is about, and what was made of it.

    `begin` and `end` are the corners of the box around its voxels, in `unit`; `ids` are its objects, or pairs of them, none if
    it is about no objects or about very many; `about` are its other words, such as a reason. `since` is when it was first
    listed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    finding: str
    state: State = "open"
    severity: Severity
    channels: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    ids: tuple[int | tuple[int, int], ...] = ()
    begin: tuple[float, ...]
    end: tuple[float, ...]
    unit: str
    voxels: int = Field(ge=0)
    since: date
    message: str

    @classmethod
    def of(cls, finding: Finding) -> Verdict:
        """An open one."""
        return cls.from_dict(finding.as_dict(), finding.where.grid.unit)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any], unit: str) -> Verdict:
        """Of a finding as `Finding.as_dict` has it, with lengths in `unit`; its state, if it has one, stays."""
        numbers, where = told["numbers"], told["where"]
        return cls(
            finding=told["id"],
            state=told.get("state", "open"),
            severity=told["severity"],
            channels=tuple(told["channels"]),
            about=tuple(sorted(value for value in numbers.values() if isinstance(value, str))),
            ids=_objects(numbers),
            begin=tuple(where["begin"]),
            end=tuple(where["end"]),
            unit=unit,
            voxels=where["voxels"],
            since=date.today(),
            message=told["message"],
        )

    @property
    def is_judged(self) -> bool:
        """Whether somebody said that it is fine, or to be fixed."""
        return self.state in JUDGED

    def covers(self, other: Verdict) -> bool:
        """Whether what is said of this holds for the other one.

        Both are of the same kind and channels. All objects of the other are among this one's, wherever it was looked for; of
        what isn't about objects, at least half of the other's box lies in this one's.
        """
        if (self.finding, self.channels, self.about) != (other.finding, other.channels, other.about):
            return False
        if self.ids:
            return bool(other.ids) and set(other.ids) <= set(self.ids)
        if self.unit != other.unit or len(self.begin) != len(other.begin):
            return False
        within = [
            max(0.0, min(end, others_end) - max(begin, others_begin)) / (others_end - others_begin)
            for begin, end, others_begin, others_end in zip(self.begin, self.end, other.begin, other.end, strict=True)
        ]
        return prod(within) >= _ALIKE

    def slices(self, gt: Array) -> tuple[slice, ...]:
        """Its box in voxels of the ground truth, rounded outwards; a ``ValueError`` if it is of data of other axes or units."""
        if not len(self.begin) == len(self.end) == gt.dims:
            raise ValueError(
                f"a judged finding, {self.finding}, has {len(self.begin)} axes, but the ground truth has {gt.dims}"
            )
        factor = unit_factor(self.unit, gt.unit, "judged finding") * gt.subdivision

        def voxels(corner: Sequence[float]) -> list[float]:
            axes = zip(corner, gt.offset, gt.voxel_size, strict=True)
            return [float((exact(at) * factor - first) / size) for at, first, size in axes]

        return tuple(
            slice(floor(low + _ROUNDING), ceil(high - _ROUNDING))
            for low, high in zip(voxels(self.begin), voxels(self.end), strict=True)
        )


@dataclass(frozen=True)
class Review:
    """Verdicts of findings; `known` are those of the session that was loaded, None if none was, so that nothing is new."""

    verdicts: tuple[Verdict, ...] = ()
    known: tuple[Verdict, ...] | None = None

    def as_loaded(self) -> Review:
        """The same, from which on findings that aren't in it are new."""
        return replace(self, known=self.verdicts or None)

    def state_of(self, finding: Finding | Verdict) -> State:
        """What was made of a finding."""
        found = self._holding_for(open_verdict(finding))
        return "open" if found is None else found.state

    def is_new(self, finding: Finding | Verdict) -> bool:
        """Whether it wasn't in the session that was loaded."""
        if self.known is None:
            return False
        wanted = open_verdict(finding)
        return not any(known.covers(wanted) for known in self._known_by_kind.get(wanted.finding, ()))

    def judge(self, finding: Finding, state: State) -> Review:
        """With what is made of a finding now."""
        wanted = open_verdict(finding)
        kept = [j for j in self.verdicts if not _same(j, wanted)]
        since = min((j.since for j in self.verdicts if _same(j, wanted)), default=wanted.since)
        return replace(self, verdicts=(*kept, wanted.model_copy(update={"state": state, "since": since})))

    def see(self, finding: Finding) -> Review:
        """With a finding that was looked at, unless more is known of it."""
        return self.judge(finding, "seen") if self.state_of(finding) == "open" else self

    def forget(self, verdict: Verdict) -> Review:
        """Without a verdict."""
        return replace(self, verdicts=tuple(j for j in self.verdicts if j is not verdict))

    def remaining(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Those that weren't judged to be fine."""
        return tuple(finding for finding in findings if self.state_of(finding) != "fine")

    def elsewhere(self, findings: Iterable[Finding]) -> tuple[Verdict, ...]:
        """What was judged but isn't among these."""
        listed = {id(found) for f in findings if (found := self._holding_for(open_verdict(f))) is not None}
        return _in_order(j for j in self.verdicts if j.is_judged and id(j) not in listed)

    def listing(self, findings: Iterable[Finding]) -> tuple[Verdict, ...]:
        """All verdicts, and these findings where there is none of them yet, in an order that stays."""
        others = [j for j in map(open_verdict, findings) if self._holding_for(j) is None]
        return _in_order((*self.verdicts, *others))

    def stated(self, findings: Iterable[Finding]) -> tuple[Verdict, ...]:
        """These findings, each with its state, in the order of `listing`."""
        found = []
        for verdict in map(open_verdict, findings):
            held = self._holding_for(verdict)
            known = {} if held is None else {"state": held.state, "since": held.since}
            found.append(verdict.model_copy(update=known))
        return _in_order(found)

    def worklist(self, findings: Iterable[Finding]) -> tuple[Verdict, ...]:
        """These findings, each with its state, and what was judged elsewhere, in the order of `listing`."""
        findings = tuple(findings)
        return _in_order((*self.stated(findings), *self.elsewhere(findings)))

    def summary(self, findings: Sequence[Finding]) -> str:
        """How many are in which state, ``"3 to fix, 5 fine, 4 open, 2 new"``; empty if nothing was judged, and none is new."""
        states = Counter(state if state in JUDGED else "open" for state in map(self.state_of, findings))
        new = sum(map(self.is_new, findings))
        if not new and not any(states[state] for state in JUDGED):
            return ""
        told = [f"{states[state]:,} {state}" for state in (*JUDGED, "open") if states[state]]
        return ", ".join([*told, *([f"{new:,} new"] if new else [])])

    def to_csv(self, verdicts: Iterable[Verdict], gt: Array) -> str:
        """Verdicts as CSV, a line for each: box in the unit of `gt`, and in its voxels, from 0, the end not included.

        A ``ValueError`` as `Verdict.slices`.
        """
        axes, text = gt.spatial_axes, StringIO()
        places = [f"{end}_{axis}" for end in ("begin", "end") for axis in axes]
        titles = ["kind", "severity", "state", "new", "message", "channels", "ids", "unit", *places]
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow([*titles, *(f"voxel_{place}" for place in places), "voxels", "since"])
        for j in verdicts:
            slices = j.slices(gt)
            factor = float(unit_factor(j.unit, gt.unit, "judged finding"))
            ids = " ".join("-".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in j.ids)
            words = [j.finding, j.severity, j.state, "new" if self.is_new(j) else "", j.message]
            corners = [f"{at * factor:.12g}" for at in (*j.begin, *j.end)]
            voxels = [*(s.start for s in slices), *(s.stop for s in slices)]
            rows.writerow([*words, " ".join(j.channels), ids, gt.unit, *corners, *voxels, j.voxels, j.since])
        return text.getvalue()

    @cached_property
    def _by_kind(self) -> dict[str, list[Verdict]]:
        return _by_kind(self.verdicts)

    @cached_property
    def _known_by_kind(self) -> dict[str, list[Verdict]]:
        return _by_kind(self.known or ())

    def _holding_for(self, wanted: Verdict) -> Verdict | None:
        """The verdict that holds for a finding: its own, else the last of one that has it in it."""
        holding = [j for j in self._by_kind.get(wanted.finding, ()) if j.covers(wanted)]
        return next((j for j in reversed(holding) if wanted.covers(j)), holding[-1] if holding else None)


def review_from_json(path: Path, unit: str) -> Review:
    """What ``check --format json`` has written: all that is in it is known.

    A ``ValueError`` if it is something else; a ``FileNotFoundError`` if it isn't there.
    """
    if not path.is_file():
        raise FileNotFoundError(f"the review {path} is {'no file' if path.exists() else 'not there'}")
    try:
        found = tuple(Verdict.from_dict(told, unit) for told in json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
        raise ValueError(f"{path} is no list of findings, as check --format json writes it") from error
    return Review(found, found)


def open_verdict(finding: Finding | Verdict) -> Verdict:
    """An open verdict of a finding, made once: lists ask again and again."""
    if isinstance(finding, Verdict):
        return finding
    if finding not in _OPEN:
        _OPEN[finding] = Verdict.of(finding)
    return _OPEN[finding]


_OPEN: WeakKeyDictionary[Finding, Verdict] = WeakKeyDictionary()


def _same(one: Verdict, other: Verdict) -> bool:
    return one.covers(other) and other.covers(one)


def _by_kind(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.finding, []).append(verdict)
    return found


def _in_order(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The most severe first; otherwise by kind and place."""
    return tuple(sorted(verdicts, key=lambda j: (gravity(j.severity), j.finding, j.channels, j.begin, j.message)))


def _objects(numbers: Mapping[str, Any]) -> tuple[Any, ...]:
    """The ids that the numbers of a finding name, or the pairs of them."""
    ids, pairs, one = (plain(numbers.get(name)) for name in ("ids", "pairs", "id"))
    if _is_list_of(pairs, _is_pair):
        found: list[Any] = sorted(tuple(sorted(pair)) for pair in pairs)
    elif _is_list_of(ids, _is_pair):
        found = sorted(tuple(sorted(pair)) for pair in ids)
    elif _is_list_of(ids, _is_id):
        found = sorted(ids)
    else:
        found = [one] if _is_id(one) else []
    return tuple(found) if len(found) < _MOST_IDS else ()


def _is_list_of(value: Any, holds: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(holds, value))


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_id, value))
