"""Lists of crops: patterns, folders, CellMap's manifests and datasplit, YAML."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from predictor_inspector.core import Array
from predictor_inspector.data import open_dataset, write_ome_zarr
from predictor_inspector.data.dataset import facts_of

from ..crops import INSTANCES, Folder, objects


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    for number in (2, 10):
        folder.crop(number, {"mito": (objects(), INSTANCES), "er": (objects(), INSTANCES)})
    return folder


def labels(folder: Path, name: str) -> Path:
    array = Array(objects(), (20, 10, 10), (100, 200, 300))
    return write_ome_zarr(folder / f"{name}.zarr", array, name)


def names(*paths: object) -> list[str]:
    return [crop.name for crop in open_dataset([str(path) for path in paths]).crops]


def test_a_path_is_a_crop_and_a_pattern_or_a_folder_all_that_are_there(tmp_path: Path) -> None:
    for name in ("a9", "a10"):
        labels(tmp_path, name)
    (tmp_path / "notes.txt").write_text("")
    assert names(tmp_path / "a9.zarr") == ["a9.zarr"]
    assert names(tmp_path / "*.zarr") == names(tmp_path) == ["a9.zarr", "a10.zarr"]
    with pytest.raises(FileNotFoundError, match=r"nothing matches the pattern '.*b\*'"):
        names(tmp_path / "b*")


def test_crops_of_one_name_are_told_apart(tmp_path: Path) -> None:
    paths = [labels(tmp_path / folder, "crop") for folder in ("one", "two")]
    told = names(*paths, paths[0])
    assert len(set(told)) == 3
    assert told[0].endswith("one/crop.zarr")


def test_the_layout_of_cellmap_is_found_from_any_folder_in_it(data: Folder) -> None:
    wanted = ["jrc_x/crop2", "jrc_x/crop10"]
    container = data.recon.parent
    groups = data.place(2).parent
    for place in (data.folder, container, groups, groups / "crop*"):
        assert names(place) == wanted
    crop = open_dataset([str(groups)]).with_classes().crops[0]
    assert crop.raw == str(data.recon / "em" / "fibsem-uint8")
    assert crop.volume == str(data.recon)
    facts = facts_of(crop)
    assert [found.name for found in facts.classes] == ["er", "mito"]
    assert facts.raw is not None


def test_a_datasplit_names_split_raw_data_and_classes(data: Folder) -> None:
    data.crop(11, split="validate")
    dataset = open_dataset([data.datasplit()]).with_classes()
    assert dataset.classes == ("mito", "er")
    assert [crop.split for crop in dataset.crops] == ["training", "training", "validation"]
    facts = [facts_of(crop) for crop in dataset.crops]
    assert [found.problem for found in facts] == ["", "", ""]
    assert [[c.name for c in found.classes if c.stored] for found in facts] == [["mito", "er"]] * 2 + [["mito"]]


def test_a_datasplit_with_paths_of_its_own_folder_is_read_too(data: Folder) -> None:
    place = os.path.relpath(data.place(2), data.folder)
    raw = os.path.relpath(data.recon / "em" / "fibsem-uint8", data.folder)
    path = data.folder / "split.csv"
    path.write_text(f"train,{raw},{place}/[er]\n")
    (crop,) = open_dataset([path]).crops
    assert (crop.classes, facts_of(crop).problem) == (("er",), "")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("train,a,b,c", r"split\.csv, row 2: a row has 5 cells, .* but this one has 4"),
        ("teach,a,b,c,d/[e]", r"split\.csv, row 2: 'teach' is no part of a data set"),
    ],
)
def test_a_damaged_datasplit_is_refused_with_its_row(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(f"train,a,b,c,d/[e]\n{row}\n")
    with pytest.raises(ValueError, match=message):
        open_dataset([path])
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"split\.csv lists no crops"):
        open_dataset([path])


def test_manifests_of_the_challenge_are_found_in_the_data_beside_them(data: Folder) -> None:
    manifest = data.folder / "manifest.csv"
    manifest.write_text(
        "crop_name, dataset, alignment, crop_url, em_url\n"
        "2,jrc_x,recon-1,s3://bucket/jrc_x/crop2,s3://bucket/jrc_x/em\n"
        "77,jrc_y,recon-1,s3://bucket/jrc_y/crop77,s3://bucket/jrc_y/em\n"
    )
    here, elsewhere = open_dataset([manifest]).crops
    assert (here.name, here.path) == ("jrc_x/crop2", str(data.place(2)))
    assert elsewhere.path == "s3://bucket/jrc_y/crop77"
    rows = [f"2,jrc_x,{name},[8.0;8.0;8.0],[804.0;4.0;4.0],[16;16;16]" for name in ("er", "mito", "ld")]
    listed = data.folder / "train_crop_manifest.csv"
    listed.write_text("\n".join(["crop_name,dataset,class_label,voxel_size,translation,shape", *rows]))
    (crop,) = open_dataset([listed]).with_classes().crops
    facts = facts_of(crop)
    assert {found.name: found.stored for found in facts.classes} == {"er": True, "mito": True, "ld": False}


def test_a_yaml_list_says_what_belongs_to_a_crop_and_what_it_is_trained_for(data: Folder) -> None:
    labels(data.folder, "cells")
    distance = {"kind": "distance", "channels": ["er"], "scale_factor": 20, "mask_distances": True}
    (data.folder / "affinities.yaml").write_text("kind: affinities\nneighborhood: [[1, 0, 0]]\n")
    content = {
        "classes": ["er"],
        "voxel_size": [8, 8, 8],
        "input_size": [12, 12, 12],
        "predictors": [distance, "affinities.yaml"],
        "crops": [
            {"path": "jrc_x/jrc_x.zarr/recon-1/labels/groundtruth/crop*", "gt": ["er", "mito"], "split": "train"},
            {"path": "cells.zarr", "name": "cells", "mask": "none", "split": "val", "volume": "other"},
        ],
    }
    path = data.folder / "list.yaml"
    path.write_text(yaml.safe_dump(content))
    dataset = open_dataset([path])
    assert [(c.name, c.gt, c.split) for c in dataset.crops] == [
        ("jrc_x/crop2", "[er,mito]", "training"),
        ("jrc_x/crop10", "[er,mito]", "training"),
        ("cells", None, "validation"),
    ]
    assert (dataset.crops[2].volume, dataset.crops[2].mask) == ("other", "none")
    assert (dataset.classes, dataset.voxel_size, dataset.input_size) == (("er",), (8, 8, 8), (12, 12, 12))
    assert [config["kind"] for config in dataset.predictors] == ["distance", "affinities"]
    assert dataset.with_classes().crops[0].gt == "[er]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crops: []", "crops: list should have at least 1 item"),
        ("crops: [{path: a, mark: b}]", r"there is nothing called crops\.0\.mark"),
        ("crops: [{gt: a}]", r"crops\.0\.path is missing"),
    ],
)
def test_a_wrong_yaml_list_is_refused_with_the_place_in_it(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"list\.yaml: {message}"):
        open_dataset([path])


def test_facts_are_counted_where_annotated_and_say_what_is_wrong(tmp_path: Path) -> None:
    place = labels(tmp_path, "a")
    mask = np.zeros((16, 16, 16), np.uint8)
    mask[:8] = 1
    write_ome_zarr(tmp_path / "mask.zarr", Array(mask, (20, 10, 10), (100, 200, 300)), "mask")
    (crop,) = open_dataset([place], mask=str(tmp_path / "mask.zarr")).crops
    (counted,) = facts_of(crop, count=True).classes
    assert (counted.known, counted.present, counted.objects) == (8 * 256, int((objects()[:8] > 0).sum()), 3)
    (uncounted,) = facts_of(crop).classes
    assert uncounted.known is None
    (lost,) = open_dataset([tmp_path / "lost.zarr"]).crops
    assert "lost.zarr is not there" in facts_of(lost).problem


def test_a_crop_of_one_class_has_the_channels_of_those_of_several(data: Folder) -> None:
    data.crop(11)
    dataset = open_dataset([data.folder])
    assert {crop.gt for crop in dataset.with_classes().crops} == {"[er,mito]"}
    (alone,) = open_dataset([data.place(11)]).with_classes().crops
    assert alone.gt == "[mito]"
    (named,) = open_dataset([data.place(11)]).with_classes(("er", "mito")).crops
    assert named.gt == "[er,mito]"
