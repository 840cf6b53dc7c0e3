"""The YAML file that lists a data set's crops."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_Positive = Annotated[float, Field(gt=0)]
_Voxels = Annotated[int, Field(ge=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CropEntry(_Entry):
    """A crop, or all that match a pattern; paths are relative to the file. `gt` may be a list: a channel per class."""

    path: str
    name: str | None = None
    gt: str | list[str] | None = None
    mask: str | None = None
    raw: str | None = None
    split: str | None = None
    volume: str | None = None


class DatasetFile(_Entry):
    """Crops, and what they are trained with; each predictor is a configuration, or the path of a file of one."""

    crops: list[CropEntry] = Field(min_length=1)
    classes: list[str] = []
    voxel_size: list[_Positive] | None = None
    unit: str = "nm"
    input_size: list[_Voxels] | None = None
    predictors: list[str | dict[str, Any]] = []
