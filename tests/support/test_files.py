"""Files appear whole or not at all, whatever writes them and whatever happens meanwhile."""

import ast
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import rfrobust
from rfrobust.cli.output import write_dataset, write_figure
from rfrobust.memorize import ReLUNetwork, to_onnx
from rfrobust.support.files import replacing
from tests.refusals import refusals

DATA = xr.Dataset({"risk": ("psi1", np.random.default_rng(0).random(4000))}, {"psi1": np.arange(4000.0)})


def write_network(_, path):
    pytest.importorskip("onnx")
    to_onnx(ReLUNetwork([np.ones((64, 64)), np.ones((1, 64))], [np.ones(64), np.ones(1)]), path)


#: Everything of the package that writes a file: what it writes, and the ending.
WRITERS = [
    (write_dataset, DATA, ".nc"),
    (write_dataset, DATA, ".csv"),
    *((write_figure, Figure(figsize=(4, 4)), ending) for ending in (".png", ".pdf", ".svg")),
    (write_network, None, ".onnx"),
]


@contextmanager
def full_disk(size):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("write", "content", "ending"), WRITERS, ids=[ending for *_, ending in WRITERS])
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(tmp_path, write, content, ending):
    path = tmp_path / f"file{ending}"
    path.write_text("old")
    with full_disk(512), pytest.raises(OSError, match=f"File too large: '{path}'"):
        write(content, path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    write(content, path)
    assert path.stat().st_size > 512
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_cut_off_writer_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"half of")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_keeps_pointing_and_a_file_its_mode(tmp_path):
    path, link = tmp_path / "file.txt", tmp_path / "link.txt"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with replacing(tmp_path / "new" / "file.txt") as file:
        file.write(b"new")
    with (tmp_path / "usual").open("w"):
        pass
    assert (tmp_path / "new/file.txt").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_numbers_come_back(tmp_path):
    data = rfrobust.sweep(psi1=[1, 3], psi2=2.0, eps=[0.1, 0.3], tau=0.5)
    write_dataset(data, tmp_path / "sweep.nc")
    with xr.open_dataset(tmp_path / "sweep.nc", engine="h5netcdf") as back:
        xr.testing.assert_identical(back.load(), data)


def write_to(path):
    with replacing(path):
        pass


test_places_where_no_file_can_be = refusals(
    (lambda: write_to(Path(__file__).parent), "the file must not be a folder"),
    (lambda: write_to(Path(os.devnull)), "the file must be a plain file"),
    (lambda: to_onnx(ReLUNetwork([np.ones((1, 1))], [np.ones(1)]), 2.5), "path must be a path, got 2.5", TypeError),
)


def test_nothing_of_the_package_writes_files_in_another_way():
    """No call writes to a path, or to anything but the open file of ``replacing``."""
    writers = {"write_text", "write_bytes", "to_netcdf", "to_csv", "to_json", "savefig", "save_model", "save", "savez",
               "savez_compressed", "savetxt", "tofile", "dump"}  # fmt: skip
    package, found = Path(rfrobust.__file__).parent, set()
    for path in package.rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name = method or getattr(call.func, "id", "")
            modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            opens = name == "open" and any(set(str(mode)) <= set("rwxabt+") - {"r"} for mode in modes)
            if opens or (method in writers and ast.unparse(call.args[0]) != "file"):
                found.add(f"{path.relative_to(package).as_posix()}: {ast.unparse(call)}")
    assert found == {"support/files.py: beside.open('xb')"}
