"""Sphinx configuration: furo, MyST with executed notebooks, numpydoc, formulas that render offline."""

import importlib
import importlib.util
import inspect
import logging
import os
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import rfrobust  # noqa: E402

project = "rfrobust"
author = copyright = "The rfrobust developers"
version = release = rfrobust.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "numpydoc"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

html_theme = "furo"
html_title = "rfrobust"
html_theme_options = {"source_edit_link": ""}
# MathJax from a package, as one file that draws with SVG: no network and no font files, so pages work over file://
_mathjax = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
html_static_path = ["_static", str(_mathjax / "tex-svg-full.js")]
html_css_files = ["custom.css"]
mathjax_path = "tex-svg-full.js"
mathjax3_config = {"options": {"enableMenu": False}}

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
numfig = True
math_number_all = False
math_eqref_format = "({number})"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
nitpicky = True
# No inventory of another project can be fetched where there is no network: only our own names are checked.
nitpick_ignore_regex = [("py:.*", r"(?!rfrobust).*")]
linkcheck_timeout = 10
linkcheck_retries = 1

# Notebooks carry no stored output: the build runs them. DOCS_EXECUTE=0 shows them unexecuted (a build in seconds).
nb_execution_mode = "off" if os.environ.get("DOCS_EXECUTE") == "0" else "auto"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

# Pages of companions are listed by pattern; a pattern without a page is no mistake.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: "didn't match any documents" not in record.getMessage()
)

#: The API reference: one page a module, with every name of ``__all__`` (or every public name defined there).
API_MODULES = [
    "rfrobust",
    "rfrobust.problem",
    "rfrobust.engine",
    "rfrobust.theory",
    "rfrobust.checks",
    "rfrobust.tuning",
    "rfrobust.finite",
    "rfrobust.figures",
    "rfrobust.wide",
    "rfrobust.memorize",
    "rfrobust.cgro",
]
#: Methods inherited from our own private bases are documented, those of other projects' classes are not.
FOREIGN_BASES = "object, int, Enum, tuple, BaseException, BaseEstimator, ABC"


def copy_notebooks() -> None:
    """Copy notebooks/ to docs/_notebooks/, where Sphinx can see them; unchanged files keep their time stamp."""
    target = HERE / "_notebooks"
    target.mkdir(exist_ok=True)
    sources = {path.name: path for path in (ROOT / "notebooks").glob("*.ipynb")}
    for stale in target.glob("*.ipynb"):
        if stale.name not in sources:
            stale.unlink()
    for name, path in sources.items():
        copy = target / name
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            shutil.copyfile(path, copy)


def public_names(module: ModuleType) -> list[str]:
    """Return what a page documents: ``__all__``, or the public classes and functions defined in the module."""
    if hasattr(module, "__all__"):
        return [name for name in module.__all__ if not name.startswith("_")]
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isroutine(value))
        and value.__module__ == module.__name__
    ]


def api_page(name: str, homes: dict[int, str]) -> str:
    """Return the reference page of one module in reStructuredText: its docstring, a table, then every name.

    ``homes`` says on which page an object is described; an object that has none yet gets this one.
    """
    module = importlib.import_module(name)
    entries = [(entry, getattr(module, entry)) for entry in public_names(module)]
    entries = [(entry, value) for entry, value in entries if not inspect.ismodule(value)]
    if not entries:
        raise ValueError(f"{name} has no public names: give it an __all__, or take it off API_MODULES")
    title = f"``{name}``"
    lines = [title, "=" * len(title), "", f".. automodule:: {name}", "   :no-members:", ""]
    lines += [f".. currentmodule:: {name}", "", ".. list-table::", "   :widths: 30 70", ""]
    for entry, value in entries:
        documented = inspect.isclass(value) or inspect.isroutine(value)
        text = (inspect.getdoc(value) or "") if documented else f"Constant ({type(value).__name__})."
        summary = text.split("\n\n")[0].replace("\n", " ")
        home = homes.setdefault(id(value), f"{name}.{entry}")
        lines += [f"   * - :py:obj:`{entry} <{home}>`", f"     - {escape(summary, '|*_')}"]
    lines.append("")
    for entry, value in entries:
        if homes[id(value)] != f"{name}.{entry}":
            continue
        if inspect.isclass(value):
            directive, options = "autoclass", ["   :members:", f"   :inherited-members: {FOREIGN_BASES}"]
        elif callable(value):
            directive, options = "autofunction", []
        else:
            directive, options = "autodata", ["   :no-value:"]
        lines += [f".. {directive}:: {entry}", *options, ""]
    return "\n".join(lines)


def write_api_pages() -> None:
    """Write docs/api/<module>.rst for the modules that exist; unchanged files keep their time stamp."""
    (HERE / "api").mkdir(exist_ok=True)
    homes: dict[int, str] = {}
    pages = {f"{name}.rst": api_page(name, homes) for name in API_MODULES if importlib.util.find_spec(name)}
    for stale in (HERE / "api").glob("*.rst"):
        if stale.name not in pages:
            stale.unlink()
    for name, text in pages.items():
        path = HERE / "api" / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def escape(line: str, characters: str = "|") -> str:
    """Escape characters outside literals: in |theta| reStructuredText would read a substitution."""
    parts = re.split(r"(``.*?``|:[a-z:]+:`.*?`)", line)
    pattern = r"(?<!\\)([" + characters + "])"
    parts[::2] = [re.sub(pattern, r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def escape_docstring(app, what, name, obj, options, lines) -> None:
    """Escape the bars of a docstring, except in its math blocks."""
    in_math = None
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if in_math is not None and (not line.strip() or indent > in_math):
            continue
        in_math = indent if line.lstrip().startswith(".. math::") else None
        if in_math is None:
            lines[i] = escape(line)


def skip_foreign(app, what, name, obj, skip, options) -> bool | None:
    """Skip members that another project defines or generates, such as scikit-learn's metadata requests."""
    module = getattr(obj, "__module__", None) or getattr(getattr(obj, "fget", None), "__module__", None)
    generated = name.startswith("set_") and name.endswith("_request")
    return True if generated or (module and not module.startswith("rfrobust")) else None


def setup(app) -> None:
    """Prepare the generated pages before Sphinx looks for sources."""
    copy_notebooks()
    write_api_pages()
    app.connect("autodoc-process-docstring", escape_docstring, priority=400)
    app.connect("autodoc-skip-member", skip_foreign)
