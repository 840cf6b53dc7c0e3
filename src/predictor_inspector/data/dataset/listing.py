"""Lists of crops: folder patterns, CellMap's manifests and datasplit.csv, and YAML."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from predictor_inspector.core.chosen import read_configuration_file
from predictor_inspector.core.config import config_from_file
from predictor_inspector.core.text import validation_problem
from predictor_inspector.data.classes import class_names
from predictor_inspector.data.dataset.crop import Crop, Dataset, split_of
from predictor_inspector.data.opening import container_of, readable_suffixes
from predictor_inspector.data.stores.path import is_url

_TABLES, _LISTS = (".csv",), (".yaml", ".yml")

LIST_SUFFIXES = (*_TABLES, *_LISTS)
"""How the names of files end that list crops."""

_CROPS = "recon-*/labels/groundtruth/crop*"
_RAW = "em/fibsem-uint8"
"""CellMap's layout in a data set's zarr container; raw data lie beside the labels."""

_ABOVE = 4  # folders above a manifest in which its data are looked for


def open_dataset(
    paths: Iterable[str | os.PathLike[str]],
    gt: str | None = None,
    mask: str | None = None,
    raw: str | None = None,
    classes: Sequence[str] = (),
) -> Dataset:
    """A data set from any number of these, in their order; no crop is opened.

    - a file or folder with one crop, or a pattern of such, ``"crops/*.zarr"``, in which ``**`` stands for any folders
    - a folder of crops, or one with CellMap's containers: ``NAME/NAME.zarr/recon-1/labels/groundtruth/cropN``
    - CellMap's ``datasplit.csv``, with a row of ``train, container, raw, container, crop/[mito,er]`` per crop
    - CellMap's ``manifest.csv`` or ``train_crop_manifest.csv``, whose crops are looked for in and above its folder
    - a YAML file with the key ``crops``

    Parameters
    ----------
    gt, mask, raw : str, optional
        Names of arrays in every crop, or paths, where a list doesn't name them; see `Crop`.
    classes : sequence of str, optional
        What the network learns: a channel for each in crops with an array per class.

    Raises
    ------
    FileNotFoundError
        If a pattern matches nothing, or a file isn't there.
    ValueError
        If a list is damaged, or there are no crops; the message names the file and the line.
    """
    crops: list[Crop] = []
    told = Dataset(())
    for path in (os.fspath(path) for path in paths):
        suffix = Path(path).suffix.lower()
        if suffix in _LISTS:
            listing = _from_yaml(Path(path).expanduser())
            crops += listing.crops
            told = replace(listing, predictors=(*told.predictors, *listing.predictors))
        elif suffix in _TABLES:
            crops += _from_csv(Path(path).expanduser())
        else:
            crops += _from_pattern(path)
    if not crops:
        raise ValueError("there are no crops; give files, folders, a pattern, a CSV or a YAML file")
    named = [replace(crop, gt=crop.gt or gt, mask=crop.mask or mask, raw=crop.raw or raw) for crop in crops]
    return replace(told, crops=_apart(named), classes=tuple(classes) or told.classes)


def _from_pattern(text: str) -> Iterator[Crop]:
    """The crops at a path, or at all that match a pattern."""
    if is_url(text) or not has_magic(text):
        yield from _from_path(text)
        return
    found = sorted(glob(os.path.expanduser(text), recursive=True), key=_natural)
    if not found:
        raise FileNotFoundError(f"nothing matches the pattern {text!r}")
    for path in found:
        yield from _from_path(path)


def _from_path(path: str) -> Iterator[Crop]:
    if is_url(path):
        yield _crop(path)
        return
    folder = Path(path).expanduser()
    for pattern in ("crop*" if folder.name == "groundtruth" else _CROPS, f"*.zarr/{_CROPS}", f"*/*.zarr/{_CROPS}"):
        crops = sorted((str(p) for p in folder.glob(pattern) if p.is_dir()), key=_natural)
        if crops:
            yield from map(_crop, crops)
            return
    if folder.is_dir() and not _is_container(folder):
        inside = [child for child in folder.iterdir() if _is_crop(child)]
        if inside:
            yield from (_crop(str(child)) for child in sorted(inside, key=lambda child: _natural(str(child))))
            return
    yield _crop(str(folder))


def _is_container(folder: Path) -> bool:
    try:
        container_of(folder)
    except (ValueError, OSError):
        return False
    return True


def _is_crop(child: Path) -> bool:
    return not child.name.startswith(".") and (
        child.name.lower().endswith(readable_suffixes()) or (child.is_dir() and _is_container(child))
    )


def _crop(path: str) -> Crop:
    """A crop at a path, with what CellMap's layout says of its raw data and its volume."""
    parts = Path(path).parts
    if "groundtruth" not in parts or is_url(path):
        return Crop(path.rstrip("/").rpartition("/")[2], path)
    at = len(parts) - 1 - parts[::-1].index("groundtruth")
    recon = Path(*parts[: max(1, at - 1)])
    name = "/".join((recon.parent.name.removesuffix(".zarr"), *parts[at + 1 :]))
    raw = recon / _RAW
    return Crop(name, path, raw=str(raw) if raw.is_dir() else None, volume=str(recon))


