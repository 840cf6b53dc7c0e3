"""Where the parts of an overview picture go, in inches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, log

WIDTH, HEIGHT = 17.0, 11.0  # of a picture, which should be about a slide
TITLE, MARGIN, GAP = 0.85, 0.3, 0.14
CAPTION = 0.26  # above a panel
BAR = 0.5  # a colour bar and its numbers, right of a panel
HISTOGRAM = 1.25  # width
NUMBERS = 0.3  # below a histogram
BLOCK_LEFT, BLOCK_BELOW = 0.75, 1.2  # numbers along the ground truth's axes, and the legend below
_HEIGHTS = (3.0, 4.0, 5.0, 6.0, 7.0)  # of the ground truth, where the channels need less
_NARROWEST, _WIDEST = 2.8, 6.0  # the ground truth

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Layout:
    """The ground truth at the left, and beside it a group of target, weight and histogram for each channel.

    Attributes
    ----------
    channels, columns : int
        How many groups, and how many of them side by side.
    panel : tuple of float
        Width and height of a channel's picture.
    block : tuple of float
        Width and height of the ground truth.
    """

    channels: int
    columns: int
    panel: tuple[float, float]
    block: tuple[float, float]

    @property
    def rows(self) -> int:
        """How many groups lie below each other."""
        return ceil(self.channels / self.columns)

    @property
    def group(self) -> tuple[float, float]:
        """Width and height of a group, with the gap to the next."""
        return 2 * (self.panel[0] + BAR) + HISTOGRAM + 3 * GAP, CAPTION + self.panel[1] + NUMBERS

    @property
    def body(self) -> float:
        """Height of everything below the title."""
        return max(self.rows * self.group[1], CAPTION + self.block[1] + BLOCK_BELOW)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the picture."""
        width = 2 * MARGIN + BLOCK_LEFT + self.block[0] + 2 * GAP + self.columns * self.group[0]
        return width, self.body + TITLE + MARGIN

    def block_box(self) -> Box:
        """The ground truth's place, as fractions of the picture."""
        top = TITLE + CAPTION
        return self._fractions(MARGIN + BLOCK_LEFT, top, *self.block)

    def legend_box(self) -> Box:
        """The place below the ground truth."""
        top = TITLE + CAPTION + self.block[1] + 0.5
        return self._fractions(MARGIN, top, BLOCK_LEFT + self.block[0], BLOCK_BELOW - 0.5)

    def group_boxes(self, channel: int) -> tuple[Box, Box, Box]:
        """The places of a channel's target, weight and histogram; channels go down each column first."""
        column, row = divmod(channel, self.rows)
        left = MARGIN + BLOCK_LEFT + self.block[0] + 2 * GAP + column * self.group[0] + GAP
        top = TITLE + row * self.group[1] + CAPTION
        wide, high = self.panel
        second = left + wide + BAR
        third = second + wide + BAR + 2 * GAP
        return (
            self._fractions(left, top, wide, high),
            self._fractions(second, top, wide, high),
            self._fractions(third, top, HISTOGRAM - 2 * GAP, high),
        )

    def _fractions(self, left: float, top: float, wide: float, high: float) -> Box:
        width, height = self.size
        return left / width, 1 - (top + high) / height, wide / width, high / height


def best_layout(channels: int, panel_aspect: float, block_aspect: float) -> Layout:
    """The layout most like a slide.

    Parameters
    ----------
    channels : int
        How many there are.
    panel_aspect, block_aspect : float
        Height over width of the pictures of a channel and of the ground truth.
    """
    candidates = []
    for columns, tenths, lowest in product(range(1, min(channels, 5) + 1), range(8, 40), _HEIGHTS):
        # Tall panels get narrower, or a region that is tall would not fit.
        wide = tenths / 10 / max(1.0, panel_aspect) ** 0.5
        group = CAPTION + wide * panel_aspect + NUMBERS
        high = max(ceil(channels / columns) * group - CAPTION - BLOCK_BELOW, lowest)
        across = min(high / block_aspect, _WIDEST)
        candidates.append(Layout(channels, columns, (wide, wide * panel_aspect), (across, across * block_aspect)))
    return min(candidates, key=_badness)


def _badness(layout: Layout) -> float:
    """Far from a slide's size is bad; large panels are good, and so is a large ground truth."""
    width, height = layout.size
    misfit = abs(log(width / WIDTH)) + 6 * max(0.0, log(width / WIDTH)) + 6 * max(0.0, log(height / HEIGHT))
    narrow = 4 * max(0.0, log(_NARROWEST / layout.block[0]))
    return misfit + narrow - 0.6 * log(layout.panel[0] * layout.panel[1]) - 0.3 * log(layout.block[0] * layout.block[1])
