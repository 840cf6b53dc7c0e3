"""OME-Zarr 0.4 and 0.5: the multiscale metadata of a group, and the geometry of each level."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from predictor_inspector.data.geometry import Geometry, make_geometry
from predictor_inspector.data.lengths import exact

if TYPE_CHECKING:
    from yaozarrs import v04, v05


@dataclass(frozen=True)
class Multiscale:
    """The first image of a group: its levels, finest first, as paths relative to the group."""

    metadata: v04.Multiscale | v05.Multiscale
    source: str
    levels: tuple[str, ...]
    channel_names: tuple[str, ...]
    is_label: bool

    @property
    def axis_names(self) -> tuple[str, ...]:
        """One per axis of the data; time and channels end in ``^``."""
        return tuple(axis.name if axis.type == "space" else f"{axis.name}^" for axis in self.metadata.axes)

    def geometry(self, level: int) -> Geometry:
        """The grid of one level, by its own transformations and then those of all levels."""
        dataset = self.metadata.datasets[level]
        source = f"{self.source}, level {dataset.path}"
        steps = [*dataset.coordinateTransformations, *(self.metadata.coordinateTransformations or ())]
        spatial = [axis.type == "space" for axis in self.metadata.axes]
        scale, translation = [Fraction(1)] * len(spatial), [Fraction(0)] * len(spatial)
        for step in steps:
            numbers = step.scale if step.type == "scale" else step.translation
            if any(number - number != 0 for number, wanted in zip(numbers, spatial, strict=True) if wanted):
                raise ValueError(f"{source}: its {step.type} must be finite, got {numbers}")
            values = [exact(n) if wanted else Fraction(1) for n, wanted in zip(numbers, spatial, strict=True)]
            if step.type == "scale":
                scale = [a * b for a, b in zip(scale, values, strict=True)]
                translation = [a * b for a, b in zip(translation, values, strict=True)]
            else:
                translation = [a + b for a, b in zip(translation, values, strict=True)]
        first = spatial.index(True)
        return make_geometry(
            self.axis_names,
            scale[first:],
            centre=translation[first:],
            units=[axis.unit for axis in self.metadata.axes[first:]],
            source=source,
        )


def find_multiscale(attributes: Mapping[str, Any], source: str) -> Multiscale | None:
    """The multiscale image that a group's attributes describe; ``None`` if they describe none.

    Raises
    ------
    ValueError
        If the version is neither 0.4 nor 0.5, or the metadata are damaged; the message begins with `source`.
    """
    ome = attributes.get("ome")
    holder = ome if isinstance(ome, Mapping) else attributes
    if "multiscales" not in holder:
        return None
    entries = holder["multiscales"]
    if not (isinstance(entries, list) and entries and isinstance(entries[0], dict)):
        raise ValueError(f"{source}: multiscales must be a list of at least one image, got {str(entries)[:80]}")
    version = str(ome.get("version", "0.5") if isinstance(ome, Mapping) else entries[0].get("version", "0.4"))
    metadata = _validated(entries[0], version, source)
    channels = (holder.get("omero") or {}).get("channels") or ()
    labels = [channel.get("label") for channel in channels]
    return Multiscale(
        metadata,
        source,
        tuple(dataset.path.strip("/") for dataset in metadata.datasets),
        tuple(labels) if all(isinstance(label, str) for label in labels) else (),
        "image-label" in holder,
    )


def _validated(entry: dict[str, Any], version: str, source: str) -> v04.Multiscale | v05.Multiscale:
    # Here, not above, because these imports take longer than the rest of this package.
    import pydantic
    from yaozarrs import v04, v05

    models: dict[str, type[v04.Multiscale] | type[v05.Multiscale]] = {"0.4": v04.Multiscale, "0.5": v05.Multiscale}
    if version not in models:
        raise ValueError(f"{source}: it is OME-Zarr {version}, but only {' and '.join(models)} can be read")
    try:
        with warnings.catch_warnings():
            # It warns of units that are not OME's own; short_unit knows more of them and refuses the rest.
            warnings.simplefilter("ignore")
            return models[version].model_validate(entry)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"{source}: its OME-Zarr metadata are damaged: {f'{place}: ' if place else ''}{first['msg']}"
        ) from error