def _from_csv(path: Path) -> Iterator[Crop]:
    """The crops of a manifest, which begins with a row of names, or of a ``datasplit.csv``, which doesn't."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text file: {error}") from error
    rows = [row for row in csv.reader(text.splitlines(), skipinitialspace=True) if any(cell.strip() for cell in row)]
    if not rows:
        raise ValueError(f"{path} lists no crops")
    if "crop_name" in (names := [cell.strip() for cell in rows[0]]):
        return _from_manifest(path, [dict(zip(names, row, strict=False)) for row in rows[1:]])
    return _from_datasplit(path, rows)


def _from_datasplit(path: Path, rows: Sequence[Sequence[str]]) -> Iterator[Crop]:
    for line, row in enumerate(rows, 1):
        source, cells = f"{path}, row {line}", [cell.strip() for cell in row]
        if len(cells) not in (3, 5):
            raise ValueError(
                f"{source}: a row has 5 cells, split, container and name of raw data, container and name of ground truth, or 3 "
                f"with paths, but this one has {len(cells)}"
            )
        split = split_of(cells[0], source)
        if len(cells) == 3:
            raw, gt = cells[1:]
        else:
            raw, gt = (f"{container}/{name}" for container, name in (cells[1:3], cells[3:5]))
        found = class_names(gt)
        place, names = found or (gt, ())
        crop = _crop(_resolved(place, path.parent))
        yield replace(
            crop,
            gt=f"[{','.join(names)}]" if found else None,
            raw=_resolved(raw, path.parent) if raw.strip("/") else None,
            split=split,
            volume=crop.volume or _resolved(raw, path.parent),
        )


def _from_manifest(path: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[Crop]:
    """A crop per crop of a manifest; where each class has a row of its own, with those as its classes."""
    classes: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Mapping[str, str]] = {}
    for row in rows:
        cells = {name: (cell or "").strip() for name, cell in row.items() if name}
        key = cells.get("dataset", ""), cells.get("crop_name", "")
        first.setdefault(key, cells)
        classes.setdefault(key, [])
        if label := cells.get("class_label"):
            classes[key].append(label)
    for (volume, number), told in first.items():
        name = f"crop{number.removeprefix('crop')}"
        recon = told.get("alignment") or "recon-*"
        local = _beside(path, f"{volume}/{volume}.zarr/{recon}/labels/groundtruth/{name}")
        place = local or told.get("crop_url") or str(path.parent / f"{volume}/{volume}.zarr/{recon}/{name}")
        crop, labels = _crop(place), classes[volume, number]
        yield replace(
            crop,
            name=f"{volume}/{name}",
            gt=f"[{','.join(labels)}]" if labels else None,
            raw=crop.raw or told.get("em_url") or None,
            volume=volume,
        )


def _beside(path: Path, pattern: str) -> str | None:
    """The first match of a pattern in the folders above a file, or in a folder ``data`` in one of them."""
    for folder in path.absolute().parents[:_ABOVE]:
        for place in (folder, folder / "data"):
            if found := sorted(place.glob(pattern)):
                return str(found[0])
    return None


def _from_yaml(path: Path) -> Dataset:
    # Here, not above: it is slow to import, and most commands need no list.
    from pydantic import ValidationError

    from predictor_inspector.data.dataset.yaml_file import DatasetFile

    content = config_from_file(path, "data set")
    try:
        told = DatasetFile.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{path}: {validation_problem(error)}") from error
    crops = []
    for entry in told.crops:
        gt = f"[{','.join(entry.gt)}]" if isinstance(entry.gt, list) else entry.gt
        for crop in _from_pattern(_resolved(entry.path, path.parent)):
            crops.append(
                replace(
                    crop,
                    name=entry.name if entry.name and not has_magic(entry.path) else crop.name,
                    gt=gt,
                    mask=entry.mask,
                    raw=_resolved(entry.raw, path.parent, only_if_there=True) if entry.raw else crop.raw,
                    split=split_of(entry.split or "", str(path)),
                    volume=entry.volume or crop.volume,
                )
            )
    predictors = [_configuration(given, path.parent) for given in told.predictors]
    return Dataset(
        tuple(crops),
        tuple(told.classes),
        tuple(told.voxel_size) if told.voxel_size else None,
        told.unit,
        tuple(told.input_size) if told.input_size else None,
        tuple(predictors),
    )


def _configuration(told: str | dict[str, Any], folder: Path) -> dict[str, Any]:
    return read_configuration_file(_resolved(told, folder)).config or {} if isinstance(told, str) else told


def _resolved(path: str, folder: Path, only_if_there: bool = False) -> str:
    """A path relative to the folder of the list that names it."""
    if is_url(path) or os.path.isabs(os.path.expanduser(path)):
        return os.path.expanduser(path)
    full = os.path.normpath(folder / path)
    # Raw data may be named by their place in the crop's own file.
    return full if not only_if_there or os.path.exists(full) else path


def _apart(crops: Sequence[Crop]) -> tuple[Crop, ...]:
    """Crops of different names: those of the same get as much of their paths as tells them apart, or numbers."""
    counts = Counter(crop.name for crop in crops)
    named = [replace(crop, name=_longer(crop)) if counts[crop.name] > 1 else crop for crop in crops]
    seen: Counter[str] = Counter()
    result = []
    for crop in named:
        seen[crop.name] += 1
        number = seen[crop.name]
        result.append(crop if number == 1 else replace(crop, name=f"{crop.name} ({number})"))
    return tuple(result)


def _longer(crop: Crop) -> str:
    return "/".join(Path(crop.path).parts[-3:])


def _natural(path: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their value: crop9 before crop10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
