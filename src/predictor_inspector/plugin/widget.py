"""`InspectorWidget`: the dock widget, used by hand or from code."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from funlib.geometry import Roi
from napari.layers import Layer
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from predictor_inspector.data.dataset import LIST_SUFFIXES
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.output.session import Session
from predictor_inspector.plugin import keys
from predictor_inspector.plugin.head.banner import BoxBanner
from predictor_inspector.plugin.head.head import Head
from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.layers.owned import is_owned
from predictor_inspector.plugin.layers.results import ROLES, VIEWS
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.live.listeners import Watch, list_events
from predictor_inspector.plugin.memory_setting import MemorySetting
from predictor_inspector.plugin.model.actions import Action, Desk
from predictor_inspector.plugin.model.history import History
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.opener import Opener
from predictor_inspector.plugin.resume import SessionKeeper
from predictor_inspector.plugin.samples import DEMO_CONFIG, neurite_layers
from predictor_inspector.plugin.start_page import StartActions, StartPage
from predictor_inspector.plugin.tabs import TabContext, make_tabs
from predictor_inspector.plugin.tabs.check.finding_list import FindingList
from predictor_inspector.plugin.tabs.check.tab import CheckTab
from predictor_inspector.plugin.tabs.pages import Pages
from predictor_inspector.plugin.tabs.voxel.tab import VoxelTab
from predictor_inspector.plugin.tour import Tour

if TYPE_CHECKING:
    import napari.viewer


_WIDTH = 340
"""Least width of the dock in pixels."""

_PRESENTER = 1.4
"""How much larger letters are for an audience."""

_NO_IDS = (
    "There are layers, but none of the layers holds ids: labels, or whole numbers. "
    "Open labels, or right-click a layer in the list and choose Convert to Labels."
)


def _setting(name: str, doc: str) -> Any:
    """A property that is a field of the settings."""
    return property(
        lambda self: getattr(self.settings, name), lambda self, value: setattr(self.settings, name, value), doc=doc
    )


class InspectorWidget(QWidget):
    """Pick a predictor and a layer of ground truth; see its target and weights for the region in view.

    The layers of `viewer` are inspected, and it shows the result. The fields of `settings` are the widget's properties, too:
    setting one does what its control in the dock does. `history` undoes and redoes changes of settings, `tabs` has the tabs
    by their registered names, and `notice` a sentence for each tab that can't be opened.
    """

    inspected = Signal(object)
    """An `Inspection`, after the layers have been given its target and weights."""

    gt_layer = _setting("gt_layer", "The ground-truth layer, or None; setting one that can't be is a ``ValueError``.")
    mask_layer = _setting("mask_layer", "The layer that is non-zero where ground truth is annotated; None: everywhere.")
    raw_layer = _setting("raw_layer", "The image that a network would see; None: none, nothing is checked against it.")
    axes = _setting("axes", "How the ground truth's axes are read.")
    config = _setting("config", "The predictor's configuration, ``{'kind': …, …}``; setting it changes kind and form.")
    region_mode = _setting("region_mode", "``'view'``, ``'box'`` or ``'layer'``.")
    thickness = _setting("thickness", "How many slices are inspected at a time where the region follows the view.")
    box_follows_slice = _setting("box_follows_slice", "Whether the box moves along to the slice that is shown.")
    live = _setting("live", "Whether to compute whenever anything changes.")
    device = _setting("device", "As `inspect` takes it; so are `outside` and `balance_over`.")
    outside = _setting("outside", "What to do where the context reaches beyond the data: ``'clip'`` or ``'zero'``.")
    balance_over = _setting("balance_over", "Over what classes are counted: ``'roi'`` or ``'context'``.")
    memory = _setting("memory", "How much memory a region may take: ``'auto'``, or a size such as ``'4 GB'``.")

    # napari hands itself to a parameter with exactly this annotation, as a string: the menu depends on it.
    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Opened by name, as by `napari -w`, the dock is handed a proxy, whose layers are proxies too.
        viewer = unwrap(viewer)
        self._viewer = viewer
        self.settings = Settings()
        self.history = History(self.settings)
        self._message = ""
        self._memory_setting = MemorySetting(self.settings)
        mix = RgbMix()
        self.controller = LiveController(viewer, self.settings, mix)
        self.context = TabContext(
            viewer=viewer,
            settings=self.settings,
            controller=self.controller,
            rgb_mix=mix,
            look_at_channel=self.look_at_channel,
            go_to=self.go_to,
            open_file=self._open_file,
            perform=self.perform,
        )
        self.tabs, failures = make_tabs(self.context)
        self.notice = " ".join(failures)
        self.tour: Tour | None = None  # while there is one
        # When Python ends before the window is closed, Qt hides the dock after parts of it are gone.
        self._is_shut_down = self._watched = self._has_pipeline = False
        self._opener = Opener(viewer)
        self._lay_out()
        self._connect()
        keys.listen(viewer, self)
        keys.UndoKeys(self, self.history.undo, self.history.redo)
        self.reset_choices()
        self.controller.request_update()

    @property
    def box(self) -> Roi | None:
        """The box in the ground truth's world coordinates; None until there was one. Setting it pins it."""
        return self.settings.box

    @box.setter
    def box(self, roi: Roi) -> None:
        self.settings.pin(roi)

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self.controller.busy

    @property
    def inspection(self) -> Inspection | None:
        """What the layers show, or None."""
        return self.controller.inspection

    @property
    def message(self) -> str:
        """The sentence that the dock shows about what is wrong; empty if all is well."""
        return self._message

    def compute(self) -> None:
        """Compute now, live or not."""
        self.controller.compute()

    def cancel(self) -> None:
        """Stop computing."""
        self.controller.cancel()

    def look_at(self, view: str) -> None:
        """Show ``"target"``, ``"weight"`` or ``"target RGB"`` and hide the others; see `Settings.shown`."""
        if view not in VIEWS:
            raise ValueError(f"view must be one of {', '.join(map(repr, VIEWS))}, got {view!r}")
        self.settings.shown = next(name for name, role in ROLES.items() if role == view)

    def look_at_channel(self, channel: str | int) -> None:
        """Move the viewer to the channel of this name or index."""
        if isinstance(channel, str):
            names = [] if self.inspection is None else list(self.inspection.channel_names)
            if channel not in names:
                raise ValueError(f"there is no channel {channel!r}; there are {', '.join(names) or 'none'}")
            channel = names.index(channel)
        self.controller.look_at_channel(channel)

    def go_to(self, roi: Roi) -> None:
        """Pin the box at a region, in the counts of the ground truth, and move the view there."""
        gt = self.settings.gt
        if gt is not None:
            self.box = roi
            go_to_region(self._viewer, roi, gt)

    def perform(self, action: Action) -> None:
        """Do what a message or a finding offers, in one step of the history; what is wrong with it is said in the dock."""
        try:
            with self.settings.together():
                action.run(Desk(self.settings, self._viewer.add_layer))
        except (ValueError, OSError, ImportError) as error:
            self._on_message(Message.of(error))

    def open_tab(self, title: str) -> None:
        """Show the tab of this title: ``"Setup"``, ``"Voxel"``, ``"Check"`` and so on."""
        self._pages.open(title)

    def open_sample(self) -> None:
        """Add the sample volume, with a box in its middle, so that ROI, context and padding are all seen."""
        layers = [self._viewer.add_layer(Layer.create(*data)) for data in neurite_layers()]
        with self.settings.together():
            self.settings.gt_layer = layers[-1]
            self.settings.config = DEMO_CONFIG
            self.settings.region_mode = "box"
            self.settings.box_follows_slice = True

    def open_dataset(self, path: str) -> None:
        """List the crops of a data set in the tab Check, and open the first: a folder, a pattern, a CSV or a YAML file."""
        self._open_in_check("dataset", path)

    def open_pipeline(self, path: str = "") -> None:
        """Run a training pipeline, ``module:function``, in the tab Check; empty: show where to name one."""
        self._has_pipeline = True
        self._open_in_check("pipeline", path)

    def _open_in_check(self, scope: str, path: str) -> None:
        tab = self._pages.of(CheckTab)
        if tab is not None:
            self._choose_page()
            self._pages.setCurrentWidget(tab)
            tab.open(scope, path)

    def take_tour(self) -> None:
        """Lead through the dock, on the sample where there is nothing to inspect."""
        if not self.settings.layers.gt_layer:
            self.open_sample()
        if self.tour is None:
            self.tour = Tour(self)
            self.tour.ended.connect(lambda: setattr(self, "tour", None))

    def restore(self, session: Session) -> None:
        """Restore a session; what is wrong with it is said in the dock."""
        self.head.files.restore(session)

    def reset_choices(self, event: Any = None) -> None:
        """Offer the viewer's layers as they are now."""
        # napari calls for as long as Python keeps the widget, even if Qt has deleted it.
        if isalive(self):
            self.settings.offer_layers(layer for layer in self._viewer.layers if not is_owned(layer))

    def showEvent(self, event: Any) -> None:
        """Go on when the dock is shown."""
        super().showEvent(event)
        if not self._watched and self.parent() is not None:
            # The dock is destroyed with the window, or by napari; hiding it is not the end.
            self._watched = True
            self.parent().destroyed.connect(self._shut_down)
        if self.controller.paused and not self._is_shut_down:
            self.controller.resume()

    def hideEvent(self, event: Any) -> None:
        """Rest while the dock is hidden."""
        super().hideEvent(event)
        # A minimised window works on.
        if not self._is_shut_down and not event.spontaneous():
            self.controller.pause()
            self._keeper.keep()
            if self.tour is not None:
                self.tour.end()

    def dragEnterEvent(self, event: Any) -> None:
        """Take files and folders that are dropped on the dock."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Open what is dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self._open_file(url.toLocalFile())

    def _lay_out(self) -> None:
        self.head = Head(self.context)
        self._pages = Pages(self.tabs.values())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(BoxBanner(self.settings, self.controller))
        layout.addWidget(self._pages, 1)
        ways = (self._open_file, self.open_sample, self.take_tour, self.open_dataset, self.open_pipeline)
        self.start_page = StartPage(StartActions(*ways, self.restore, self.perform))
        layout.addWidget(self.start_page, 1)
        self.setMinimumWidth(_WIDTH)
        self.setAcceptDrops(True)

    def _connect(self) -> None:
        controller, tabs = self.controller, self.tabs.values()
        self._list_watch = Watch(self.reset_choices, list_events(self._viewer))
        controller.message.connect(self._on_message)
        self._opener.told.connect(self._on_message)
        for tab in tabs:
            controller.resolved.connect(tab.on_resolved)
            controller.shown.connect(tab.on_shown)
            controller.outdated.connect(tab.on_outdated)
            controller.cleared.connect(tab.on_cleared)
            controller.view_changed.connect(tab.on_view_changed)
        controller.shown.connect(self.inspected)
        self.head.finding_asked.connect(self._show_finding)
        self.settings.events.presenter.connect(self._on_presenter)
        self.head.tour_asked.connect(self.take_tour)
        self.settings.events.layers.connect(self._choose_page)
        self._keeper = SessionKeeper(self.context, self.head.tell)
        closed = (self._keeper, controller, self._memory_setting, self._list_watch)
        self._shut_down = _once(
            self._note_end,
            *(part.close for part in closed),
            self.head.shut_down,
            *(tab.shut_down for tab in tabs),
            self.settings.close,
            self._discard,
        )
        self.destroyed.connect(self._shut_down)

    def _note_end(self) -> None:
        self._is_shut_down = True

    def _discard(self) -> None:
        """Delete the widget with its dock: napari only takes it out, and PySide's slots would keep it."""
        if isalive(self):
            self.deleteLater()

    def _choose_page(self) -> None:
        """Show the start page while there is nothing that could be inspected."""
        empty = not (self.settings.layers.gt_layer or self._has_pipeline)
        for part in (self.head, self._pages):
            part.setVisible(not empty)
        self.start_page.setVisible(empty)
        self.start_page.show_hint(_NO_IDS if empty and len(self._viewer.layers) else "")

    def _on_presenter(self, on: bool) -> None:
        """Write in larger letters, or in napari's."""
        points = round(self.window().font().pointSizeF() * _PRESENTER)
        self.setStyleSheet(f"* {{ font-size: {points}pt; }}" if on else "")
        self.setMinimumWidth(round(_WIDTH * _PRESENTER) if on else _WIDTH)
        self.controller.layers.letters = _PRESENTER if on else 1.0
        self.controller.view_changed.emit()
        self.controller.request_update()

    def _show_finding(self, finding: Finding) -> None:
        tab = self._pages.of(CheckTab)
        if tab is not None:
            self._pages.setCurrentWidget(tab)
            tab.scope = "region"
            tab.region.choose(finding)

    @property
    def finding_list(self) -> FindingList | None:
        """The list of findings of the tab in front; None where it has none."""
        return self._pages.front.finding_list

    def explain_under_mouse(self, held: bool) -> None:
        """Open the tab Voxel and explain the voxel under the mouse, and all that it moves over until called with False."""
        tab = self._pages.of(VoxelTab)
        if tab is not None:
            if held:
                self._pages.setCurrentWidget(tab)
            tab.explain_under_mouse(held)

    def _on_message(self, message: Message) -> None:
        message = self._opener.or_question(message)
        self._message = message.text if message.kind in ("error", "parameters") or message.actions else ""
        # The form says it, too, where it is seen. To look for it takes time.
        form = self.findChild(QWidget, "predictor") if message.kind == "parameters" else None
        shown = "" if form is not None and form.isVisible() else self._message
        self.head.show_problem(" ".join(text for text in (shown, self.notice) if text), message.actions)
        if self._message:
            self.start_page.show_hint(self._message, message.actions)

    def _open_file(self, path: str) -> None:
        (self.open_dataset if path.lower().endswith(LIST_SUFFIXES) else self._opener.open)(path)


def _once(*callbacks: Callable[[], object]) -> Callable[..., None]:
    """A function that runs callbacks, in their order, the first time it is called, at the latest when Python exits.

    A script may end, or a console be left, with the window open. Qt then destroys everything in any order, and stopping a
    timer that is gone crashes the process.
    """
    left = list(callbacks)

    def run(_owner: Any = None) -> None:
        atexit.unregister(run)
        while left:
            left.pop(0)()

    atexit.register(run)
    return run
