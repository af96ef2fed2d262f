"""Which sources decide a result: the modules of this package that a module imports, directly or through others."""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def files(module: str) -> list[Path]:
    """Return the files of a module of this package; of a folder, its ``__init__`` and the stub of its lazy names."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    candidates = (base.parent / f"{base.name}.py", base / "__init__.py", base / "__init__.pyi")
    return [path for path in candidates if path.is_file()]


def imports(module: str) -> set[str]:
    """Return the modules of this package that ``module`` imports itself, at the top or inside a function."""
    return {
        name
        for path in files(module)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _targets(node, module.split(".")[: None if path.stem == "__init__" else -1])
    } - {module}


def _targets(node: ast.AST, folder: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE.name)
    elif isinstance(node, ast.ImportFrom):
        start = folder[: len(folder) + 1 - node.level] if node.level else []
        origin = ".".join([*start, *([node.module] if node.module else [])])
        if origin.split(".")[0] == PACKAGE.name:
            for alias in node.names:
                yield f"{origin}.{alias.name}" if files(f"{origin}.{alias.name}") else origin


def closure(module: str) -> set[str]:
    """Return ``module`` and every module of this package that it needs."""
    needed, new = set[str](), {module}
    while new:
        needed |= new
        new = {name for one in new for name in imports(one)} - needed
    return needed


def source_digest(module: str) -> str:
    """Return a digest of the sources of ``module`` and of all that it needs: equal digests mean equal code."""
    digest = hashlib.sha256()
    for path in sorted(path for name in closure(module) for path in files(name)):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
