"""Files of samples and labels: what is damaged, missing or of another kind is named."""

import io

import numpy as np
import pytest

from rfrobust.cli import main
from rfrobust.support.arrays import read_arrays

RNG = np.random.default_rng(0)
GOOD = {
    "x_train": RNG.random((5, 3, 3)),
    "y_train": np.arange(5),
    "x_test": RNG.random((4, 3, 3)),
    "y_test": np.arange(4),
}


def archive(save=np.savez, **changes):
    file = io.BytesIO()
    save(file, **GOOD | changes)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_archive_is_read_as_it_was_or_refused(save, tmp_path):
    path, content = tmp_path / "a.npz", archive(save)
    for trial in range(300):
        damaged = bytearray(content)
        if trial % 3:
            damaged[RNG.integers(len(content))] ^= RNG.integers(1, 256)
        else:
            del damaged[RNG.integers(len(content)) :]
        path.write_bytes(damaged)
        try:
            found = read_arrays(path)
        except ValueError as error:
            assert str(error).startswith(f"{path} must ")
        else:
            assert all(np.array_equal(found[name], GOOD[name]) for name in GOOD)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"x_train": np.zeros(5, "datetime64[D]")}, TypeError, "x_train must be real numbers, got dtype datetime64"),
        ({"x_test": np.full((4, 3), "a")}, TypeError, "x_test must be real numbers, got dtype <U1"),
        ({"x_train": np.ones((5, 3), bool)}, TypeError, "x_train must be real numbers, got dtype bool"),
        ({"x_train": np.ones((5, 3), complex)}, TypeError, "x_train must be real numbers, got dtype complex128"),
        ({"y_test": np.zeros(4, "timedelta64[s]")}, TypeError, "y_test must be numbers or text"),
        ({"x_train": np.full((5, 3), np.nan)}, ValueError, "x_train must be finite, got nan"),
        ({"x_test": np.zeros((0, 3))}, ValueError, r"x_test must hold samples, got shape \(0, 3\)"),
        ({"y_train": np.array([object()])}, ValueError, "must be an .npz file of arrays of numbers"),
    ],
)
def test_arrays_of_another_kind_are_refused(change, error, message, tmp_path):
    (tmp_path / "a.npz").write_bytes(archive(**change))
    with pytest.raises(error, match=message):
        read_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("command", [("wide",), ("cgro", "--setting", "mnist")], ids=["wide", "cgro"])
@pytest.mark.parametrize("content", [b"", b"nonsense", archive()[:200]], ids=["empty", "text", "cut"])
def test_the_commands_say_so_in_one_line(command, content, tmp_path, capsys):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        main([command[0], str(tmp_path / "a.npz"), *command[1:]])
    assert ended.value.code == 2
    assert "a.npz must be an .npz file of arrays of numbers: " in capsys.readouterr().err


@pytest.mark.parametrize("path", [2.5, None, "", b"a.npz"])
def test_paths_are_checked(path):
    with pytest.raises(TypeError, match="path must be a path, got "):
        read_arrays(path)
