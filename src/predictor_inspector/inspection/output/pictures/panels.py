"""Parts of pictures that more than one panel has: colour bars, scale bars, plain frames."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALL, NORMAL, LARGE = 7.5, 9.0, 15.0  # points
GREY = "#555555"
_TOP = 10  # above everything else in a panel
_LETTER = 0.6  # a letter's width over its height
_CLOSE = 0.1  # of a bar's height: numbers nearer than this would overlap


def bare(axes: Axes, title: str, size: float = NORMAL) -> None:
    """A caption above, in letters of `size` points, a thin frame, and no numbers along it."""
    axes.set_title(title, fontsize=size, loc="left", pad=4)
    axes.set_xticks([])
    axes.set_yticks([])
    thin_frame(axes)


def thin_frame(axes: Axes) -> None:
    """A frame that doesn't draw the eye."""
    for spine in axes.spines.values():
        spine.set(linewidth=0.6, color=GREY)


def colour_bar(axes: Axes, image: Any, ticks: list[float]) -> None:
    """A slim bar right of a panel, as high as it; of `ticks` that would overlap, the later ones are shown."""
    shown: list[float] = []
    for tick in reversed(ticks):
        if all(abs(float(image.norm(tick)) - float(image.norm(other))) > _CLOSE for other in shown):
            shown.insert(0, tick)
    ticks = shown
    inch = axes.figure.dpi / axes.get_window_extent().width
    beside = axes.inset_axes((1 + 0.05 * inch, 0.0, 0.09 * inch, 1.0))
    bar = axes.figure.colorbar(image, cax=beside, ticks=ticks)
    bar.ax.tick_params(labelsize=SMALL, length=2, width=0.6, pad=2)
    bar.ax.set_yticklabels([f"{tick:.3g}" for tick in ticks])
    bar.outline.set_linewidth(0.6)


def scale_bar(axes: Axes, unit: str) -> None:
    """A bar of a round length in the lower right corner of a panel, true to scale, with its length above."""
    left, right = sorted(axes.get_xlim())
    bottom, top = axes.get_ylim()
    length = round_length((right - left) * 0.3)
    end, level = right - 0.05 * (right - left), bottom + 0.06 * (top - bottom)
    above = level + 0.03 * (top - bottom)
    # Letters are as high as they are, however large the panel.
    letters = SMALL / 72 * axes.figure.dpi * (top - bottom) / axes.get_window_extent().height
    room = 0.02 * (right - left)
    label = f"{length:g} {unit}"
    # In a small panel the label is longer than the bar; it must not stick out.
    wide = max(
        length, len(label) * _LETTER * SMALL / 72 * axes.figure.dpi * (right - left) / axes.get_window_extent().width
    )
    backing = axes.fill_between(
        [end - wide - room, end + room],
        level - 0.02 * (top - bottom),
        above + 1.1 * letters,
        color="black",
        alpha=0.6,
    )
    backing.set(linewidth=0, zorder=_TOP)
    axes.plot([end - length, end], [level, level], linewidth=3, color="white", solid_capstyle="butt", zorder=_TOP)
    text = axes.text(end - wide / 2, above, label, fontsize=SMALL, color="white", ha="center", zorder=_TOP)
    outline(text)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def outline(text: Any, width: float = 1.8) -> None:
    """Black around white text, so that it can be read on anything."""
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=width, foreground="black")])


def round_length(most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that doesn't exceed `most`, which is positive."""
    power: float = 10.0 ** floor(log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))
