"""``rfrobust reproduce``: every figure, resumable, with an index page."""

import html
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import xarray as xr
from tqdm import tqdm

from .. import figures
from ..finite.montecarlo import default_store
from ..support.files import write_text
from ..support.provenance import versions
from ..support.sources import source_digest
from .output import write_dataset, write_figure

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>rfrobust figures</title><style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; }}
article {{ display: grid; grid-template-columns: 24em 1fr; gap: 1.5em; padding: 1.5em 0; border-top: 1px solid #ddd; }}
img {{ width: 100%; }} h2 {{ font-size: 1.1em; margin: 0; }} code {{ background: #f3f3f3; padding: 0 .3em; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; font-size: .85em; }} dd {{ margin: 0; }}
</style></head><body><h1>rfrobust: all figures</h1>
<p>{count} figures, {when}. Redraw one from its dataset with
<code>rfrobust figure NAME --from-data NAME.nc --out NAME.pdf</code>.</p>
{articles}
</body></html>
"""
_ARTICLE = """<article><a href="{name}.pdf"><img src="{name}.png" alt="{title}"></a>
<div><h2>{name}: {title}</h2><p>{caption}</p>
<p><a href="{name}.pdf">PDF</a>, <a href="{name}.nc">dataset</a>; computed in {seconds:.1f} s{stale}</p>
<dl>{parameters}</dl></div></article>"""


def _signature(name: str, quick: bool) -> dict[str, Any]:
    """Return what decides whether a finished figure is still the one asked for."""
    libraries = {key: value for key, value in versions().items() if not key.startswith("rfrobust")}
    return {"quick": quick, "code": source_digest(figures.REGISTRY[name]), **figures.problem_key(name), **libraries}


def _saved(record: Path) -> dict[str, Any]:
    """Return what was written about a finished figure, or raise a ``ValueError`` if it is damaged."""
    try:
        saved = json.loads(record.read_text(encoding="utf-8"))
        if {"title", "seconds", "signature"} <= saved.keys() and "quick" in saved["signature"]:
            return saved
    except (ValueError, AttributeError, TypeError):
        pass
    raise ValueError(f"{record} must be a record of a finished figure: remove it and run again")


def _finished(record: Path, signature: dict[str, Any]) -> bool:
    try:
        saved = _saved(record)
    except (OSError, ValueError):
        return False
    products = (record.with_suffix(ending) for ending in (".nc", ".png", ".pdf"))
    return saved["signature"] == signature and all(path.exists() for path in products)


def _parameters(data: xr.Dataset) -> dict[str, str]:
    """Return the settings of a dataset: its coordinates in brief, then its attributes."""
    brief = {}
    for name, values in data.coords.items():
        if values.ndim == 0:
            brief[str(name)] = str(values.item())
        elif values.size <= 12:
            brief[str(name)] = ", ".join(str(value) for value in values.values.ravel().tolist())
        else:
            first, last = values.values.ravel()[[0, -1]]
            brief[str(name)] = f"{first:.4g} to {last:.4g}, {values.size} values"
    return brief | {str(key): str(value) for key, value in data.attrs.items() if key != "caption"}


def _article(folder: Path, name: str) -> str:
    record = _saved(folder / f"{name}.json")
    data = figures.load(name, folder / f"{name}.nc")
    parameters, caption = _parameters(data), data.attrs.get("caption", "")
    rows = "".join(f"<dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd>" for key, value in parameters.items())
    signature = record["signature"]
    stale = "" if signature == _signature(name, signature["quick"]) else " by other code than today's"
    return _ARTICLE.format(
        name=name, title=html.escape(record["title"]), caption=html.escape(caption), seconds=record["seconds"],
        stale=stale, parameters=rows,
    )  # fmt: skip


@click.command("reproduce")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("figures"), show_default=True,
    help="Folder for pictures, datasets and index.html.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Coarse previews.")
@click.option("--only", help="Comma-separated names; all figures by default.")
@click.option("--force", is_flag=True, help="Compute again what is already there.")
def command(folder: Path, quick: bool, only: str | None, force: bool) -> None:
    """Make every figure as PDF and PNG with its dataset, and an index page.

    Figures that are already there, made by the same code and versions, are skipped, and simulated networks are
    kept in networks.sqlite, so an interrupted run goes on where it stopped.
    """
    names = list(figures.REGISTRY) if only is None else only.split(",")
    modules = {name: figures.figure_module(name) for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "networks.sqlite"
    if force:
        store.unlink(missing_ok=True)
    bar = tqdm(modules.items(), desc="figures", unit="figure")
    for name, module in bar:
        bar.set_postfix_str(name)
        record = folder / f"{name}.json"
        signature = _signature(name, quick)
        if not force and _finished(record, signature):
            continue
        start = time.perf_counter()
        with default_store(store):
            data = figures.compute(name, quick)
        seconds = time.perf_counter() - start
        write_dataset(data, folder / f"{name}.nc")
        for ending in (".png", ".pdf"):
            write_figure(module.draw(data), folder / f"{name}{ending}")
        content = {"title": module.TITLE, "seconds": seconds, "signature": signature}
        write_text(json.dumps(content, indent=1), record)
    done = [name for name in figures.REGISTRY if (folder / f"{name}.json").exists()]
    page = _PAGE.format(
        count=len(done),
        when=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        articles="\n".join(_article(folder, name) for name in done),
    )
    write_text(page, folder / "index.html")
    click.echo(f"index: {folder / 'index.html'} ({len(done)} figures)")
