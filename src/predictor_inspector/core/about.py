"""What files say of arrays beyond their grid: ids of what isn't annotated, doubts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class About:
    """What a file says of an array, and leaves open; an array carries it along wherever it is cut or converted.

    Attributes
    ----------
    unknown : tuple of int
        Ids that mean "not annotated", which isn't "absent": 0 stays background unless it is among them.
    doubts : tuple of str
        Sentences, each about something of the geometry that had to be assumed.
    notes : tuple of str
        Sentences about how the values were understood.
    channels : tuple of str
        Names of the positions on its channel axis, such as classes, where they are known.
    """

    unknown: tuple[int, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What there is to know, each with a capital and a full stop."""
        texts = (*self.notes, *(f"Doubtful: {doubt}" for doubt in self.doubts))
        return tuple(f"{text[:1].upper()}{text[1:]}." for text in texts)

    def doubting(self, doubts: Iterable[str]) -> About:
        """The same with further doubts."""
        return replace(self, doubts=tuple(dict.fromkeys((*self.doubts, *doubts))))


NOTHING = About()
