"""Axes of stored data: what a file says of each, and the array that follows from it.

A format translates its own words into an `Axis` per axis of the data, or into lists of lengths whose number says which
axes they are of; `Described.array` makes of that what everything else here works with: time, then channels, then space
in the order z, y, x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, NamedTuple

from predictor_inspector.core.about import NOTHING, About
from predictor_inspector.core.array import Array
from predictor_inspector.core.text import listed
from predictor_inspector.data.formats.axis import KINDS, Axis, AxisKind
from predictor_inspector.data.formats.sizes import Place, array_on_grid, usable
from predictor_inspector.data.lazy import Transposed
from predictor_inspector.data.units import PIXEL

__all__ = ["AxesError", "Axis", "AxisKind", "Described", "PerAxis", "described_again", "usable"]


class AxesError(ValueError):
    """What a file says of its axes contradicts itself; `described` can be read with another order of axes."""

    def __init__(self, message: str, described: Described) -> None:
        super().__init__(message)
        self.described = described


class PerAxis(NamedTuple):
    """A list of numbers or names under a key: one for each axis, for each of space, or for each of space and time."""

    key: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Described:
    """Stored data, of which nothing is read, and what their file says of them.

    Attributes
    ----------
    data : lazily sliced array
        In the order of axes in which it is stored, the slowest first.
    sayings : mapping of str to sequence of Axis
        By where it is said (``"axis_names"``, ``"dimension_names"``): an `Axis` per axis of the data.
    source : str
        For messages: the file, and the array in it.
    sizes, origins, units : PerAxis or None
        Said of several axes at once; they go before what `sayings` have.
    place : {"corner", "centre"}
        Of the first voxel, that origins are positions of.
    unit : str
        Of sizes that come without one.
    about : About
    """

    data: Any
    sayings: Mapping[str, Sequence[Axis]]
    source: str
    sizes: PerAxis | None = None
    origins: PerAxis | None = None
    units: PerAxis | None = None
    place: Place = "corner"
    unit: str = PIXEL
    about: About = field(default=NOTHING)

    def array(self, order: str | None = None) -> Array:
        """The array: time and channels first, then space in the order z, y, x; its doubts are in `Array.about`.

        `order` has a letter for each axis of the data (``"zyxc"``), which then is what it is whatever the file says.

        Raises
        ------
        AxesError
            If what the file says contradicts itself; the message has both readings.
        ValueError
            If a length is damaged, a unit unknown, or `order` doesn't fit the data.
        """
        ndim = len(self.data.shape)
        for key, axes in self.sayings.items() if order is None else ():
            if len(axes) != ndim:
                raise AxesError(
                    f"{self.source}: {key} has {len(axes)} names for an array of {ndim} axes: {[a.name for a in axes]}; "
                    "choose with --axes (axes=…), a letter for each",
                    self,
                )
        doubts: list[str] = []
        if order is None:
            axes = self._with_kinds(self._merged(), doubts)
            axes = self._with_lengths(axes)
        else:
            axes = self._as_ordered(order, doubts)
        spatial = self._spatial(axes)
        time = [i for i, axis in enumerate(axes) if axis.kind == "time"]
        channels = [i for i, axis in enumerate(axes) if axis.kind == "channel"]
        if len(time) > 1:
            raise AxesError(
                f"{self.source}: {len(time)} of its axes are time, {_text(axes)}; choose with --axes (axes=…)", self
            )
        sequence = (*time, *channels, *spatial)
        data = self.data if sequence == tuple(range(ndim)) else Transposed(self.data, sequence)
        names = (*("t^" for _ in time), *_channel_names([axes[i] for i in channels]))
        array, assumed = array_on_grid(data, names, [axes[i] for i in spatial], self.place, self.unit, self.source)
        return array.like(data, array.axis_names, about=self.about.doubting((*doubts, *assumed)))

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders of axes that the file names anywhere, as letters; by default the usual one."""
        ndim = len(self.data.shape)
        said = [axes for axes in self._readings.values() if len(axes) == ndim]
        found = [
            order for order in map(_order, said) if all(order.count(a) < 2 for a in "zyxt") and set(order) & set("zyx")
        ]
        return tuple(dict.fromkeys(found)) or (("c" * ndim + "zyx")[-ndim:],)

    # Names and kinds

    @property
    def _readings(self) -> dict[str, list[Axis]]:
        """What is said of names and of kinds, by where."""
        readings: dict[str, list[Axis]] = {}
        for key, axes in self.sayings.items():
            if any(axis.name for axis in axes):
                readings[key] = [Axis(axis.name, _kind_by_name(axis)) for axis in axes]
            if any(axis.kind for axis in axes):
                readings[f"types of {key}" if key in readings else key] = [Axis(None, axis.kind) for axis in axes]
        return readings

    def _merged(self) -> list[Axis]:
        """Names, kinds and lengths that are said anywhere, of each axis of the data; an `AxesError` if two differ."""
        readings = self._readings
        merged = [Axis() for _ in self.data.shape]
        told: list[str] = []
        for key, reading in readings.items():
            for i, (known, said) in enumerate(zip(merged, reading, strict=True)):
                kinds = known.kind and said.kind and known.kind != said.kind
                letters = known.letter and said.letter and known.letter != said.letter
                if kinds or letters:
                    others = [other for other in told if readings[other][i].kind or readings[other][i].letter]
                    self._refuse(others[0], readings[others[0]], key, reading)
                name = known.name if known.letter or not said.letter else said.name
                merged[i] = Axis(name or said.name, known.kind or said.kind)
            told.append(key)
        for axes in self.sayings.values():
            merged = [_with_lengths_of(known, said) for known, said in zip(merged, axes, strict=True)]
        return merged

    def _refuse(self, key: str, axes: Sequence[Axis], other_key: str, others: Sequence[Axis]) -> None:
        raise AxesError(
            f"{self.source}: what it says of its axes contradicts itself: {key} say {_text(axes)}, {other_key} say "
            f"{_text(others)}; choose with --axes (axes=…), such as {_order(axes)!r} or {_order(others)!r}",
            self,
        )

    def _with_kinds(self, axes: list[Axis], doubts: list[str]) -> list[Axis]:
        """Give a kind to axes of which none is said, by how many lengths there are."""
        ndim = len(axes)
        open_axes = [i for i, axis in enumerate(axes) if axis.kind is None]
        space, time = (sum(axis.kind == kind for axis in axes) for kind in ("space", "time"))
        lengths = self.sizes or self.origins
        count = len(lengths.values) if lengths and len(lengths.values) > 1 else ndim
        if count in (ndim, space, space + time) and (count != ndim or not open_axes):
            missing = 0
        elif count != ndim and 0 <= count - space <= len(open_axes):
            missing = count - space
        elif count != ndim:
            assert lengths is not None
            said = f"of {_text(axes)}, {space} are of space" if len(open_axes) < ndim else f"it has {ndim} axes"
            raise AxesError(
                f"{self.source}: {count} spatial axes can't be told from its attributes: {lengths.key} has {count} numbers, "
                f"but {said}; choose with --axes (axes=…), such as {_order(axes)!r}",
                self,
            )
        else:
            # Without any names the last three axes are space. Beside y and x, what comes before them without a name is depth,
            # and what has another name isn't space.
            missing = 0 if space else min(len(open_axes), 3)
            if {axis.letter for axis in axes if axis.kind == "space"} == {"y", "x"}:
                before = min(i for i, axis in enumerate(axes) if axis.kind == "space") - 1
                missing = int(before == max(open_axes, default=-1) >= 0 and axes[before].name is None)
            if space and open_axes:
                names = listed([repr(axes[i].name or f"axis {i}") for i in open_axes])
                what = "depth" if missing and len(open_axes) == 1 else "depth and channels" if missing else "channels"
                doubts.append(
                    f"the file doesn't say what {names} {'is' if len(open_axes) == 1 else 'are'}, read as {what}"
                )
        spatial = open_axes[len(open_axes) - missing :]
        return [
            axis if axis.kind else replace(axis, kind="space" if i in spatial else "channel")
            for i, axis in enumerate(axes)
        ]

    def _as_ordered(self, order: str, doubts: list[str]) -> list[Axis]:
        """What is said of lengths, with the kinds that letters give."""
        letters, shape = order.lower().replace(",", "").replace(" ", ""), self.data.shape
        twice = [a for a in "zyxt" if letters.count(a) > 1]
        if len(letters) != len(shape) or set(letters) - set(KINDS) or twice or not set(letters) & set("zyx"):
            raise ValueError(
                f"{self.source}: axes must have a letter for each of its {len(shape)} axes, of shape "
                f"{' × '.join(map(str, shape))}: z, y, x for space, t for time, c for channels, got {order!r}"
            )
        lengths = [Axis() for _ in letters]
        for axes in self.sayings.values():
            if len(axes) == len(letters):
                lengths = [_with_lengths_of(known, said) for known, said in zip(lengths, axes, strict=True)]
        named = [replace(axis, name=a, kind=KINDS[a]) for axis, a in zip(lengths, letters, strict=True)]
        try:
            return self._with_lengths(named)
        except AxesError as error:
            doubts.append(f"{str(error).removeprefix(f'{self.source}: ')}; read as {order!r} it is in pixels")
            return named

    def _spatial(self, axes: Sequence[Axis]) -> list[int]:
        """The spatial axes, z before y before x where they have these names, else as they are stored."""
        spatial = [i for i, axis in enumerate(axes) if axis.kind == "space"]
        letters = [axes[i].letter for i in spatial]
        twice = next((a for a in letters if a and letters.count(a) > 1), None)
        if twice or not spatial:
            what = f"two of its axes are {twice}" if twice else "none of its axes is space"
            raise AxesError(f"{self.source}: {what}, {_text(axes)}; choose with --axes (axes=…)", self)
        if all(letters):
            spatial.sort(key=lambda i: "zyx".index(axes[i].letter or ""))
        return spatial

    # Lengths

    def _with_lengths(self, axes: list[Axis]) -> list[Axis]:
        """Put what is said of several axes at once where it belongs; a single number or name is of all axes of space."""
        for what, given in (("size", self.sizes), ("origin", self.origins), ("unit", self.units)):
            if given is None:
                continue
            space = [i for i, axis in enumerate(axes) if axis.kind == "space"]
            values = list(given.values) * len(space) if len(given.values) == 1 else given.values
            for i, value in zip(self._places(axes, given.key, values), values, strict=True):
                axes = [replace(axis, **{what: value}) if n == i else axis for n, axis in enumerate(axes)]
        return axes

    def _places(self, axes: Sequence[Axis], key: str, values: Sequence[Any]) -> list[int]:
        """Which axes the values under a key are of."""
        space = [i for i, axis in enumerate(axes) if axis.kind == "space"]
        real = [i for i, axis in enumerate(axes) if axis.kind != "channel"]
        for places in (list(range(len(axes))), space, real):
            if len(places) == len(values):
                return places
        raise AxesError(
            f"{self.source}: {key} has {len(values)} numbers or names, but of its axes, {_text(axes)}, {len(space)} are space",
            self,
        )


