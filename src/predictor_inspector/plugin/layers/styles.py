"""Styles of target and weights: colormap, blending and rendering that suit a channel's kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap

from predictor_inspector.core.channels import Channel

_OURS = "predictor-inspector"  # how the names of our colormaps begin

_NEGATIVE, _POSITIVE = (0.15, 0.5, 1.0), (1.0, 0.5, 0.1)  # of signed values over other layers
_SIGNED = ((0.55, 0.8, 1, 1), (0.1, 0.4, 0.85, 1), (0.05, 0.05, 0.1, 1), (0.85, 0.35, 0.05, 1), (1, 0.85, 0.45, 1))
"""Colours of the signed colormap, RGBA."""

_LOSS = ((1.0, 0.9, 0.3, 0.0), (1.0, 0.8, 0.2, 0.75), (0.95, 0.35, 0.1, 0.9), (0.75, 0.0, 0.15, 1.0))

# Of weights on a logarithmic scale, from the lightest over 1 to the heaviest; ColorBrewer's RdYlBu, without gray.
_WEIGHTS = ("#313695", "#4575b4", "#74add1", "#abd9e9", "#ffffbf", "#fdae61", "#f46d43", "#d73027", "#a50026")
_NO_WEIGHT = (0.5, 0.5, 0.5)
_VEIL = 0.65  # opacity of weights: what lies beneath is seen

# In 3-D a line of sight sums up what it meets: many voxels, each of them faint.
_FOG, _BODY = 0.12, 0.35
_INSIDE = (0.85, 0.85, 0.85)  # of objects between their boundaries


@dataclass(frozen=True)
class Style:
    """What a layer of an image is drawn with; the names are those of the layer's attributes."""

    colormap: Any
    blending: str
    rendering: str

    @property
    def attributes(self) -> dict[str, Any]:
        """The layer's attributes."""
        return vars(self)


def target_style(channel: Channel, colour: str, over: bool, solid: bool) -> Style:
    """The style of a channel: `over` what lies beneath in its `colour`, ``#rrggbb``, or as the loss sees it; `solid` in 3-D."""
    if solid:
        return Style(_solid(channel, colour, over), "translucent_no_depth", "translucent")
    if not over:
        return Style(signed_colormap() if channel.signed else "gray", "translucent_no_depth", "translucent")
    if channel.signed:
        return Style(signed_over_colormap(), "translucent_no_depth", "translucent")
    ends = (1.0, 0.0) if channel.kind == "affinity" else (0.0, 1.0)
    title = "boundaries" if channel.kind == "affinity" else channel.kind or "values"
    colormap = _named(f"{title} {colour}", f"{title} {colour}", [(*_rgb(colour), alpha) for alpha in ends])
    return Style(colormap, "additive", "translucent")


def _solid(channel: Channel, colour: str, over: bool) -> Any:
    """A colormap for 3-D: its colours differ as values do, so that faces and depth are seen, and nothing is opaque."""
    rgb = np.array(_rgb(colour))
    if channel.signed:
        alphas = (0.0, 0.0, 0.0, _BODY / 2, _BODY) if over else (_BODY,) * len(_SIGNED)
        return _named(f"signed {over} solid", "signed", [(*c[:3], a) for c, a in zip(_SIGNED, alphas, strict=True)])
    if channel.kind == "affinity" and over:
        return _named(f"boundaries {colour} solid", f"boundaries {colour}", [(*rgb, _BODY), (*_INSIDE, _FOG)])
    dark, light = (rgb / 4, (1 + rgb) / 2) if over else (np.zeros(3), np.ones(3))
    title = f"values {colour}" if over else "gray"
    return _named(f"{title} solid", title, [(*dark, 0.0), (*light, _BODY)])


def weight_style(limits: tuple[float, float], solid: bool) -> Style:
    """The style of weights between these contrast limits: logarithmic around 1, gray for 0; `solid` in 3-D."""
    low, high = limits
    heaviest = max(high, 1.01)
    # Weights at which the colours stand, the same factor apart; what is lighter than the first has its colour.
    places = heaviest ** np.linspace(-1, 1, len(_WEIGHTS))
    colours = np.array([_rgb(colour) for colour in _WEIGHTS])
    # Between limits of a person's, too, weights have the colours that are theirs.
    shown = np.concatenate([[low], places[(places > low) & (places < high)], [high]])
    alpha = np.full(len(shown), _VEIL)
    if solid:
        alpha = _FOG * np.clip(np.abs(np.log(np.maximum(shown, places[0]))) / np.log(heaviest), 0.1, 1)
    rgb = np.array([np.interp(shown, places, colours[:, i]) for i in range(3)])
    rgba = np.column_stack([rgb.T, alpha])
    zero = {"low_color": (*_NO_WEIGHT, 0.0 if solid else _VEIL)} if low <= 0 else {}
    colormap = _named(f"weights {low:g} {high:g} {solid}", "weights", rgba, (shown - low) / (high - low), **zero)
    return Style(colormap, "translucent_no_depth", "translucent")


def signed_colormap() -> Any:
    """Blue for negative, dark in the middle, orange for positive: the sign is seen, and 0 is."""
    return _named("signed", "signed", _SIGNED)


def signed_over_colormap() -> Any:
    """Blue for negative, nothing in the middle, orange for positive: what lies beneath is seen where there is little."""
    rgba = [(*_NEGATIVE, 0.8), (*_NEGATIVE, 0.0), (*_POSITIVE, 0.0), (*_POSITIVE, 0.8)]
    return _named("signed over", "signed", rgba, (0, 0.5, 0.5, 1))


def loss_colormap() -> Any:
    """Nothing for 0, then yellow to dark red: where there is no loss, what lies beneath is seen."""
    return _named("loss", "loss", _LOSS)


def _rgb(colour: str) -> tuple[float, ...]:
    """``#rrggbb`` in numbers of 0 … 1."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _named(name: str, title: str, rgba: Any, controls: Any = None, **colours: Any) -> Any:
    if controls is not None:
        colours["controls"] = controls
    return Colormap(rgba, name=f"{_OURS} {name}", display_name=title, **colours)
