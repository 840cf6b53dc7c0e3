"""Judged findings that aren't among those of the region shown: elsewhere, or gone."""

from __future__ import annotations

from collections.abc import Sequence

from funlib.geometry import Coordinate, Roi
from qtpy.QtWidgets import QPushButton, QToolButton, QWidget

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings.review import Verdict
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel, flat_button
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.model.actions import Action, Desk
from predictor_inspector.plugin.tabs import TabContext

_LISTED = 50  # with a row of their own


class JudgedElsewhere(QWidget):
    """How many there are, and, unfolded, a row for each: what it is, a button that goes there, and one that forgets it."""

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._context = context
        self._judged: Sequence[Verdict] = ()
        self._title = QToolButton(objectName="elsewhere", checkable=True, autoRaise=True)
        self._title.setToolTip("Judged findings that aren't found in the region shown: they lie elsewhere, or are gone")
        self._title.toggled.connect(self._fill)
        self._rows = in_column(spacing=3)
        self.setLayout(in_column(in_row(self._title, None), self._rows))
        self._fill()

    def show_judged(self, judged: Sequence[Verdict]) -> None:
        """Show these."""
        if judged != self._judged:
            self._judged = judged
            self._fill()

    def _fill(self) -> None:
        judged, unfolded = self._judged, self._title.isChecked()
        self.setVisible(bool(judged))
        self._title.setText(f"{'▾' if unfolded else '▸'} {len(judged):,} judged elsewhere")
        listed = judged[:_LISTED] if unfolded else ()
        rows = [self._row(verdict) for verdict in listed]
        if len(listed) < len(judged) and unfolded:
            rows.append(WrappedLabel(f"and {len(judged) - len(listed):,} more"))
        refill(self._rows, rows)

    def _row(self, verdict: Verdict) -> QWidget:
        go = QPushButton("Go there", objectName="go there")
        go.clicked.connect(lambda: self._context.perform(Action("Go there", lambda desk: self._go(verdict, desk))))
        forget = flat_button("✕", "Forget this verdict", lambda: self._forget(verdict))
        made = QWidget(objectName="judged elsewhere")
        made.setLayout(in_row((WrappedLabel(f"{verdict.state}: {verdict.message}"), 1), go, forget))
        made.setContentsMargins(4, 0, 4, 0)
        return made

    def _go(self, verdict: Verdict, desk: Desk) -> None:
        """Go to a region as large as the one shown, with the finding in its middle."""
        gt, inspection, viewer = desk.settings.gt, self._context.controller.inspection, self._context.viewer
        if gt is None:
            return
        roi = _about(verdict, gt, gt.voxel_size if inspection is None else inspection.roi.shape)
        if desk.settings.region_mode == "box":
            self._context.go_to(roi)
        else:
            go_to_region(viewer, roi, gt)

    def _forget(self, verdict: Verdict) -> None:
        settings = self._context.settings
        with settings.together():
            settings.review = settings.review.forget(verdict)


def _about(verdict: Verdict, gt: Array, shape: Coordinate) -> Roi:
    """A region of a shape, or as large as the finding's box, about it and within the data; ``ValueError`` if it isn't."""
    begin_end = []
    for place, size, voxel, most in zip(verdict.slices(gt), shape, gt.voxel_size, gt.spatial_shape, strict=True):
        if place.stop <= 0 or place.start >= most:
            raise ValueError(
                f"this finding, {verdict.finding}, lies outside the ground truth: it was found in other data"
            )
        length = min(int(most), max(int(size) // int(voxel), place.stop - place.start))
        begin = min(max(0, (place.start + place.stop - length) // 2), int(most) - length)
        begin_end.append(slice(begin, begin + length))
    return gt.roi_of(begin_end)