def _with_lengths_of(axis: Axis, other: Axis) -> Axis:
    """An axis with the lengths that another one has and it hasn't."""
    return replace(
        axis,
        size=other.size if axis.size is None else axis.size,
        unit=other.unit if axis.unit is None else axis.unit,
        origin=other.origin if axis.origin is None else axis.origin,
    )


def described_again(array: Array, source: str) -> Described:
    """What an array says of its own axes."""
    spatial = zip(array.voxel_size, array.offset, strict=True)
    lengths = [
        Axis(None, None, Fraction(v, array.subdivision), array.unit, Fraction(o, array.subdivision)) for v, o in spatial
    ]
    sayings = {"axis_names": [*(Axis() for _ in range(array.channel_dims)), *lengths]}
    return Described(array.data, sayings, source, about=array.about)


def _kind_by_name(axis: Axis) -> AxisKind | None:
    kind = KINDS.get(axis.letter or "")
    # With funlib's mark an axis isn't space, whatever else it is.
    return "time" if kind == "time" else "channel" if "^" in (axis.name or "") else kind


def _channel_names(axes: Sequence[Axis]) -> tuple[str, ...]:
    """Names of channel axes, all different, each ending in ``^``: ``c^`` where a file has no other."""
    names = [axis.own_name or "c" for axis in axes]
    if len(set(names)) != len(names):
        names = [f"c{i}" for i in range(len(names))]
    return tuple(f"{name}^" for name in names)


def _text(axes: Sequence[Axis]) -> str:
    """The axes in words: ``"z y x channel"``."""
    words = {"t": "time", "c": "channel"}
    return " ".join(words.get(axis.letter or "", axis.letter or axis.name or axis.kind or "?") for axis in axes)


def _order(axes: Sequence[Axis]) -> str:
    """A reading as a letter per axis, which may be asked for; what isn't said is filled in."""
    kinds = [axis.kind or "space" for axis in axes]
    free = [a for a in "zyx" if a not in {axis.letter for axis in axes}]
    space = [
        i
        for i, (axis, kind) in enumerate(zip(axes, kinds, strict=True))
        if kind == "space" and axis.letter not in KINDS
    ]
    filled = dict(zip(reversed(space), reversed(free), strict=False))
    return "".join(
        axis.letter
        if axis.letter and KINDS[axis.letter] == kind
        else {"time": "t", "channel": "c"}.get(kind) or filled.get(i, "c")
        for i, (axis, kind) in enumerate(zip(axes, kinds, strict=True))
    )
