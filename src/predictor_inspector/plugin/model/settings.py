"""Settings of the dock in one evented object: what is inspected and how.

To change something, set a field; to show it, listen to ``events``. Setting a wrong value raises a ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar
from weakref import WeakSet

from funlib.geometry import Roi
from psygnal import Signal, SignalGroupDescriptor

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import predictor_from_config, predictor_kinds
from predictor_inspector.core.networks import NetworkConfig
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import listed
from predictor_inspector.inspection.engine.network import NetworkFacts
from predictor_inspector.inspection.findings.review import Review
from predictor_inspector.plugin.model.axes import Axes, array_at, readings_of
from predictor_inspector.plugin.model.box import Counts, recounted
from predictor_inspector.plugin.model.layer_choice import (
    LAYERS,
    LayerChoices,
    likeliest_ground_truth,
    mask_among,
    raw_among,
)
from predictor_inspector.plugin.model.predictor_choice import (
    PredictorChoice,
    Start,
    choice_from_config,
    presets_for,
    start_for,
)
from predictor_inspector.plugin.model.reviews import Reviews
from predictor_inspector.plugin.model.setting_checks import CHECKS
from predictor_inspector.plugin.model.tile_plan import AUTO


@dataclass(frozen=True)
class Gesture:
    """A label of steps that are one however long they take: what changes while the mouse drags something."""

    field: str
    number: int  # of the gesture


@dataclass(eq=False)
class Settings:
    """What is inspected and how; layers are napari's."""

    gt_layer: Any = None  # another one brings the likeliest reading of its axes and its finest level
    mask_layer: Any = None  # non-zero where the ground truth is annotated; None: everywhere
    mask_found: str = ""  # how the mask was found by itself; empty if it was chosen, or there is none
    raw_layer: Any = None  # the image that a network would see
    raw_chosen: bool = False  # whether a person has chosen it, be it none; else it is found by itself
    axes: Axes | None = None  # how the ground truth's axes are read
    level: int = 0  # of a multiscale ground truth; 0 is the finest
    predictor_choice: PredictorChoice = field(default_factory=lambda: PredictorChoice(predictor_kinds()[0]))
    thickness: int = 1  # slices inspected at a time, about the one shown
    box: Roi | None = None  # the pinned box in the counts of the ground truth; None until there was one
    box_follows_slice: bool = False  # whether the box moves along to the slice that is shown
    region_mode: str = "view"  # what the canvas shows; "box": the pinned box; "layer": all of the ground truth
    live: bool = True  # whether to compute whenever anything changes
    device: str = "auto"  # this and the next two: as `inspect` takes them
    outside: str = "clip"
    balance_over: str = "roi"
    memory: str = AUTO  # that a region may take: half of the machine's, or a size such as "4 GB"
    shown: str = "rgb"  # which result is on the canvas: "off" for none, "target", "weight" or "rgb"
    drawn_as: str = (
        "boundaries"  # affinities as 1 − affinity, added to what lies beneath; "loss": as the loss sees them
    )
    opacity: float = 1.0  # of target and weights, 0 … 1
    colour_bars: bool = False  # whether target and weights have a colour bar
    panes: bool = False  # whether raw data, labels, target and weight are shown side by side
    presenter: bool = False  # whether dock and canvas have larger letters
    network: NetworkConfig | None = None  # that is trained
    network_boxes: bool = False  # whether its input, output and receptive field are drawn
    notes: str = ""  # of the person, for session and report
    review: Review = field(default_factory=Review)  # what was made of findings; each ground truth has its own
    layers: LayerChoices = field(default_factory=LayerChoices)  # set by `offer_layers`
    network_facts: NetworkFacts | None = None  # measured of the network and the predictor's head; None until they are
    gt: Array | None = None  # of a series its first time; None if it can't be used; follows from layer, axes and level

    # Fields emit in `__setattr__`, once all that follows from a change is set, too.
    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor(patch_setattr=False, connect_child_events=False)

    stepped = Signal(object, bool)
    """After changes that are undone together: their label (steps of one label that follow each other closely are one; None
    for a step of its own), and whether they follow from something else than an edit, and aren't undone by themselves."""

    def __post_init__(self) -> None:
        self._starts: dict[str, Start] = {}
        self._predictor: Predictor | None = None
        self._gt_chosen = False
        self._looking = False  # while a mask or raw data are looked for
        self._unmasked: WeakSet[Any] = WeakSet()  # ground truth that a person has chosen no mask for
        self._counted_in = Counts()  # by the box
        self._reviews = Reviews()
        self._in_step = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _FIELDS or "_in_step" not in self.__dict__:
            super().__setattr__(name, value)
            return
        if name in CHECKS:
            value = CHECKS[name](self, value)
        if name == "mask_layer" and not self._looking:
            # What was found is chosen now, in the same step.
            with self.together(name):
                self._note_choice(value)
                self._set(name, value)
        else:
            self._set(name, value)

    def _set(self, name: str, value: Any) -> None:
        old = getattr(self, name)
        if old is value or (name not in _BY_IDENTITY and old == value):
            return
        with self.together(self._label(name, old, value)):
            super().__setattr__(name, value)
            self._follow(name)
            self.events[name].emit(value, old)

    # Predictor

    @property
    def config(self) -> dict[str, Any]:
        """The predictor's configuration ``{"kind": …, …}`` with every parameter's value, complete or not.

        Setting it chooses kind and parameters, see `choice_from_config`; after a ``ValueError`` nothing has changed.
        """
        return {"kind": self.kind, **self.start.values, **self.predictor_choice.chosen}

    @config.setter
    def config(self, config: dict[str, Any]) -> None:
        self.predictor_choice = choice_from_config(self.predictor_choice, config, self.gt)

    @property
    def kind(self) -> str:
        """The predictor's kind; setting it goes back to what was last chosen for it, ``ValueError`` if it is unknown."""
        return self.predictor_choice.kind

    @kind.setter
    def kind(self, kind: str) -> None:
        self.predictor_choice = self.predictor_choice.of_kind(kind)

    @property
    def start(self) -> Start:
        """The parameters of the present kind where none was chosen."""
        kind = self.kind
        if kind not in self._starts:
            self._starts[kind] = start_for(kind, self.gt)
        return self._starts[kind]

    @property
    def units(self) -> tuple[str, ...]:
        """The units of the ground truth's coordinates, one per axis of its layer; none without ground truth."""
        layer, gt = self.gt_layer, self.gt
        if layer is None or gt is None:
            return ()
        return (*map(str, layer.units[: -gt.dims]), *(gt.unit,) * gt.dims)

    def choose_parameters(self, values: Mapping[str, Any]) -> None:
        """Choose these parameters and no others; `predictor` raises if they don't go together."""
        self.predictor_choice = self.predictor_choice.with_chosen(values)

    def apply_preset(self, name: str) -> None:
        """Choose the parameters of a preset in addition to those chosen; ``ValueError`` if there is no such preset."""
        presets = presets_for(self.kind, self.gt)
        if name not in presets:
            raise ValueError(f"{self.kind} has no preset {name!r}; it has {', '.join(presets)}")
        with self.together():
            self.choose_parameters({**self.predictor_choice.chosen, **presets[name]})

    def predictor(self) -> Predictor:
        """The predictor as configured, made once per change; ``ValueError`` if its parameters don't go together."""
        if self._predictor is None:
            self._predictor = predictor_from_config(self.config)
        return self._predictor

    # Layers and region

    def offer_layers(self, layers: Iterable[Any]) -> None:
        """Set the layers that can be chosen, drop chosen ones that are gone, and choose the likeliest ground truth.

        A ground truth that was chosen before stays. A mask among new layers is found, see `mask_among`, unless a person has
        chosen one, or none.
        """
        before, choices = self.layers, LayerChoices.among(layers)
        self.__dict__["layers"] = choices
        with self.together(automatic=True):
            if self.mask_layer not in choices.mask_layer:
                self._set_found(mask_layer=None, mask_found="")
            if self.raw_layer is not None and self.raw_layer not in choices.raw_layer:
                self.raw_chosen = False
            if not self._gt_chosen or self.gt_layer not in choices.gt_layer:
                self.gt_layer = likeliest_ground_truth(choices.gt_layer)
                self._gt_chosen = False
            self._look_for_mask([layer for layer in choices.mask_layer if layer not in before.mask_layer])
            if choices.raw_layer != before.raw_layer:
                self._look_for_raw()
            # Last: by now no setting holds a layer that is gone.
            self.events.layers.emit(choices, choices)

    def describe_mask(self) -> str:
        """The mask in words: ``"annotated (found in the file)"``, ``"none (everything is annotated)"``."""
        if self.mask_layer is None:
            ids = self.gt.about.unknown if self.gt is not None else ()
            return f"none (all but id {listed(ids, 3)} is annotated)" if ids else "none (everything is annotated)"
        return f"{self.mask_layer.name} ({self.mask_found})" if self.mask_found else str(self.mask_layer.name)

    def refresh_gt(self) -> None:
        """Update `gt` from its layer, which may have been moved or edited."""
        layer, axes = self.gt_layer, self.axes
        gt: Array | None = None
        with suppress(ValueError):
            gt = None if layer is None or axes is None else array_at(layer, axes, self.level)
        if gt is not None and self.gt is not None and _grid(gt) == _grid(self.gt):
            # Nothing depends on the values, but the old ones needn't be kept.
            self.__dict__["gt"] = gt
        else:
            self.gt = gt

    def pin(self, box: Roi) -> None:
        """Inspect this box, in the counts of the ground truth."""
        with self.together():
            self.box, self.region_mode = box, "box"

    def _look_for_mask(self, among: Sequence[Any]) -> None:
        """Find a mask among layers, unless there is one or a person wanted none."""
        if self.gt is not None and self.mask_layer is None and self.gt_layer not in self._unmasked:
            layer, found = mask_among(among, self.gt_layer, self.gt)
            self._set_found(mask_layer=layer, mask_found=found)

    def _look_for_raw(self) -> None:
        """Find raw data, unless a person has chosen some, or none."""
        if self.raw_chosen:
            return
        gt = self.gt
        self._set_found(raw_layer=None if gt is None else raw_among(self.layers.raw_layer, self.gt_layer, gt))

    def _set_found(self, **values: Any) -> None:
        """Set what nobody has chosen."""
        self._looking = True
        try:
            for name, value in values.items():
                setattr(self, name, value)
        finally:
            self._looking = False

    def _note_choice(self, mask: Any) -> None:
        """A person has chosen a mask, or none."""
        self.mask_found = ""
        if self.gt_layer is not None:
            (self._unmasked.add if mask is None else self._unmasked.discard)(self.gt_layer)

    # Steps

    @contextmanager
    def together(self, label: Hashable = None, automatic: bool = False) -> Iterator[None]:
        """Make all changes within this context one step; nested contexts belong to the outermost."""
        if self._in_step:
            yield
            return
        self._in_step = True
        try:
            yield
        finally:
            self._in_step = False
            self.stepped.emit(label, automatic)

    def close(self) -> None:
        """Tell nobody of changes any more: who listened is gone."""
        self.stepped.disconnect()
        for name in self.events:
            self.events[name].disconnect()
        self.events.disconnect()

    def snapshot(self) -> dict[str, Any]:
        """All that can be set, by name."""
        return {name: getattr(self, name) for name in SAVED}

    def can_restore(self, snapshot: Mapping[str, Any]) -> bool:
        """Whether the layers of a snapshot are still there."""
        return all(snapshot[n] is None or snapshot[n] in getattr(self.layers, n) for n in LAYERS)

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Set everything as it was; ``ValueError`` if a layer is gone."""
        with self.together():
            for name in SAVED:
                setattr(self, name, snapshot[name])

    def _follow(self, name: str) -> None:
        """Set what follows from a change."""
        if name == "gt_layer":
            self._gt_chosen = self.gt_layer is not None
            self.level = 0
            self.axes = None if self.gt_layer is None else readings_of(self.gt_layer)[0]
        if name in ("gt_layer", "axes", "level"):
            self.refresh_gt()
        if name == "gt_layer":
            if self.mask_found or self.mask_layer is self.gt_layer:
                self._set_found(mask_layer=None, mask_found="")
            self._look_for_mask(self.layers.mask_layer)
            self._look_for_raw()
            self.review = self._reviews.of(self.gt_layer)
        if name == "review":
            self._reviews.keep(self.gt_layer, self.review)
        if name == "raw_layer" and not self._looking:
            self.raw_chosen = True
        if name == "gt":
            self._starts = {}
            if self.gt is not None:
                before, self._counted_in = self._counted_in, Counts(self.gt.unit, self.gt.subdivision)
                if self.box is not None:
                    self.box = recounted(self.box, before, self._counted_in)
        if name in ("gt", "predictor_choice"):
            self._predictor = None
        if name == "network":
            self.network_facts = None

    def _label(self, name: str, old: Any, value: Any) -> Hashable:
        """What a change is about; of a predictor, the parameters that differ."""
        if name != "predictor_choice" or old.kind != value.kind:
            return name
        names = old.chosen.keys() | value.chosen.keys()
        return name, frozenset(n for n in names if old.chosen.get(n) != value.chosen.get(n))


_FIELDS = frozenset(f.name for f in fields(Settings))
_BY_IDENTITY = {*LAYERS, "layers", "gt"}

SAVED = tuple(f.name for f in fields(Settings) if f.name not in ("layers", "gt", "network_facts"))
"""The fields of a snapshot. They are restored in this order: what follows from a field comes after it."""


def _grid(array: Array) -> tuple[Any, ...]:
    """Equal for arrays whose voxels lie in the same places."""
    return array.shape, array.axis_names, array.voxel_size, array.offset, array.unit, array.subdivision
