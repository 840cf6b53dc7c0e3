"""Axes of stored data: what a file says of each, and the array that follows from it.

A format translates its own words into an `Axis` per axis of the data, or into lists of lengths whose number says which
axes they are of; `Described.array` makes of that what everything else here works with: time, then channels, then space
in the order z, y, x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isfinite
from typing import Any, Literal, NamedTuple

from predictor_inspector.core.about import NOTHING, About
from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.core.text import listed
from predictor_inspector.data.geometry import Length, exact, make_array
from predictor_inspector.data.lazy import Transposed
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor

AxisKind = Literal["space", "time", "channel"]

_LETTERS = {
    **dict.fromkeys(("z", "depth", "plane", "pln", "slice", "slices", "section", "sections"), "z"),
    **dict.fromkeys(("y", "row", "rows", "height"), "y"),
    **dict.fromkeys(("x", "col", "cols", "column", "columns", "width"), "x"),
    **dict.fromkeys(("t", "time", "times", "timepoint", "timepoints", "frame", "frames"), "t"),
    **dict.fromkeys(("c", "ch", "channel", "channels"), "c"),
}
_KINDS: dict[str, AxisKind] = {"z": "space", "y": "space", "x": "space", "t": "time", "c": "channel"}

# Voxels smaller than an atom: the unit is another one.
_ATOM = Fraction(1, 10)  # nm


class AxesError(ValueError):
    """What a file says of its axes contradicts itself; `described` can be read with another order of axes."""

    def __init__(self, message: str, described: Described) -> None:
        super().__init__(message)
        self.described = described


@dataclass(frozen=True)
class Axis:
    """What a file says of one axis of its data; None for what it doesn't say.

    `name` as it is there: `z`, `Y`, `channel`, `row`, or with ``^`` in it for a channel; `size` is the distance of voxels
    and `origin` where the first one lies, both in `unit`.
    """

    name: str | None = None
    kind: AxisKind | None = None
    size: Length | None = None
    unit: str | None = None
    origin: Length | None = None

    @property
    def letter(self) -> str | None:
        """``"z"``, ``"y"``, ``"x"``, ``"t"`` or ``"c"``, if the name stands for one of them."""
        return _LETTERS.get((self.name or "").replace("^", "").strip().lower())


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
    place: Literal["corner", "centre"] = "corner"
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
                    f"{self.source}: {key} has {len(axes)} names for an array of {ndim} axes: {[a.name for a in axes]}",
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
            raise AxesError(f"{self.source}: {len(time)} of its axes are time, {_text(axes)}", self)
        sequence = (*time, *channels, *spatial)
        data = self.data if sequence == tuple(range(ndim)) else Transposed(self.data, sequence)
        names = (*("t^" for _ in time), *_channel_names([axes[i] for i in channels]))
        return self._placed(data, names, [axes[i] for i in spatial], doubts)

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
            merged = [
                replace(
                    known,
                    **{k: getattr(known, k) if getattr(known, k) is not None else getattr(said, k) for k in _LENGTHS},
                )
                for known, said in zip(merged, axes, strict=True)
            ]
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
        count = len(lengths.values) if lengths else ndim
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
            # Beside z, y or x, what has another name isn't space; without any names the last three axes are.
            missing = 0 if space else min(len(open_axes), 3)
            if space and open_axes:
                names = listed([repr(axes[i].name or f"axis {i}") for i in open_axes])
                doubts.append(
                    f"the file doesn't say what {names} {'is' if len(open_axes) == 1 else 'are'}, read as channels"
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
        if len(letters) != len(shape) or set(letters) - set(_KINDS) or twice or not set(letters) & set("zyx"):
            raise ValueError(
                f"{self.source}: axes must have a letter for each of its {len(shape)} axes, of shape "
                f"{' × '.join(map(str, shape))}: z, y, x for space, t for time, c for channels, got {order!r}"
            )
        lengths = [Axis() for _ in letters]
        for axes in self.sayings.values():
            if len(axes) == len(letters):
                lengths = [
                    Axis(
                        None, None, *(a if a is not None else b for a, b in zip(_lengths(x), _lengths(y), strict=True))
                    )
                    for x, y in zip(lengths, axes, strict=True)
                ]
        named = [replace(axis, name=a, kind=_KINDS[a]) for axis, a in zip(lengths, letters, strict=True)]
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
        """Put the numbers that are said of several axes at once where they belong."""
        for field_name, given in (("size", self.sizes), ("origin", self.origins), ("unit", self.units)):
            if given is not None:
                values = (
                    list(given.values) * len(axes) if field_name == "unit" and len(given.values) == 1 else given.values
                )
                places = self._places(axes, given.key, values)
                for i, value in zip(places, values, strict=False):
                    axes = [replace(a, **{field_name: value}) if n == i else a for n, a in enumerate(axes)]
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

    def _placed(self, data: Any, leading: Sequence[str], axes: list[Axis], doubts: list[str]) -> Array:
        """The array on the grid that its spatial axes describe; `doubts` gets what had to be assumed."""
        names = [axis.letter or (axis.name or "").replace("^", "").strip() for axis in axes]
        if not all(names) or len(set(names)) != len(names):
            names = list(spatial_axis_names(len(axes)))
        if all(axis.size is None and axis.origin is None for axis in axes):
            array = make_array(data, (*leading, *names), [1] * len(axes), centre=[0] * len(axes), source=self.source)
        else:
            axes = self._with_units(names, axes, doubts)
            axes = self._with_sizes(names, axes, doubts)
            sizes = [1 if axis.size is None else axis.size for axis in axes]
            origins = [axis.origin or 0 for axis in axes]
            array = make_array(
                data,
                (*leading, *names),
                sizes,
                corner=origins if self.place == "corner" else None,
                centre=origins if self.place == "centre" else None,
                units=[axis.unit for axis in axes],
                source=self.source,
            )
            atom = None if array.unit == PIXEL else _ATOM * unit_factor("nm", array.unit)
            small = [
                n
                for n, v in zip(names, array.voxel_size, strict=True)
                if atom and Fraction(v, array.subdivision) < atom
            ]
            if small:
                doubts.append(f"its voxels are smaller than an atom along {listed(small)}: is {array.unit} their unit?")
        return array.like(data, array.axis_names, about=self.about.doubting(doubts))

    def _with_units(self, names: Sequence[str], axes: list[Axis], doubts: list[str]) -> list[Axis]:
        """Give every axis a unit; a size in pixels beside sizes in real units is none."""
        said = [axis.unit if axis.unit is None else short_unit(axis.unit, self.source) for axis in axes]
        real = next((unit for unit in said if unit not in (None, PIXEL)), None)
        sized = [axis.size is not None for axis in axes]
        usual = real or (self.unit if any(sized) else PIXEL)
        units = [unit or usual for unit in said]
        bare = [n for n, unit, size in zip(names, said, sized, strict=True) if unit is None and size]
        if real is None and usual in units and set(units) != {PIXEL}:
            if min((exact(axis.size) for axis in axes if axis.size is not None), default=1) < 1:
                doubts.append(f"voxel sizes below 1 without a unit, read as {usual}")
        elif real is None and any(axis.size is not None and exact(axis.size) != 1 for axis in axes):
            doubts.append("voxel sizes without a unit, read as pixels")
        elif real is not None and bare:
            doubts.append(f"no unit for {listed(bare)}, read as {real}")
        in_pixels = [real is not None and unit == PIXEL for unit in units]
        return [
            Axis(a.name, a.kind, None, unit) if pixels else replace(a, unit=unit)
            for a, unit, pixels in zip(axes, units, in_pixels, strict=True)
        ]

    def _with_sizes(self, names: Sequence[str], axes: list[Axis], doubts: list[str]) -> list[Axis]:
        """Give axes without a size that of the nearest axis that has one."""
        known = [i for i, axis in enumerate(axes) if axis.size is not None]
        missing = [i for i in range(len(axes)) if i not in known]
        if not missing:
            return axes
        if not known:
            doubts.append("a position, but no voxel size: it is taken to be 1")
            return [replace(axis, size=1, unit=axes[0].unit) for axis in axes]
        nearest = {i: min(known, key=lambda k, i=i: (abs(k - i), -k)) for i in missing}  # type: ignore[misc]
        for i, k in nearest.items():
            size = axes[k].size
            assert size is not None
            doubts.append(
                f"no voxel size for {names[i]}, taken to be that of {names[k]}, {float(size):.12g} {axes[k].unit}"
            )
        return [
            replace(a, size=axes[nearest[i]].size, unit=axes[nearest[i]].unit) if i in nearest else a
            for i, a in enumerate(axes)
        ]


_LENGTHS = ("size", "unit", "origin")


def _lengths(axis: Axis) -> tuple[Any, ...]:
    return tuple(getattr(axis, name) for name in _LENGTHS)


def described_again(array: Array, source: str) -> Described:
    """What an array says of its own axes."""
    spatial = zip(array.voxel_size, array.offset, strict=True)
    lengths = [
        Axis(None, None, Fraction(v, array.subdivision), array.unit, Fraction(o, array.subdivision)) for v, o in spatial
    ]
    sayings = {"axis_names": [*(Axis() for _ in range(array.channel_dims)), *lengths]}
    return Described(array.data, sayings, source, about=array.about)


def usable(size: Length | None) -> Length | None:
    """A voxel size, or None for what some programs write where they know none: 0, a negative number, infinity."""
    return size if size is not None and isfinite(size) and size > 0 else None  # type: ignore[operator]


def _kind_by_name(axis: Axis) -> AxisKind | None:
    kind = _KINDS.get(axis.letter or "")
    # With funlib's mark an axis isn't space, whatever else it is.
    return "time" if kind == "time" else "channel" if "^" in (axis.name or "") else kind


def _channel_names(axes: Sequence[Axis]) -> tuple[str, ...]:
    """Names of channel axes, all different, each ending in ``^``: ``c^`` where a file has no other."""
    names = [axis.letter or (axis.name or "").replace("^", "").strip() or "c" for axis in axes]
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
        if kind == "space" and axis.letter not in _KINDS
    ]
    filled = dict(zip(reversed(space), reversed(free), strict=False))
    return "".join(
        axis.letter
        if axis.letter and _KINDS[axis.letter] == kind
        else {"time": "t", "channel": "c"}.get(kind) or filled.get(i, "c")
        for i, (axis, kind) in enumerate(zip(axes, kinds, strict=True))
    )
