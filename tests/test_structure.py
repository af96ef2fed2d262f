"""The floor plan: rooms, one-way imports between them, and no circles."""

import ast
import importlib
from pathlib import Path

import pytest

import rfrobust
from rfrobust.support.sources import imports

PACKAGE = Path(rfrobust.__file__).parent
#: Room -> the rooms it may import from.
ALLOWED: dict[str, set[str]] = {"support": set(), "engine": {"support"}}
ALLOWED["problem"] = {"engine", *ALLOWED["engine"]}
ALLOWED["theory"] = ALLOWED["finite"] = {"problem", *ALLOWED["problem"]}
ALLOWED["checks"] = ALLOWED["tuning"] = {"theory", *ALLOWED["theory"]}
ALLOWED["samples"] = {"finite", "tuning", *ALLOWED["tuning"]}
ALLOWED["figures"] = {"checks", "samples", *ALLOWED["samples"]}
COMPANIONS = ("wide", "memorize", "cgro")
ALLOWED |= {companion: {"support", "problem"} for companion in COMPANIONS}
ALLOWED["cli"] = {*ALLOWED} - {"cli"}


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = sorted(module_name(path) for path in PACKAGE.rglob("*.py"))
#: Module -> the modules it imports, lazily or not; the package itself re-exports from every room.
ARROWS = {name: imports(name) for name in MODULES if name not in ("rfrobust", "rfrobust.__main__")}


def room(module):
    return module.split(".")[1] if "." in module else ""


def test_every_module_is_in_a_room():
    loose = {path.name for path in PACKAGE.glob("*.py*")}
    assert loose == {"__init__.py", "__init__.pyi", "__main__.py"}
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == set(ALLOWED)


@pytest.mark.parametrize("name", ALLOWED)
def test_imports_go_one_way(name):
    outside = {
        f"{module} imports {target}"
        for module, targets in ARROWS.items()
        for target in targets
        if room(module) == name and room(target) not in {name, *ALLOWED[name]}
    }
    assert outside == set()


def test_no_module_needs_itself():
    def needed(module):
        found, new = set(), ARROWS[module]
        while new:
            found |= new
            new = {target for one in new for target in ARROWS.get(one, ())} - found
        return found

    assert [module for module in ARROWS if module in needed(module)] == []


def test_sympy_is_imported_where_symbolic_work_is_asked_for():
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.startswith("sympy") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sympy"))
    }
    assert users == {"problem/exact_moments.py"}


def test_every_error_of_ours_has_the_common_base():
    classes = {
        value
        for module in MODULES
        if module != "rfrobust.__main__"
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__.startswith("rfrobust.")
    }
    assert len(classes) > 5
    assert {kind for kind in classes if not issubclass(kind, rfrobust.Error | Warning)} == set()
