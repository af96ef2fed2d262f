"""What is shipped: archives that can be tested and type-checked, extras that suffice, one version."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def needs(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"extra dev: {', '.join(missing)} missing")


def installed_by(extra):
    """Return the distributions that ``pip install rfrobust[extra]`` asks for by name."""
    found = set()
    for line in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]:
        name, more = re.match(r"([\w-]+)(?:\[(.*)\])?", line).groups()
        found |= set().union(*map(installed_by, more.split(","))) if more else {name.replace("_", "-")}
    return found


def imported_by_tests():
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
                yield node.args[0].value


def test_the_extra_of_the_tests_installs_what_they_import():
    names = {name.partition(".")[0] for name in imported_by_tests()} - {"rfrobust", "tests", "benchmarks"}
    providers = importlib.metadata.packages_distributions()
    # dask comes with distributed
    given = installed_by("test") | {"dask"}
    lacking = {
        name
        for name in names - set(sys.stdlib_module_names)
        if not given & {found.lower().replace("_", "-") for found in providers.get(name, [name])}
    }
    assert lacking == set()


def test_the_version_is_typed_in_one_place_and_nothing_is_released():
    assert "version" in PROJECT["dynamic"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.findall(r"^(?:version|date-released):", citation, re.MULTILINE) == []
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings == ["Unreleased"]


@pytest.mark.slow
@needs("build", "hatchling")
def test_the_archives_hold_what_they_promise(tmp_path):
    """The wheel is made from the source archive, whose own tests run in it."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,), (archive,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("rfrobust/")}
    sources = [path for path in (ROOT / "rfrobust").rglob("*") if path.suffix in (".py", ".pyi", ".typed")]
    assert {path.relative_to(ROOT).as_posix() for path in sources} <= shipped
    assert "rfrobust/py.typed" in shipped
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    folder = tmp_path / archive.name.removesuffix(".tar.gz")
    tests = ["tests/docs/test_citations.py", "tests/test_structure.py", "tests/engine/test_reference_values.py"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *tests], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@needs("mypy")
def test_a_type_checker_sees_every_public_name(tmp_path):
    """Through the lazy imports: without stubs and py.typed every name would be ``Any``."""
    import rfrobust

    names = [*rfrobust.__all__, "solve(1, 2, 0.3).standard_risk"]
    program = "import rfrobust\n" + "\n".join(f"reveal_type(rfrobust.{name})" for name in names)
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--cache-dir=cache", "--ignore-missing-imports", "program.py"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    seen = re.findall(r'Revealed type is "(.*)"', done.stdout)
    assert len(seen) == len(names)
    assert [name for name, type_ in zip(names, seen, strict=True) if type_ == "Any"] == []
    assert "rfrobust.theory.equilibrium.Equilibrium" in seen[names.index("solve")]
    assert seen[-1].endswith("float")
