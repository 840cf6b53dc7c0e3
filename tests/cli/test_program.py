"""The command line, run in-process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.image import imread

from predictor_inspector import __version__, cli
from predictor_inspector.core import Array, DistancePredictor, predictor_from_yaml, predictor_kinds
from predictor_inspector.data import open_array, write_ome_zarr
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.output.pictures import overview_figure

FILES = {"target.ome.zarr", "weight.ome.zarr", "overview.png", "report.json", "predictor.yaml"}


@pytest.fixture(autouse=True)
def blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blank pictures, as drawing takes longer than everything else."""
    monkeypatch.setattr("predictor_inspector.inspection.output.results.PICTURE_DPI", 30)
    monkeypatch.setattr("predictor_inspector.inspection.output.pictures.overview_figure", lambda *_: Figure())


@pytest.fixture
def drawn_pictures(blank_pictures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictor_inspector.inspection.output.pictures.overview_figure", overview_figure)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A small file of labels, 20 x 10 x 10 nm, whose corner is at (100, 200, 300) nm."""
    rng = np.random.default_rng(0)
    ids = np.kron(rng.integers(0, 5, (3, 4, 4)), np.ones((2, 3, 3), int)).astype(np.uint16)
    return write_ome_zarr(tmp_path / "labels.zarr", Array(ids, (20, 10, 10), (100, 200, 300)), "labels")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results" / "first"


def run(*arguments: object) -> int:
    return cli.main([str(a) for a in arguments])


def failure(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line that a failing command says."""
    capsys.readouterr()
    assert run(*arguments) == 2
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if ": note: " not in line]
    assert len(lines) == 1
    assert lines[0].startswith("predictor-inspector: error: ")
    assert said.out == ""
    return lines[0]


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys; from predictor_inspector.cli import main; main(['--help']); main(['render', '--help']);"
        "heavy = {'torch', 'zarr', 'numpy', 'matplotlib', 'napari', 'yaml'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("render", "list", "show", "open", "demo", "--roi"))


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "predictor_inspector", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"predictor-inspector {__version__}\n")
    failed = subprocess.run([*command[:-1], "render"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "the following arguments are required: PATH" in failed.stderr


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"predictor-inspector {__version__}\n"


@pytest.mark.usefixtures("drawn_pictures")
def test_render_writes_what_inspect_gives_where_the_roi_lies(labels: Path, out: Path) -> None:
    settings = ["--set", "channels=[cells]", "--set", "scale_factor=30", "--set", "mask_distances=false"]
    assert run("render", labels, "--predictor", "distance", *settings, "--roi", "1:5,:,4:", "--out", out) == 0
    assert {f.name for f in out.iterdir()} == FILES
    assert [f.name for f in out.parent.iterdir()] == ["first"]
    gt = open_array(labels)
    roi = gt.roi_of([slice(1, 5), slice(0, 12), slice(4, 12)])
    expected = inspect(DistancePredictor(["cells"], 30, False), gt, roi, device="cpu")
    for name in ("target", "weight"):
        written = open_array(out / f"{name}.ome.zarr", "/")
        assert written.roi == roi
        assert (written.voxel_size, written.unit, written.axis_names) == (gt.voxel_size, "nm", ("c^", "z", "y", "x"))
        np.testing.assert_array_equal(written.numpy(), getattr(expected, name).numpy())
    assert predictor_from_yaml((out / "predictor.yaml").read_text()) == expected.request.predictor


def test_the_report_tells_inputs_regions_and_statistics_in_world_units(labels: Path, out: Path) -> None:
    assert run("render", labels, "--predictor", "inner_distance", "--roi", "2:4,3:6,0:12", "--out", out) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["version"] == __version__
    assert report["inputs"]["gt"]["path"] == str(labels)
    assert (report["inputs"]["gt"]["offset"], report["inputs"]["gt"]["voxel_size"]) == ([100, 200, 300], [20, 10, 10])
    assert report["regions"]["roi"] == {"begin": [140, 230, 300], "end": [180, 260, 420], "voxels": [2, 3, 12]}
    assert report["regions"]["gt_region"]["begin"][0] < 140
    assert [c["name"] for c in report["channels"]] == ["objects"]
    assert sum(report["class_counts"]["count"][0]) == 2 * 3 * 12
    assert report["timings"]["total"] > 0
    assert report["memory"] > 0
    assert report["device"]
    assert set(report["inputs"]["assumed"]) == {"channels", "scale_factor"}


def test_required_parameters_that_are_not_given_are_assumed_and_named(
    labels: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("render", labels, "--predictor", "affinities", "--set", "lsds=false", "--out", out) == 0
    said = capsys.readouterr()
    assert "note: neighborhood was not given; assumed [[1, 0, 0], [0, 1, 0], [0, 0, 1]]" in said.err
    assert "aff z+1" in said.out
    assert str(out) in said.out


def test_set_overrides_the_file_and_the_file_the_preset(labels: Path, out: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("kind: affinities\nlsds: false\nnum_voxels: 7\nmask_pairs: true\n")
    chosen = ["--preset", "affinities + LSDs, 3-D", "--config", config]
    values = ["--set", "mask_pairs=false", "--set", "neighborhood=[[1,0,0],[0,-3,0]]"]
    assert run("render", labels, *chosen, *values, "--out", out) == 0
    written = yaml.safe_load((out / "predictor.yaml").read_text())
    assert written["neighborhood"] == [[1, 0, 0], [0, -3, 0]]
    assert (written["lsds"], written["num_voxels"], written["mask_pairs"]) == (False, 7, False)


def test_a_written_configuration_renders_the_same_again(labels: Path, out: Path) -> None:
    assert run("render", labels, "--predictor", "one_hot", "--out", out) == 0
    again = out.parent / "second"
    assert run("render", labels, "--config", out / "predictor.yaml", "--out", again) == 0
    both = [open_array(folder / "target.ome.zarr", "/").numpy() for folder in (out, again)]
    np.testing.assert_array_equal(*both)


def test_a_tilde_is_the_home_folder(labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell leaves it to the program after an equals sign.
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "predictor.yaml").write_text("kind: affinities\nneighborhood: [[0, 0, 1]]\nlsds: false\n")
    monkeypatch.chdir(tmp_path)
    assert run("render", f"~/{labels.relative_to(tmp_path)}", "--config=~/predictor.yaml", "--out=~/result") == 0
    assert (tmp_path / "result" / "predictor.yaml").is_file()
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    ("predictor", "balance_over"),
    [("affinities", "context"), ("distance", "roi"), ("one_hot", "roi"), ("one_hot", "context")],
)
def test_a_render_in_tiles_is_the_render_of_the_whole(
    predictor: str, balance_over: str, tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = np.kron(np.random.default_rng(0).integers(0, 5, (5, 9, 8)), np.ones((4, 5, 5), int)).astype(np.uint16)
    labels = write_ome_zarr(tmp_path / "labels.zarr", Array(ids, (20, 10, 10), (100, 200, 300)), "labels")
    command = ["render", labels, "--predictor", predictor, "--balance-over", balance_over, "--roi", "1:18,:,2:"]
    command += ["--device", "cpu"] + (["--set", "scale_factor=8"] if predictor == "distance" else [])
    command += ["--set", "num_voxels=1", "--set", "lsds=true"] if predictor == "affinities" else []
    assert run(*command, "--out", out) == 0
    said = capsys.readouterr()
    assert "tiles" not in said.err
    tiled = out.parent / "second"
    assert run(*command, "--memory", "2.5MB", "--out", tiled) == 0
    said_of_tiles = capsys.readouterr()
    assert "tiles of at most" in said_of_tiles.err
    assert said_of_tiles.out.splitlines()[:-1] == said.out.splitlines()[:-1]
    assert {f.name for f in tiled.iterdir()} == FILES
    for name, tolerance in (("target", 1e-5), ("weight", 0)):
        whole, found = (open_array(folder / f"{name}.ome.zarr", "/") for folder in (out, tiled))
        np.testing.assert_allclose(found.numpy(), whole.numpy(), rtol=0, atol=tolerance)
        assert repr(found) == repr(whole)
    reports = [json.loads((folder / "report.json").read_text()) for folder in (out, tiled)]
    for key in ("inputs", "predictor", "regions", "class_counts", "notes"):
        assert reports[0][key] == reports[1][key]


@pytest.mark.usefixtures("drawn_pictures")
def test_a_render_in_tiles_draws_the_picture_of_the_whole(labels: Path, out: Path) -> None:
    command, tiled = ["render", labels, "--predictor", "one_hot", "--device", "cpu"], out.parent / "second"
    assert run(*command, "--out", out) == 0
    assert run(*command, "--memory", "40kB", "--out", tiled) == 0
    whole, found = (imread(folder / "overview.png") for folder in (out, tiled))
    assert whole.shape == found.shape
    # Timings are drawn too.
    assert (np.abs(whole - found).max(-1) > 0.02).mean() < 0.05


@pytest.mark.parametrize("moment", ["targets", "weights", "draw overview"])
def test_an_interrupt_between_tiles_leaves_nothing_behind(
    moment: str, labels: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from predictor_inspector.inspection.output import results

    write, begun = results.write_results_in_tiles, []

    def interrupt(*arguments: Any) -> Any:
        def tell(step: str, fraction: float) -> None:
            if step == moment and (fraction > 0 or step == "draw overview"):
                begun.append({f.suffix for f in out.parent.iterdir()})
                raise KeyboardInterrupt

        return write(*arguments[:-1], tell)

    monkeypatch.setattr(results, "write_results_in_tiles", interrupt)
    settings = ["--predictor", "affinities", "--set", "lsds=false", "--memory", "60kB"]
    assert run("render", labels, *settings, "--out", out) == 130
    assert begun == [{".partial"}]
    assert list(out.parent.iterdir()) == []


def test_a_roi_in_units_is_grown_to_whole_voxels_and_said_so(
    real_data: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crop = real_data / "crop_fractional.ome.zarr"
    where = "0.2um:300nm,2100:2300nm,200nm:"
    arguments = ["--predictor", "distance", "--mask", "labels/annotated", "--roi", where, "--out", out]
    assert run("render", crop, "labels/neurons", *arguments) == 0
    assert "grown to whole voxels: 199.56:304.36, 2099.5:2303.5, 199.1:523.1 nm" in capsys.readouterr().err
    roi = open_array(out / "target.ome.zarr", "/").roi
    assert (tuple(roi.begin), tuple(roi.end)) == ((19956, 209950, 19910), (30436, 230350, 52310))


def test_ground_truth_mask_and_raw_may_be_names_or_paths_of_their_own(real_data: Path, out: Path) -> None:
    crop = real_data / "crop_fractional.ome.zarr"
    where = ["--predictor", "distance", "--roi", "40:44,40:60,40:60"]
    folders = []
    for i, (path, name, mask) in enumerate(
        [
            (crop, ["labels/neurons"], "labels/annotated"),
            (crop / "labels" / "neurons", [], "labels/annotated"),
            (crop, [str(crop / "labels/neurons")], str(crop / "labels/annotated")),
        ]
    ):
        folders.append(out.with_name(f"{i}"))
        assert run("render", path, *name, "--mask", mask, "--raw", "/", *where, "--out", folders[-1]) == 0
    weights = [open_array(folder / "weight.ome.zarr", "/").numpy() for folder in folders]
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])


def test_an_index_chooses_a_moment_and_a_channel(tmp_path: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = np.random.default_rng(1).integers(0, 3, (2, 3, 16, 16)).astype(np.uint8)
    path = write_ome_zarr(tmp_path / "film.zarr", Array(ids, (1, 1), axis_names=("t^", "c^", "y", "x")), "film")
    assert "axis of time" in failure(capsys, "render", path, "/", "--predictor", "one_hot", "--out", out)
    chosen = ["--index", "t=1", "--index", "c=2"]
    assert run("render", path, "/", "--predictor", "one_hot", *chosen, "--out", out) == 0
    target = open_array(out / "target.ome.zarr", "/").numpy()
    np.testing.assert_array_equal(target.argmax(0), ids[1, 2])


def test_results_are_replaced_only_when_asked_and_only_results(
    labels: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["render", labels, "--predictor", "dummy", "--roi", "0:2,:,:"]
    assert run(*command, "--out", out) == 0
    assert "--overwrite" in failure(capsys, *command, "--out", out)
    assert run(*command, "--set", "embedding_dims=1", "--out", out, "--overwrite") == 0
    assert len(json.loads((out / "report.json").read_text())["channels"]) == 1
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    assert "no folder of results" in failure(capsys, *command, "--out", mine, "--overwrite")
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--predictor", "afinities"], "did you mean 'affinities'?"),
        ([], "a predictor is needed, one of affinities,"),
        (["--predictor", "distance", "--set", "scale_facto=3"], "did you mean 'scale_factor'?"),
        (["--predictor", "distance", "--set", "scale_factor=-3"], "scale_factor must be > 0, got -3"),
        (["--predictor", "distance", "--set", "scale_factor"], "key=value, such as lsds=false, got 'scale_factor'"),
        (["--predictor", "distance", "--set", "channels=[a"], "the value of channels, '[a', is not valid YAML"),
        (["--predictor", "distance", "--set", "kind=dummy"], "choose it with --predictor"),
        (["--predictor", "affinities", "--preset", "long range 3D"], "did you mean 'long range, 3-D'?"),
        (["--predictor", "dummy", "--config", "absent.yaml"], "absent.yaml is not there"),
        (["--predictor", "dummy", "--roi", "0:2,:"], "3 ranges, one for each of the axes z, y, x"),
        (["--predictor", "dummy", "--roi", "4:2,:,:"], "roi is empty on axis z"),
        (["--predictor", "dummy", "--roi", "0:7,:,:"], "'0:7' is 0:7 in voxels, but there are 6 (100 to 220 nm)"),
        (["--predictor", "dummy", "--roi=-2:,:,:"], "counts voxels from 0 on axis z"),
        (["--predictor", "dummy", "--roi", "a:b,:,:"], "can't be understood on axis z"),
        (["--predictor", "dummy", "--roi", "0furlong:3furlong,:,:"], "'furlong' is not a unit of length"),
        (["--predictor", "dummy", "--mask", "labls"], "has no array 'labls'"),
        (["--predictor", "dummy", "--index", "t=0"], "axis must be one of the channel axes"),
        (["--predictor", "dummy", "--index", "t"], "such as t=3, got 't'"),
        (["--predictor", "dummy", "--device", "abacus"], "device must be 'auto' or one of"),
        (["--predictor", "dummy", "--memory", "much"], "memory needs a positive number of bytes, such as 4GB"),
        (["--predictor", "distance", "--memory", "1kB"], "is too little for DistancePredictor: a single voxel"),
        (["--predictor", "dummy", "--outside", "beyond"], "invalid choice: 'beyond'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_and_leaves_nothing_behind(
    arguments: list[str], said: str, labels: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in failure(capsys, "render", labels, *arguments, "--out", out)
    assert not out.parent.exists()


def test_missing_files_are_named_with_what_is_there(
    labels: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = labels.with_name("label.zarr")
    assert "did you mean 'labels.zarr'?" in failure(capsys, "render", wrong, "--predictor", "dummy", "--out", out)
    assert "did you mean 'labels.zarr'?" in failure(capsys, "list", wrong)
    assert "did you mean 'labels.zarr'?" in failure(capsys, "open", wrong)


def test_nothing_is_left_of_results_that_could_not_be_written(
    labels: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise MemoryError("not enough memory for the picture")

    monkeypatch.setattr("predictor_inspector.inspection.output.pictures.overview_figure", fail)
    assert "for the picture" in failure(capsys, "render", labels, "--predictor", "dummy", "--out", out)
    assert list(out.parent.iterdir()) == []


def test_bugs_are_one_line_too_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(kinds: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("predictor_inspector.inspection.output.text.describe_kinds", fail)
    assert run("list") == 1
    assert "unexpected; --debug shows where" in capsys.readouterr().err
    with pytest.raises(KeyError):
        run("list", "--debug")


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(kinds: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("predictor_inspector.inspection.output.text.describe_kinds", interrupt)
    assert run("list") == 130


def test_list_shows_every_kind_with_what_it_computes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(predictor_kinds())
    assert len({len(line) - len(line.split(maxsplit=1)[1]) for line in lines}) == 1


def test_list_shows_the_arrays_of_a_container(labels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", labels) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.index("SHAPE") == line.index("6 × 12 × 12")
    assert header.index("VOXEL SIZE") == line.index("20 × 10 × 10")
    assert "100, 200, 300" in line
    assert "uint16" in line
    assert "nm" in line


@pytest.mark.parametrize("kind", predictor_kinds())
def test_show_names_every_parameter_and_its_template_is_a_configuration(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", kind, "--yaml") == 0
    text = capsys.readouterr().out
    predictor_from_yaml(text)
    assert run("show", kind) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name}\n" in shown for name in yaml.safe_load(text) if name != "kind")


def test_show_tells_type_unit_bounds_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "affinities") == 0
    shown = capsys.readouterr().out
    assert "[[whole number, …], …], in voxels, required" in shown
    assert "number, 0 < … < 1, default 0.05" in shown
    assert "long range, 3-D" in shown
    assert run("show", "distance") == 0
    assert "number, in the data's unit of length, > 0, required" in capsys.readouterr().out


class TestWindows:
    """`open` and `demo` hand over to the plugin, once it can have a window."""

    @pytest.fixture
    def launched(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
        module, calls = ModuleType("predictor_inspector.plugin.launch"), []
        module.launch = lambda *arguments: calls.append(arguments)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr("predictor_inspector.cli.program._check_window", lambda: None)
        return calls

    def test_open_and_demo_launch_the_plugin(self, labels: Path, launched: list[tuple[object, ...]]) -> None:
        assert run("open", labels) == 0
        assert run("open", labels, "/", "--screenshot", "window.png") == 0
        assert run("demo", "--screenshot", "demo.png") == 0
        path = str(labels)
        assert launched == [(path, None, None, None), (path, "/", "window.png", None), (None, None, "demo.png", None)]
        assert run("open", labels, "/", "--axes", "xyz") == 0
        assert launched[-1] == (path, "/", None, "xyz")

    def test_a_missing_napari_is_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        said = failure(capsys, "demo")
        assert "napari and magicgui" in said
        assert 'pip install "napari-predictor-inspector[all]"' in said

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there does a screen have a variable")
    def test_a_missing_screen_is_a_sentence(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(variable, raising=False)
        assert "xvfb-run" in failure(capsys, "demo")


@pytest.mark.usefixtures("cold_kernels")
@pytest.mark.parametrize(
    "command",
    [
        ["render", "LABELS", "--predictor", "affinities", "--out", "OUT"],
        ["check", "LABELS", "--predictor", "affinities"],
        ["compare", "LABELS", "--a", "affinities", "--b", "affinities", "--set-b", "lsds=false"],
        ["report", "LABELS", "--predictor", "affinities", "--set", "lsds=false", "--out", "OUT.html"],
        ["dataset", "check", "LABELS", "--predictor", "affinities", "--processes", "1"],
    ],
)
def test_no_command_waits_for_kernels(
    labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    places = {"LABELS": labels, "OUT": tmp_path / "made", "OUT.html": tmp_path / "made.html"}
    assert run(*(places.get(part, part) for part in command)) in (0, 1)
    assert "waited for" not in capsys.readouterr().err
