"""Colours of what the plugin draws: chosen to be told apart by people who see few, on dark and on light canvases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.channels import Channel

ROI = "#ffd400"
CONTEXT = "#22b8e6"
BEYOND = "#ff3d7f"
PADDING = "#b48cff"

SEVERITY_COLOURS = {"error": "#d63a34", "warning": "#b86e00", "info": "#2f7fc1"}

REASON_COLOURS = dict(enumerate(("#8c8c8c", "#ffb000", "#648fff", "#dc267f", "#785ef0"), start=1))
"""Of the numbers into `REASONS`, why a value has no weight."""

CHANNELS = (
    "#ff0000",
    "#00ff00",
    "#0000ff",
    "#ffb000",
    "#00d5d5",
    "#e05cff",
    "#a0d000",
    "#ff7f50",
    "#5080ff",
    "#c0c0c0",
)
"""Per channel, in turn; the first three make neighbouring affinities along z, y and x the usual RGB picture."""


MIXED_AT_FIRST = 3
"""Channels of a group that are blended before a person chooses others: the primary colours."""


def channel_colour(index: int) -> str:
    """The colour of the channel at `index` that has none of its own."""
    return CHANNELS[index % len(CHANNELS)]


def blended_at_first(channels: Sequence[Channel]) -> dict[int, str]:
    """Indices and colours of the channels that are blended before a person chooses others; empty if none go together.

    Of the first group: all classes, since they hardly overlap, or the first three of several others.
    """
    group = next((channel.group for channel in channels if channel.group), None)
    members = [i for i, channel in enumerate(channels) if channel.group == group]
    if group != "classes":
        members = members[:MIXED_AT_FIRST] if group is not None and len(members) > 1 else []
    return {i: channels[i].colour or channel_colour(i) for i in members}


def signed_colormap() -> Any:
    """Blue for negative, dark in the middle, orange for positive: the sign is seen, and 0 is."""
    from napari.utils.colormaps import Colormap

    colors = np.array(
        [
            [0.55, 0.80, 1.00, 1],
            [0.10, 0.40, 0.85, 1],
            [0.05, 0.05, 0.10, 1],
            [0.85, 0.35, 0.05, 1],
            [1.00, 0.85, 0.45, 1],
        ]
    )
    return Colormap(colors, name="predictor-inspector signed", display_name="signed")


def blend(values: np.ndarray, colours: list[str]) -> np.ndarray:
    """Channels as one picture: each in its colour, added up.

    Parameters
    ----------
    values : numpy.ndarray
        float, [C, …], in [0, 1].
    colours : list of str
        C colours as ``#rrggbb``.

    Returns
    -------
    numpy.ndarray
        uint8, […, 3].
    """
    picture = np.zeros((*values.shape[1:], 3), dtype=np.float32)
    for channel, colour in zip(values, colours, strict=True):
        for i in range(3):
            share = int(colour[1 + 2 * i : 3 + 2 * i], 16)
            if share:
                picture[..., i] += channel * share
    return np.clip(picture, 0, 255).astype(np.uint8)
