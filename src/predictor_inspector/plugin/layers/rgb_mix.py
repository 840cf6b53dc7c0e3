"""`RgbMix`: which channels the RGB view blends, and in which colours, for every set of channels."""

from __future__ import annotations

from collections.abc import Sequence

from psygnal import Signal

from predictor_inspector.core.channels import Channel
from predictor_inspector.plugin.layers.colours import blended_at_first, channel_colour

Names = tuple[str, ...]


class RgbMix:
    """A choice for every predictor's channels, known by their names; ``changed`` is emitted when one is made."""

    changed = Signal()

    def __init__(self) -> None:
        self._mixed: dict[Names, set[int]] = {}
        self._colours: dict[Names, dict[int, str]] = {}

    def of(self, channels: Sequence[Channel]) -> list[tuple[int, str]]:
        """The indices and colours of the channels that are blended; empty for no RGB view."""
        names = tuple(channel.name for channel in channels)
        if names not in self._mixed:
            self._mixed[names] = set(blended_at_first(channels))
            self._colours[names] = {i: channel.colour for i, channel in enumerate(channels) if channel.colour}
        return [(i, self.colour(names, i)) for i in sorted(self._mixed[names])]

    def has(self, names: Names, index: int) -> bool:
        """Whether a channel is blended."""
        return index in self._mixed.get(names, ())

    def colour(self, names: Names, index: int) -> str:
        """A channel's colour, ``#rrggbb``, blended or not."""
        return self._colours.get(names, {}).get(index, channel_colour(index))

    def mix(self, names: Names, index: int, mixed: bool) -> None:
        """Blend a channel, or no longer."""
        if mixed != self.has(names, index):
            self._mixed.setdefault(names, set()).symmetric_difference_update({index})
            self.changed.emit()

    def set_colour(self, names: Names, index: int, colour: str) -> None:
        """Give a channel another colour, ``#rrggbb``."""
        self._colours.setdefault(names, {})[index] = colour
        self.changed.emit()
