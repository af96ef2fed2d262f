"""Every registered figure; redrawing from files; and ``rfrobust reproduce``."""

import html
import json
import shutil

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust import figures
from rfrobust.cli import main
from rfrobust.finite import montecarlo
from rfrobust.support import sources
from rfrobust.support.provenance import versions

#: Figures that are theory only, or nearly: cheap enough to compute and draw at both widths in a test.
CHEAP = (
    "against-eps", "sample-size", "phase-diagram", "training-loss", "double-descent", "activations-compared",
    "linear-model",
)  # fmt: skip


#: Two figures that are computed in no time.
TWO = ["reproduce", "--quick", "--only", "training-loss,sample-size", "--out"]


@pytest.fixture
def made(monkeypatch):
    """List the figures that are computed."""
    names, original = [], figures.compute
    monkeypatch.setattr(figures, "compute", lambda name, quick: names.append(name) or original(name, quick))
    return names


@pytest.mark.parametrize("name", CHEAP)
def test_compute_save_load_draw(name, tmp_path):
    data = figures.compute(name, quick=True)
    path = tmp_path / "data.nc"
    data.to_netcdf(path, engine="h5netcdf")
    back = figures.load(name, path)
    module = figures.figure_module(name)
    assert back.attrs["caption"].endswith(module.CAPTION)
    assert {"rfrobust_version", "numba_version", *versions()} <= set(back.attrs)
    for width, inches in (("single", 3.3), ("double", 6.8)):
        figure = module.draw(back, width=width)
        assert figure.get_figwidth() == inches
        assert all(axis.get_xlabel() or axis.get_ylabel() for axis in figure.axes)
    with pytest.raises(ValueError, match="must hold the dataset of figure 'curse', got"):
        figures.load("curse", path)


@pytest.mark.slow
def test_redraw_and_reproduce_on_the_command_line(tmp_path, made, capsys):
    out = tmp_path / "all"
    arguments = [*TWO, str(out)]
    main(arguments)
    page = (out / "index.html").read_text()
    for name in ("training-loss", "sample-size"):
        record = json.loads((out / f"{name}.json").read_text())
        assert record["signature"]["quick"] is True
        assert f'src="{name}.png"' in page
        assert b"/FontFile2" in (out / f"{name}.pdf").read_bytes()
    assert "psi2" in page
    assert "numba_version" in page
    assert not list(out.glob("partial-*"))

    # a second run computes nothing; a lost picture is made again
    main(arguments)
    assert made == ["training-loss", "sample-size"]
    made.clear()
    (out / "sample-size.png").unlink()
    main(arguments)
    assert made == ["sample-size"]

    picture = tmp_path / "again.svg"
    data = str(out / "training-loss.nc")
    main(["figure", "training-loss", "--from-data", data, "--out", str(picture), "--width", "single"])
    assert picture.exists()
    assert made == ["sample-size"]
    with pytest.raises(SystemExit, match="2"):
        main(["figure", "curse", "--from-data", data, "--out", str(picture)])
    assert "must hold the dataset of figure 'curse', got 'training-loss'" in capsys.readouterr().err


def test_an_interrupted_run_goes_on(tmp_path, made, monkeypatch):
    out = tmp_path / "all"
    original = figures.compute

    def interrupted(name, quick):
        if name == "sample-size":
            raise KeyboardInterrupt
        return original(name, quick)

    arguments = [*TWO, str(out)]
    monkeypatch.setattr(figures, "compute", interrupted)
    with pytest.raises(SystemExit, match="130"):
        main(arguments)
    assert (out / "training-loss.json").exists()
    monkeypatch.setattr(figures, "compute", original)
    main(arguments)
    assert made == ["training-loss", "sample-size"]


