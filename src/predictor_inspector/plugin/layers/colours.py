"""Colours of what the plugin draws, and the RGB blend of channels.

They can be told apart with colour blindness, on dark and on light canvases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psygnal import Signal

from predictor_inspector.core.channels import Channel

ROI = "#ffd400"
CONTEXT = "#22b8e6"
BEYOND = "#ff3d7f"
PADDING = "#b48cff"
INPUT = "#4fd18b"
OUTPUT = "#ff9d3b"
FIELD = "#ff8fd0"

SEVERITY_COLOURS = {"error": "#d63a34", "warning": "#b86e00", "info": "#2f7fc1"}

# Of the numbers into `REASONS`, why a value has no weight.
REASON_COLOURS = dict(enumerate(("#8c8c8c", "#ffb000", "#648fff", "#fe6100", "#dc267f", "#785ef0"), start=1))

# What a segmentation has split, merged and lost.
MISTAKE_COLOURS = {1: "#ffb000", 2: "#dc267f", 3: "#ffffff"}

_PRIMARY = ("#ff0000", "#00ff00", "#0000ff")  # so many channels of a group are blended at first
CHANNELS = (*_PRIMARY, "#ffb000", "#00d5d5", "#e05cff", "#a0d000", "#ff7f50", "#5080ff", "#c0c0c0")
"""Per channel, in turn; the first three make neighbouring affinities along z, y and x the usual RGB picture."""

Names = tuple[str, ...]


def channel_colour(index: int) -> str:
    """The colour of the channel at `index` that has none of its own."""
    return CHANNELS[index % len(CHANNELS)]


def blended_at_first(channels: Sequence[Channel]) -> dict[int, str]:
    """Indices and colours of the channels that are blended by default; empty if none go together.

    Of the first group: all classes, since they hardly overlap, or the first three of several others.
    """
    group = next((channel.group for channel in channels if channel.group), None)
    members = [i for i, channel in enumerate(channels) if channel.group == group]
    if group != "classes":
        members = members[: len(_PRIMARY)] if group is not None and len(members) > 1 else []
    return {i: channels[i].colour or channel_colour(i) for i in members}


class RgbMix:
    """Which channels the RGB view blends, and in which colours, for every set of channels, known by their names."""

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


def blend(values: np.ndarray, colours: Sequence[str], over: bool = False) -> np.ndarray:
    """Channels, float [C, …] in [0, 1], NaN where unknown, as one picture, uint8 […, 4]: each in its colour, added up.

    Colours are ``#rrggbb``. What is unknown is transparent; `over` something else, so is what is dark.
    """
    unknown = np.isnan(values).any(0)
    values = np.where(unknown, np.float32(0), values)
    picture = np.zeros((*values.shape[1:], 4), dtype=np.float32)
    for channel, colour in zip(values, colours, strict=True):
        for i in range(3):
            share = int(colour[1 + 2 * i : 3 + 2 * i], 16)
            if share:
                picture[..., i] += channel * share
    if over:
        # Its opacity is that of the strongest channel; times that, the colour is what they add up to.
        strongest = np.clip(values.max(0), 0, 1)
        picture[..., :3] /= np.maximum(strongest, 1e-6)[..., None]
        picture[..., 3] = 255 * strongest
    else:
        picture[..., 3] = np.where(unknown, 0, 255)
    return np.clip(picture, 0, 255).astype(np.uint8)
