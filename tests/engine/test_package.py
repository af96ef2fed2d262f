"""Imports, exports and the compiled-code cache."""

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import rfrobust
from rfrobust.support import jit as _jit

PACKAGE = Path(rfrobust.__file__).parent


def test_every_export_resolves():
    for name in rfrobust.__all__:
        assert getattr(rfrobust, name) is not None
    assert dir(rfrobust) == rfrobust.__all__
    with pytest.raises(AttributeError, match="nonsense"):
        _ = rfrobust.nonsense


def test_import_is_lazy():
    code = "import sys, rfrobust; print(sorted(set(sys.modules) & {'numba', 'scipy', 'xarray', 'matplotlib', 'sympy'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]"


def test_solve_prints_nothing_of_a_library_without_a_home():
    """Matplotlib says where it put its folder; a command that draws nothing does not load it."""
    code = "import sys; from rfrobust.cli import cli, solve; cli.main(sys.argv[1:], standalone_mode=False); "
    code += "print('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code, "solve", "--psi1", "3", "--psi2", "2", "--eps", "0.3", "--gradient"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert (done.stderr, done.stdout.splitlines()[-1]) == ("", "False")


def test_relu_moments_by_quadrature():
    relu = rfrobust.solve(1, 1, 1).activation

    def mean(f):
        return sum(quad(lambda u: f(u) * norm.pdf(u), a, b, epsabs=1e-13)[0] for a, b in ((-12, 0), (0, 12)))

    assert mean(relu) == pytest.approx(relu.mu0, abs=1e-10)
    assert mean(lambda u: u * relu(u)) == pytest.approx(relu.mu1, rel=1e-10)
    assert mean(lambda u: relu(u) ** 2) - relu.mu1**2 == pytest.approx(relu.mu2**2, rel=1e-9)
    assert mean(lambda u: relu.derivative(u) ** 2) - relu.mu1**2 == pytest.approx(relu.rho**2, rel=1e-9)
    u = np.linspace(-2, 2, 9) + 0.1
    np.testing.assert_allclose((relu(u + 1e-6) - relu(u - 1e-6)) / 2e-6, relu.derivative(u), atol=1e-8)


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """Numba's own choices cannot be written to, and nobody knows the user; temporary files go to ``tmp_path``."""
    monkeypatch.setattr(_jit, "_writable", lambda folder: tmp_path in folder.parents)
    monkeypatch.setattr(_jit._config, "CACHE_DIR", "")
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(_jit.atexit, "register", lambda *_, **__: None)
    monkeypatch.setattr(_jit.os.path, "expanduser", lambda path: path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path / f"rfrobust-numba-{os.getuid()}"


def test_cache_goes_to_a_writable_place(elsewhere):
    for _ in range(2):  # made, then found
        assert _jit._secure_cache()
        assert _jit._config.CACHE_DIR == str(elsewhere)
        assert elsewhere.stat().st_mode & 0o077 == 0  # code is unpickled from there
        _jit._config.CACHE_DIR = ""


@pytest.mark.parametrize(
    "block",
    [
        lambda place: place.write_text(""),
        lambda place: place.symlink_to(place.parent / "nowhere"),
        lambda place: place.symlink_to(place.parent),
        lambda place: place.mkdir() or place.chmod(0o777),
    ],
    ids=["file", "dangling link", "link", "open folder"],
)
def test_nobody_else_can_block_the_cache_or_write_to_it(block, elsewhere):
    block(elsewhere)
    assert _jit._secure_cache()
    chosen = Path(_jit._config.CACHE_DIR)
    assert chosen != elsewhere
    assert chosen.stat().st_mode & 0o077 == 0


def test_kernels_compile_without_a_cache_where_nothing_can_be_written(elsewhere, monkeypatch):
    def refuse(**_):
        raise FileNotFoundError("no usable temporary directory")

    elsewhere.write_text("")
    monkeypatch.setattr(_jit.tempfile, "mkdtemp", refuse)
    assert not _jit._secure_cache()
    monkeypatch.setattr(_jit, "_CACHE", False)
    assert _jit.njit(lambda x: x + 1.0)(1.0) == 2.0


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")}
    code = "import rfrobust.support.jit"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "ValueError: NUMBA_CACHE_DIR must be a folder that can be written to, got " in done.stderr


@pytest.mark.slow
def test_cache_is_not_stale_when_a_kernel_that_is_called_changes(tmp_path):
    copy = tmp_path / "rfrobust"
    (copy / "support").mkdir(parents=True)
    shutil.copy(PACKAGE / "support/jit.py", copy / "support")
    (copy / "__init__.py").write_text("")
    (copy / "inner.py").write_text(
        "from .support.jit import inner as kernel\n@kernel\ndef inner(x):\n    return x + 1.0\n"
    )
    (copy / "outer.py").write_text(
        "from .support.jit import njit\nfrom .inner import inner\n@njit\ndef outer(x):\n    return inner(x)\n"
    )

    def run():
        code = "from rfrobust.outer import outer; print(outer(1.0), sum(outer.stats.cache_hits.values()))"
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
        )
        return done.stdout.split()

    assert run() == ["2.0", "0"]
    assert run() == ["2.0", "1"]
    (copy / "inner.py").write_text(
        "from .support.jit import inner as kernel\n@kernel\ndef inner(x):\n    return x + 2.0\n"
    )
    assert run() == ["3.0", "0"]


def test_errors_share_a_base_and_survive_another_process():
    status, fit = rfrobust.Status.DIVERGENT, object
    for error in (
        rfrobust.SolverError(status, "psi1=2.0"),
        rfrobust.finite.ConvergenceError("no certificate", fit),
        rfrobust.finite.StoreError("damaged"),
    ):
        assert isinstance(error, rfrobust.Error)
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))
    assert pickle.loads(pickle.dumps(rfrobust.SolverError(status, "psi1=2.0"))).status is status


def test_results_record_the_commit_of_a_checkout(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "rfrobust", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from rfrobust.support.provenance import versions; print(versions().get('rfrobust_commit', 'none'))"

    def recorded():
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout.strip()

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout.strip()

    assert recorded() == "none"
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    clean = recorded()
    assert git("rev-parse", "HEAD").startswith(clean)
    assert len(clean) >= 12
    (tmp_path / "rfrobust/support/version.py").write_text('__version__ = "9"\n')
    assert recorded() == f"{clean}+"