@pytest.mark.slow
def test_changed_code_makes_its_figures_again_and_no_others(tmp_path, made, monkeypatch):
    """A stale picture is worse than a slow run; the sources are a copy here, so that they can be edited."""
    package = tmp_path / "rfrobust"
    shutil.copytree(sources.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "PACKAGE", package)
    out = tmp_path / "all"
    arguments = [*TWO, str(out)]
    main(arguments)
    made.clear()
    for path, expected in {
        "cgro/figures/cgro_phases.py": [],
        "figures/training_loss.py": ["training-loss"],
        "engine/regimes.py": ["training-loss", "sample-size"],
    }.items():
        with (package / path).open("a") as file:
            file.write("# changed\n")
        main(arguments)
        assert made == expected
        made.clear()
    (package / "theory/grid.py").write_text("")
    main(["reproduce", "--quick", "--only", "training-loss", "--out", str(out)])
    assert (out / "index.html").read_text().count("by other code than today's") == 1


def test_a_preview_says_what_was_done(tmp_path):
    full = figures.figure_module("double-descent").CAPTION
    assert "over 20 drawn networks" in full
    main(["reproduce", "--quick", "--only", "double-descent", "--out", str(tmp_path)])
    page = (tmp_path / "index.html").read_text()
    caption = figures.load("double-descent", tmp_path / "double-descent.nc").attrs["caption"]
    assert html.escape(caption) in page
    assert caption.startswith("Quick preview with fewer points, draws or steps")
    assert "replicate 3" in caption.removesuffix(full)


def test_list_names_every_figure(capsys):
    main(["figure", "--list"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(figures.REGISTRY)


def test_reproduce_keeps_simulated_networks_of_an_unfinished_figure(tmp_path, monkeypatch):
    """Cut off inside a figure, a second run finds the networks that were trained; --force trains them again."""
    problem = {"psi1": 1, "psi2": 2, "eps": 0.3, "d": 10, "replicates": 2, "workers": 1}
    trained = []
    original = montecarlo.backend

    def counting(*where):
        run = original(*where)
        return lambda tasks: trained.append(len(tasks)) or run(tasks)

    def interrupted(name, quick):
        rfrobust.simulate(**problem)
        raise KeyboardInterrupt

    monkeypatch.setattr(montecarlo, "backend", counting)
    monkeypatch.setattr(figures, "compute", interrupted)
    arguments = ["reproduce", "--quick", "--only", "curse", "--out", str(tmp_path)]
    for more, expected in ([], 2), ([], 0), (["--force"], 2):
        with pytest.raises(SystemExit) as stop:
            main([*arguments, *more])
        assert stop.value.code == 130
        assert trained.pop() == expected


def test_damaged_datasets_and_records_are_named(tmp_path, capsys):
    main(["reproduce", "--quick", "--only", "training-loss", "--out", str(tmp_path)])
    content = (tmp_path / "training-loss.nc").read_bytes()
    cut = tmp_path / "cut.nc"
    for size in [*range(0, len(content), max(len(content) // 25, 1)), len(content) - 1]:
        cut.write_bytes(content[:size])
        with pytest.raises(ValueError, match="must be a NetCDF file"):
            figures.load("training-loss", cut)
    whole = figures.load("training-loss", tmp_path / "training-loss.nc")
    xr.testing.assert_identical(whole, xr.load_dataset(tmp_path / "training-loss.nc", engine="h5netcdf"))
    for place in np.random.default_rng(0).integers(0, len(content) - 48, 100):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(place % 8)
        cut.write_bytes(flipped)
        with pytest.raises(ValueError, match="it is damaged"):
            figures.load("training-loss", cut)
    with pytest.raises(TypeError, match=r"path must be a path, got 2\.5"):
        figures.load("training-loss", 2.5)
    for text in ("", "[]", "{}", '{"title": 1, "seconds": 2, "signature": 3}', "\x00"):
        (tmp_path / "linear-model.json").write_text(text)
        with pytest.raises(SystemExit) as ended:
            main(["reproduce", "--quick", "--only", "training-loss", "--out", str(tmp_path)])
        assert ended.value.code == 2
        assert "linear-model.json must be a record of a finished figure: remove it" in capsys.readouterr().err
