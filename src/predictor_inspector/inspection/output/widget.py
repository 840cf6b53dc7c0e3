"""The widget behind `show`: a predictor's form beside its target and weight, in a notebook."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import numpy as np
import yaml
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.html import html_titled
from predictor_inspector.core.ops import backend
from predictor_inspector.core.parameters import Parameter, parameter_rows, parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import amount, capitalised, format_duration, format_error, percent, readable
from predictor_inspector.data.samples import cells_2d, neurites
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.run import Inspection, Request, run
from predictor_inspector.inspection.output.pictures.colours import target_colours, weight_colours
from predictor_inspector.inspection.output.pictures.ground_truth import labels_picture
from predictor_inspector.inspection.output.pictures.panels import highest_weight
from predictor_inspector.inspection.output.pictures.planes import best_plane
from predictor_inspector.inspection.output.text import name_of

try:
    import anywidget
    import traitlets
except ImportError as error:
    raise ImportError(
        "a widget needs anywidget: pip install 'napari-predictor-inspector[notebook]', and restart the notebook"
    ) from error

_HERE = Path(__file__)


class PredictorWidget(anywidget.AnyWidget):
    """Controls for a predictor's parameters, and the ground truth, target and weight of one channel in one plane.

    Attributes
    ----------
    predictor : Predictor
        What is shown: the parameters that were moved last and fit.
    inspection : Inspection
        The numbers behind the pictures.
    """

    _esm, _css = _HERE.with_suffix(".js"), _HERE.with_suffix(".css")
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)  # a dictionary for each parameter
    values = traitlets.Dict().tag(sync=True)  # by parameter: numbers, booleans, or text in YAML
    view = traitlets.Dict().tag(sync=True)  # the channel and the plane, by index
    choices = traitlets.Dict().tag(sync=True)  # names of channels, number of planes, the axis across them
    pictures: traitlets.List[Any] = traitlets.List().tag(
        sync=True
    )  # of ground truth, target, weight: caption, source, width over height
    told = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)  # how often the hand has asked
    answered = traitlets.Int(0).tag(sync=True)  # which of that is shown

    def __init__(
        self,
        predictor: Predictor,
        gt: Array | None = None,
        roi: Roi | None = None,
        mask: Array | None = None,
        raw: Array | None = None,
    ) -> None:
        backend.begin_with_torch()  # nobody waits for compilers
        source = _sample_for(predictor) if gt is None else Source(gt, mask, raw)
        self.inspection: Inspection = run(Request(predictor, source, roi))
        grid = self.inspection.target
        self._plane = best_plane(self.inspection.source, self.inspection.roi)
        self._across = next((a for a in range(grid.dims) if a not in (self._plane.rows, self._plane.columns)), None)
        texts = {name: (value, doc) for name, value, doc in parameter_rows(predictor, grid.unit)}
        parameters = [p for p in parameters_of(type(predictor)) if p.affects != "model"]
        super().__init__(
            controls=[_control(p, getattr(predictor, p.name), texts[p.name][1], grid.unit) for p in parameters],
            values={p.name: _plain(getattr(predictor, p.name)) for p in parameters},
            view={"channel": 0, "plane": self._plane_index()},
            choices={
                "planes": 1 if self._across is None else int(grid.spatial_shape[self._across]),
                "axis": "" if self._across is None else grid.spatial_axes[self._across],
            },
        )
        self._draw()
        self.observe(self._on_asked, "asked")

    @property
    def predictor(self) -> Predictor:
        """What is shown."""
        return self.inspection.request.predictor

    def _repr_html_(self) -> str:
        """What is shown where no widget runs: a saved notebook, a page."""
        figures = "".join(
            f'<figure style="display: inline-block; width: 32%; margin: 0"><figcaption>{escape(p["caption"])}</figcaption>'
            f'<img style="width: 100%" src="{p["source"]}"></figure> '
            for p in self.pictures
        )
        return html_titled(name_of(self.predictor), figures, f"<div>{escape(self.told)}</div>")

    def _on_asked(self, _change: Any) -> None:
        """Compute and draw what the controls say; a sentence tells what doesn't fit, and the last result stays."""
        try:
            chosen = _chosen(self.predictor, self.values)
            if chosen != self.predictor:
                self.inspection = run(replace(self.inspection.request, predictor=chosen))
            self._draw()
            self.problem = ""
        except ValueError as error:
            self.problem = f"{capitalised(format_error(error))}."
        self.answered = self.asked

    def _draw(self) -> None:
        inspection, across = self.inspection, self._across
        names = inspection.channel_names
        channel = min(int(self.view["channel"]), len(names) - 1)
        if across is not None:
            at = list(self._plane.at)
            at[across] = inspection.roi.begin[across] + int(self.view["plane"]) * inspection.target.voxel_size[across]
            self._plane = replace(self._plane, at=tuple(at))
        statistics = inspection.statistics[channel]
        highest = highest_weight(inspection, self._plane, [channel])
        looks = target_colours(inspection, channel), weight_colours(highest)
        results = ("target", inspection.target), ("weight", inspection.weight)
        pictures = [("ground truth", labels_picture(inspection, self._plane, inspection.roi))]
        for (name, array), (colours, norm) in zip(results, looks, strict=True):
            values = _coloured(self._plane.values(array)[channel], colours, norm)
            pictures.append((f"{name}: {amount(float(norm.vmin or 0))} … {amount(float(norm.vmax or 0), 3)}", values))
        left, right, bottom, top = self._plane.extent(inspection.roi, inspection.target.subdivision)
        aspect = (right - left) / (bottom - top)
        self.choices = {**self.choices, "channels": list(names)}
        self.pictures = [{"caption": c, "source": _png(picture), "aspect": aspect} for c, picture in pictures]
        negative, positive = statistics.negative_weight, statistics.positive_weight
        self.told = (
            f"{names[channel]}: {percent(statistics.positive)} positive, weights {amount(negative)} and "
            f"{amount(positive)}; computed in {format_duration(inspection.timings['total'])}"
        )

    def _plane_index(self) -> int:
        if self._across is None:
            return 0
        begin, size = self.inspection.roi.begin[self._across], self.inspection.target.voxel_size[self._across]
        return int((self._plane.at[self._across] - begin) // size)


def _sample_for(predictor: Predictor) -> Source:
    """A sample with as many axes as the predictor's offsets have, in two dimensions where both do."""
    offsets = [getattr(predictor, p.name) for p in parameters_of(type(predictor)) if p.holds_offsets]
    dims = next((len(offset) for rows in offsets for offset in rows), 2)
    sample = cells_2d((256, 256)) if dims == 2 else neurites((24, 128, 128))
    return Source(sample.labels, sample.annotated, sample.raw)


def _control(parameter: Parameter, value: Any, doc: str, unit: str) -> dict[str, Any]:
    """What the front end makes an input of."""
    shown: dict[str, Any] = {"name": parameter.name, "title": readable(parameter.name), "doc": doc}
    shown |= {"advanced": parameter.advanced, "optional": parameter.optional}
    shown["unit"] = {"length": unit, "voxels": "voxels"}.get(parameter.unit, "")
    options = get_args(parameter.annotation)
    if parameter.plain_type in (int, float):
        low, high = parameter.slider_range(1.0 if value is None else float(value))
        return shown | {
            "kind": "number",
            "whole": parameter.plain_type is int,
            "logarithmic": parameter.slides == "logarithmic",
            "slides": bool(parameter.slides),
            "low": low,
            "high": high,
        }
    if parameter.annotation is bool:
        return shown | {"kind": "flag"}
    if options and all(isinstance(option, str) for option in options):
        return shown | {"kind": "choice", "options": list(options)}
    return shown | {"kind": "text"}


def _chosen(predictor: Predictor, values: Mapping[str, Any]) -> Predictor:
    """The predictor with these values; a ``ValueError`` if one doesn't fit."""
    changed = {}
    for parameter in parameters_of(type(predictor)):
        if parameter.name not in values:
            continue
        value = values[parameter.name]
        if isinstance(value, str) and parameter.annotation is not str:
            try:
                value = yaml.safe_load(value)
            except yaml.YAMLError as error:
                raise ValueError(f"{parameter.name} can't be read as YAML: {value!r}") from error
        changed[parameter.name] = parameter.convert(value)
    made: Any = predictor
    found: Predictor = replace(made, **changed)
    return found


def _plain(value: Any) -> Any:
    """A value as the front end holds it."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    text = yaml.safe_dump(yaml.safe_load(str(list(_listed(value)))), default_flow_style=True, width=10**6)
    return str(text).strip()


def _listed(value: Any) -> Any:
    return [_listed(one) for one in value] if isinstance(value, (list, tuple)) else value


def _coloured(values: np.ndarray, colours: str, norm: Any) -> np.ndarray:
    from matplotlib import colormaps

    return np.asarray(colormaps[colours](norm(np.ma.masked_invalid(values)))[..., :3])


def _png(picture: np.ndarray) -> str:
    """RGB in 0 … 1 as the source of an image."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode('ascii')}"
