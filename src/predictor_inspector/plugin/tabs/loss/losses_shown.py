"""Losses of one or two predictions, and tables of them: channels, objects and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QTreeWidgetItem, QWidget

from predictor_inspector.core.text import amount, format_shape, percent
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.loss import LossComparison, LossMap, WorstPlace, compare_losses
from predictor_inspector.inspection.loss.compare import DifferingPlace
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.layouts import TreeTable, in_column
from predictor_inspector.plugin.tabs.loss.calibration_plot import Calibration

_MOST_ROWS, _PLACES = 8, 10  # of a table, without scrolling, and places and objects that are listed

Place = WorstPlace | DifferingPlace


@dataclass(frozen=True, eq=False)
class LossesShown:
    """Losses of A and, if there is one, B, and what is shown of them."""

    maps: tuple[LossMap, ...]
    comparison: LossComparison | None
    places: tuple[Place, ...]
    calibrations: tuple[Calibration, ...]

    @classmethod
    def of(cls, *maps: LossMap) -> LossesShown:
        """All of it, computed here rather than where it is shown."""
        comparison = compare_losses(*maps) if len(maps) > 1 else None
        places: tuple[Place, ...] = maps[0].worst(_PLACES)
        if comparison is not None:
            either = [place for better in "AB" for place in comparison.places(better, _PLACES)]
            places = tuple(sorted(either, key=lambda place: -abs(place.a - place.b))[:_PLACES])
            comparison.summary()
        else:
            _ = maps[0].by_class, maps[0].by_object
        return cls(maps, comparison, places, tuple(one.calibration() for one in maps))

    def text(self, whole: Inspection) -> str:
        """The loss and the share of the worst, or which is better; and how much of what is shown that is of."""
        one = self.maps[0]
        text = (
            f"Loss {amount(one.total)}. The worst 1 % of the voxels make up {percent(one.share_of_worst(0.01))} of it."
        )
        if self.comparison is not None:
            text = self.comparison.summary()
        if one.inspection.roi != whole.roi:
            part, shape = (format_shape(i.target.spatial_shape) for i in (one.inspection, whole))
            text += f" The prediction covers {part} of the {shape} voxels shown."
        return text


class LossTables(QWidget):
    """Tables of channels, objects and places; a click on a row tells which."""

    channel_clicked = Signal(int)
    object_clicked = Signal(object)  # its id, which may have 64 bits
    place_clicked = Signal(int)

    def __init__(self, above_places: QWidget) -> None:
        super().__init__()
        self._channels, self._objects, self._worst = (TreeTable(("",), wide=0, rootIsDecorated=False) for _ in range(3))
        for name in ("channels", "objects", "worst"):
            getattr(self, f"_{name}").setObjectName(f"loss {name}")
        self._channels.itemClicked.connect(self._on_channel)
        self._objects.itemClicked.connect(self._on_object)
        self._worst.itemClicked.connect(self._on_place)
        objects = QWidget(windowTitle="Objects")
        objects.setLayout(in_column(self._objects))
        section = Collapsible(objects, expanded=False)
        self.setLayout(in_column(self._channels, above_places, self._worst, section, spacing=6))

    def show_losses(self, found: LossesShown) -> None:
        """Show losses."""
        for table in (self._channels, self._objects, self._worst):
            table.clear()
        if found.comparison is None:
            self._fill_one(found.maps[0])
        else:
            self._fill_both(found.comparison)
        self._fill_places(found.places)
        for table, most in ((self._channels, _MOST_ROWS), (self._objects, _MOST_ROWS), (self._worst, 6)):
            table.fit(most)

    def mark_channel(self, index: int) -> None:
        """Mark the row of a channel."""
        self._channels.setCurrentItem(self._channels.topLevelItem(index))

    def mark_place(self, number: int) -> None:
        """Mark the row of a place."""
        self._worst.setCurrentItem(self._worst.topLevelItem(number))

    def _fill_one(self, found: LossMap) -> None:
        _title(self._channels, "channel", "loss", "share", "of −", "of +", "eff. weight")
        weights = found.effective_weight.numpy().reshape(len(found.by_channel), -1).mean(1, dtype=np.float64)
        for (name, loss), weight in zip(found.by_channel.items(), weights, strict=True):
            classes = (f"{part:.3g}" for part in found.by_class[name])
            self._channels.add_row(name, f"{loss:.3g}", _share(loss, found.total), *classes, f"{weight:.3g}")
        _title(self._objects, "object", "loss", "share")
        for i, loss in list(found.by_object.items())[:_PLACES]:
            item = self._objects.add_row(f"id {i}" if i else "background", f"{loss:.3g}", _share(loss, found.total))
            item.setData(0, Qt.ItemDataRole.UserRole, i)

    def _fill_both(self, found: LossComparison) -> None:
        for table, what, parts in (
            (self._channels, "channel", found.channels),
            (self._objects, "object", list(found.objects.values())[:_PLACES]),
        ):
            _title(table, what, "A", "B", "better", "by")
            for part in parts:
                by = _share(abs(part.gain), max(part.a, part.b))
                table.add_row(part.name, f"{part.a:.3g}", f"{part.b:.3g}", part.better, by if part.better else "")
        for item, i in zip(self._objects.top_items, found.objects, strict=False):
            item.setData(0, Qt.ItemDataRole.UserRole, i)

    def _fill_places(self, places: Sequence[Place]) -> None:
        both = any(isinstance(place, DifferingPlace) for place in places)
        _title(self._worst, "place", *(("better", "A", "B") if both else ("loss", "pred.")), "target", "weight")
        for place in places:
            if isinstance(place, DifferingPlace):
                told = place.better, f"{place.prediction_a:.3g}", f"{place.prediction_b:.3g}"
            else:
                told = f"{place.loss:.3g}", f"{place.prediction:.3g}"  # type: ignore[assignment]
            at = ", ".join(map(str, place.voxel))
            # As narrow as it can be: all of a place is to be seen in a window of 1280 pixels.
            short = f"{place.channel} ({at.replace(' ', '')})"
            item = self._worst.add_row(short, *told, f"{place.target:.3g}", f"{place.weight:.3g}")
            item.setToolTip(0, f"Voxel {at} of the ground truth; the channel has most of the loss there")

    def _on_channel(self, item: QTreeWidgetItem) -> None:
        self.channel_clicked.emit(self._channels.indexOfTopLevelItem(item))

    def _on_object(self, item: QTreeWidgetItem) -> None:
        self.object_clicked.emit(item.data(0, Qt.ItemDataRole.UserRole))

    def _on_place(self, item: QTreeWidgetItem) -> None:
        self.place_clicked.emit(self._worst.indexOfTopLevelItem(item))


def _title(table: TreeTable, *titles: str) -> None:
    table.setColumnCount(len(titles))
    table.setHeaderLabels(titles)
    for column in range(1, len(titles)):
        table.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight)


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if whole else "0 %"
