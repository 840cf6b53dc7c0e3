"""Crops of a data set in a table, and what is found over them; a click opens one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic

from napari.layers import Layer
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QPushButton,
)

from predictor_inspector.core.text import counted
from predictor_inspector.data.dataset import Crop, CropFacts, Dataset, facts_of, open_dataset
from predictor_inspector.inspection.dataset import Checks, Examined, examine, findings_over
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.dataset import crops_of
from predictor_inspector.inspection.findings.finding import gravity
from predictor_inspector.inspection.output.dataset_text import crop_row
from predictor_inspector.plugin.forms.column_table import ColumnTable
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.open_dialog import ask_for_folder, ask_for_list
from predictor_inspector.plugin.forms.small_widgets import scrolling
from predictor_inspector.plugin.layers.layer_data import MASK, layers_of_crop
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.check.finding_list import CheckPanel

_TITLES = ("crop", "findings", "split", "voxel size", "size", "classes", "foreground")
_EVERY = 0.2  # seconds between updates of the table while crops are looked at
_TOLD = 12  # findings of a crop that are told beneath the table


@dataclass(frozen=True)
class _Known:
    """What is known of a data set so far: facts of the first crops, and, once they are checked, findings."""

    dataset: Dataset
    facts: tuple[CropFacts, ...] = ()
    examined: tuple[Examined, ...] | None = None
    over: tuple[Finding, ...] = ()  # of all crops together

    @cached_property
    def findings(self) -> dict[str, list[tuple[str, str]]]:
        """Severity and message of the findings of each crop, the most severe first."""
        found: dict[str, list[tuple[str, str]]] = {facts.name: [] for facts in self.facts}
        for one in self.examined or ():
            found[one.facts.name] += [(f["severity"], f["message"]) for f in one.findings]
        for finding in self.over:
            for name in crops_of(finding):
                found[name].append((finding.severity, finding.message))
        return {name: sorted(told, key=lambda t: gravity(t[0])) for name, told in found.items()}

    def concluded(self) -> _Known:
        """The same with what is found over all crops."""
        return replace(self, over=findings_over(self.dataset, self.facts))


class DatasetFindings(CheckPanel):
    """A data set by its path: a row for each crop; a click opens the crop, and tells what was found in it."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._known: _Known | None = None
        self._layers: list[Layer] = []  # of the crop that was opened last
        self._painted: set[Layer] = set()
        self._open_first = False
        self._runner.advanced.connect(self._on_advanced)
        self._runner.finished.connect(self._on_finished)
        self._runner.busy_changed.connect(self._on_busy)
        self._path = QLineEdit(placeholderText="crops/*.zarr, datasplit.csv or a YAML list")
        self._path.setToolTip("A folder, a pattern, CellMap's datasplit.csv or manifest, or a YAML list")
        self._path.returnPressed.connect(lambda: self.load(self._path.text()))
        button, menu = QPushButton("Open"), QMenu(self)
        menu.addAction("List…", lambda: self.load(ask_for_list(self)))
        menu.addAction("Folder…", lambda: self.load(ask_for_folder(self)))
        button.setMenu(menu)
        self._start = QPushButton("Check all crops", toolTip="Count the voxels of all crops, and check each")
        self._start.clicked.connect(lambda: self._runner.cancel() if self._runner.busy else self.check())
        self._table = ColumnTable(_TITLES)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._table.clicked.connect(self._on_clicked)
        self._name("dataset", "path", "start", "error", "summary", "table")
        self.setLayout(
            in_column(
                in_row((self._path, 1), button),
                self._start,
                self._bar,
                self._error,
                (self._table, 3),
                (scrolling(self._summary), 1),
            )
        )
        self._show(None)

    def load(self, path: str, open_first: bool = False) -> None:
        """List the crops at a path; with `open_first`, open the first one, too."""
        if not path.strip():
            return
        self._path.setText(path)
        self._open_first = open_first
        self._error.show_message("")
        self._show(None)

        def work(step: Callable[[str, float], None]) -> Generator[_Known, None, _Known]:
            dataset = open_dataset([path.strip()]).with_classes()
            facts: list[CropFacts] = []
            for crop in _each(dataset, step):
                facts.append(facts_of(crop))
                yield _Known(dataset, tuple(facts))
            return _Known(dataset, tuple(facts)).concluded()

        self._submit(work)

    def check(self) -> None:
        """Count the voxels of all crops, and check each as the data set's own predictors ask for."""
        known = self._known
        if known is None:
            return
        dataset, checks = known.dataset, Checks(known.dataset.predictors)

        def work(step: Callable[[str, float], None]) -> Generator[_Known, None, _Known]:
            examined: list[Examined] = []
            facts = list(known.facts)
            for n, crop in enumerate(_each(dataset, step)):
                examined.append(examine(crop, checks))
                facts[n : n + 1] = [examined[n].facts]
                yield _Known(dataset, tuple(facts), tuple(examined), known.over)
            return _Known(dataset, tuple(facts), tuple(examined)).concluded()

        self._submit(work)

    def _submit(self, work: Callable[[Callable[[str, float], None]], Generator[_Known, None, _Known]]) -> None:
        def in_steps(step: Callable[[str, float], None]) -> Generator[_Known, None, _Known]:
            # Not so often that the window does nothing else.
            shown = 0.0
            parts = work(step)
            while True:
                try:
                    known = next(parts)
                except StopIteration as end:
                    return end.value
                if monotonic() - shown >= _EVERY:
                    yield known
                    shown = monotonic()

        self._runner.cancel()
        self._runner.submit(Job(in_steps))

    def open_crop(self, crop: Crop) -> None:
        """Add a crop's layers in place of the last one's, unless those were painted in, and inspect it.

        The first crop is inspected with the predictor that its data set's list has, if it has one.
        """
        context, layers = self.context, []
        predictors = () if self._known is None else self._known.dataset.predictors
        self._error.show_message("")
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            layers = [context.viewer.add_layer(Layer.create(*data)) for data in layers_of_crop(crop)]
        except (ValueError, OSError, ImportError) as error:
            self._tell(error)
            return
        finally:
            QGuiApplication.restoreOverrideCursor()
        settings, masks = context.settings, [layer for layer in layers if layer.name.endswith(MASK)]
        gt = next(layer for layer in layers if layer.name == crop.name)
        with settings.together():
            settings.gt_layer = gt
            if masks:
                settings.mask_layer = masks[0]
            if predictors and not self._layers:
                settings.config = predictors[0]
        for layer in self._layers:
            if layer in context.viewer.layers and layer not in self._painted:
                context.viewer.layers.remove(layer)
        self._layers = layers
        for layer in (gt, *masks):
            layer.events.paint.connect(lambda _event, layer=layer: self._painted.add(layer))
        if settings.gt is not None:
            go_to_region(context.viewer, settings.gt.roi, settings.gt)

    def _on_clicked(self, index: QModelIndex) -> None:
        name = str(index.siblingAtColumn(0).data())
        known = self._known
        crop = None if known is None else next((c for c in known.dataset.crops if c.name == name), None)
        if known is None or crop is None:
            return
        self._tell_of(known, name)
        self.open_crop(crop)

    def _on_advanced(self, _job: Job, known: _Known) -> None:
        self._show(known)

    def _on_finished(self, _job: Job, known: _Known) -> None:
        self._show(known)
        first, self._open_first = self._open_first, False
        if first and (crop := next((c for c, f in zip(known.dataset.crops, known.facts, strict=True) if f.grid), None)):
            self._tell_of(known, crop.name)
            self.open_crop(crop)

    def _on_busy(self, busy: bool) -> None:
        self._start.setText("Cancel" if busy else "Check all crops")
        self._start.setEnabled(busy or self._known is not None)

    def _show(self, known: _Known | None) -> None:
        """Show what is known so far."""
        self._known = known
        self._start.setEnabled(known is not None)
        rows = [] if known is None else [self._row(known, facts) for facts in known.facts]
        self._table.show_columns(list(zip(*rows, strict=True)) or [()] * len(_TITLES))
        if known is None:
            self._summary.setText("The crops of a data set are listed here; a click opens one.")
            return
        crops, done = known.dataset.crops, len(known.facts if known.examined is None else known.examined)
        self._bar.setRange(0, len(crops))
        self._bar.setValue(done if done < len(crops) else 0)
        whole = [f"{f.severity}: {f.message}" for f in known.over if not crops_of(f)]
        checked = "" if known.examined is None else f", {done:,} checked"
        self._summary.setText("\n".join([f"{counted(len(crops), 'crop')}{checked}", *whole]))

    def _row(self, known: _Known, facts: CropFacts) -> tuple[str, ...]:
        found = known.findings[facts.name]
        told = [counted(sum(s == severity for s, _ in found), severity) for severity in ("error", "warning")]
        name, *others = crop_row(facts)
        return name, ", ".join(text for text in told if not text.startswith("0 ")), *others

    def _tell_of(self, known: _Known, name: str) -> None:
        """Say what was found in a crop."""
        found = [f"{severity}: {message}" for severity, message in known.findings[name] if severity != "info"]
        nothing = f"{name}: nothing found" + ("" if known.examined else " yet; check all crops")
        self._summary.setText("\n".join(found[:_TOLD]) or nothing)


def _each(dataset: Dataset, step: Callable[[str, float], None]) -> Iterator[Crop]:
    """The crops of a data set, one after the other; cancelling ends it between two."""
    for n, crop in enumerate(dataset.crops):
        step("crops", n / len(dataset.crops))
        yield crop
