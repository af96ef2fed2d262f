"""Monte Carlo: reproducible whatever the order, resumable after anything, on a cluster that loses a worker."""

import os
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing

import numpy as np
import pytest
import xarray as xr

import rfrobust
from rfrobust.cli import main
from rfrobust.finite import FeatureMap, gradient_norm, montecarlo, sampled_risks, standard_risk
from rfrobust.finite.features import nonlinear_part
from rfrobust.finite.montecarlo import default_store
from rfrobust.finite.replicate import Task, run
from rfrobust.finite.store import Store, StoreError
from rfrobust.support.provenance import versions
from tests.command_line import start
from tests.refusals import changed, refusals

SMALL = {"psi1": [0.5, 3.0], "psi2": 2.0, "eps": [0.1, 0.3], "tau": 0.5, "d": 20, "replicates": 3, "seed": 7}


def assert_same(a, b):
    xr.testing.assert_identical(a, b)


@pytest.fixture(scope="module")
def reference():
    return rfrobust.simulate(**SMALL, workers=1)


def test_names_and_parameters_of_sweep(reference):
    theory = rfrobust.sweep(psi1=[0.5, 3.0], psi2=2.0, eps=[0.1, 0.3], tau=0.5)
    assert reference.standard_risk.dims == ("psi1", "eps", "replicate")
    for name in ("standard_risk", "gradient_norm", "training_loss", "mean_abs_residual", "zero_residual_fraction",
                 "adversarial_risk", "iterations"):  # fmt: skip
        assert name in reference
        assert name in theory
    assert (reference.gap <= 1e-8).all()
    assert (reference.converged == 1).all()
    for data in (reference, rfrobust.summary(reference)):
        assert versions().items() <= data.attrs.items()
    v, r = reference.standard_risk, reference.gradient_norm
    risk = v + 2 * np.sqrt(2 / np.pi) * reference.eps * r * np.sqrt(v) + (reference.eps * r) ** 2
    np.testing.assert_allclose(reference.adversarial_risk, risk.transpose(*reference.adversarial_risk.dims))


def test_same_bits_in_two_processes(reference):
    assert_same(reference, rfrobust.simulate(**SMALL, workers=2))


def test_a_point_does_not_depend_on_its_neighbours(reference):
    alone = rfrobust.simulate(**SMALL | {"psi1": 3.0, "eps": 0.3, "replicates": 2}, workers=1)
    for name in alone.data_vars:
        np.testing.assert_array_equal(
            alone[name], reference[name].sel(psi1=3.0, eps=0.3).isel(replicate=slice(2)), err_msg=name
        )


def test_radii_share_their_draws_and_seeds_do_not(reference):
    assert (reference.training_loss.diff("eps") >= 0).all()
    other = rfrobust.simulate(**SMALL | {"seed": 8}, workers=1)
    assert (other.standard_risk != reference.standard_risk).all()
    first, second = reference.standard_risk.isel(replicate=0), reference.standard_risk.isel(replicate=1)
    assert (first != second).all()


def test_agrees_with_a_straightforward_evaluation():
    """One replicate, redone by hand: same draw, risks by the definition on many fresh points."""
    data = rfrobust.simulate(psi1=2, psi2=3, eps=0.3, tau=0.4, d=15, replicates=1, seed=3, workers=1)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(3, spawn_key=(15, 30, 45, 0)).spawn(5)]
    W = streams[0].standard_normal((30, 15))
    W /= np.linalg.norm(W, axis=1)[:, None]
    X = streams[1].standard_normal((45, 15))
    y = X[:, 0] + 0.4 * streams[2].standard_normal(45)
    C = np.clip(W @ W.T, -1, 1)
    fit = rfrobust.robust_erm(
        np.maximum(X @ W.T, 0) - 1 / np.sqrt(2 * np.pi), y, C * (np.pi - np.arccos(C)) / (2 * np.pi), 0.3
    )
    assert float(data.training_loss[0]) == pytest.approx(fit.objective, rel=1e-7)
    fresh = np.random.default_rng(0).standard_normal((400_000, 15))
    squares = (fresh[:, 0] - (np.maximum(fresh @ W.T, 0) - 1 / np.sqrt(2 * np.pi)) @ fit.theta) ** 2 + 0.16
    error = squares.std() / np.sqrt(len(squares))
    assert abs(float(data.standard_risk[0]) - squares.mean()) < 4 * error
    slopes = ((fresh[:100_000] @ W.T > 0) * fit.theta) @ W
    squares = (slopes**2).sum(axis=1)
    assert abs(float(data.gradient_norm[0]) ** 2 - squares.mean()) < 4 * squares.std() / np.sqrt(len(squares))


def test_sampled_risks_agree_with_exact_ones():
    data = rfrobust.simulate(
        psi1=2, psi2=2, eps=0.3, tau=0.5, d=20, replicates=2, test_samples=4000, eps_test=0.2, workers=1
    )
    for sampled, exact in (
        ("sampled_standard_risk", data.standard_risk),
        ("sampled_gradient_norm_squared", data.gradient_norm**2),
    ):
        assert (abs(data[sampled] - exact) < 4 * data[f"{sampled}_se"]).all()
    assert (data.sampled_pgd_risk > data.sampled_standard_risk).all()
    assert (abs(data.sampled_pgd_risk / data.sampled_linearized_risk - 1) < 0.03).all()
    # over replicates the scatter replaces the standard errors of single networks
    risks = data.sampled_pgd_risk
    np.testing.assert_allclose(rfrobust.summary(data).sampled_pgd_risk_se, risks.std(ddof=1) / np.sqrt(2))


def test_standard_training_is_least_norm_on_the_same_draws_and_uses_the_store(tmp_path):
    setting = {"psi1": [1.0, 5.0], "psi2": 2.0, "eps": 0.0, "tau": 0.4, "d": 15, "replicates": 3, "eps_test": 0.3}
    data = rfrobust.simulate(**setting, objective="least-norm", store=tmp_path / "runs.db", workers=2)
    with Store(tmp_path / "runs.db") as store:
        assert len(store) == 6
    for psi1 in setting["psi1"]:
        key = (15, round(15 * psi1), 30, 1)
        weights, samples, noise = (np.random.default_rng(s) for s in np.random.SeedSequence(0, spawn_key=key).spawn(3))
        network = FeatureMap.draw(key[1], 15, weights)
        X, beta = samples.standard_normal((30, 15)), np.eye(15)[0]
        y = X @ beta + 0.4 * noise.standard_normal(30)
        theta = np.linalg.lstsq(network.features(X), y, rcond=None)[0]
        at = data.sel(psi1=psi1, replicate=1)
        assert float(at.standard_risk) == pytest.approx(standard_risk(network, theta, beta, 0.4), rel=1e-12)
        assert float(at.gradient_norm) == pytest.approx(gradient_norm(network, theta), rel=1e-12)
        assert float(at.zero_residual_fraction) == (psi1 > 2)
        assert at.gap <= 1e-8
    # beyond interpolation the robust limit eps -> 0 is another interpolator, and has the smaller gradient
    robust = rfrobust.simulate(**setting, workers=1)
    np.testing.assert_allclose(robust.standard_risk[0], data.standard_risk[0])
    assert (robust.gradient_norm[1] < data.gradient_norm[1]).all()
    assert (robust.zero_residual_fraction[1] == 1).all()


@pytest.mark.parametrize("objective", ["linearized", "pgd"])
def test_other_objectives_on_the_same_draws(objective):
    setting = {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "d": 30, "replicates": 2, "workers": 1}
    concentrated = rfrobust.simulate(**setting)
    other = rfrobust.simulate(**setting, objective=objective)
    # Same data: the objectives differ by the fluctuation of |grad f|, a few percent at d = 30.
    np.testing.assert_allclose(other.training_loss, concentrated.training_loss, rtol=0.05)
    assert (other.training_loss != concentrated.training_loss).all()


def test_gaussian_features_share_the_draw():
    setting = {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "d": 100, "replicates": 4, "workers": 1}
    true = rfrobust.simulate(**setting)
    gaussian = rfrobust.simulate(**setting, features="gaussian")
    correlation = np.corrcoef(true.training_loss, gaussian.training_loss)[0, 1]
    assert correlation > 0.5
    np.testing.assert_allclose(true.training_loss, gaussian.training_loss, rtol=0.15)


def test_summary(reference):
    means = rfrobust.summary(reference)
    values = reference.standard_risk.values
    np.testing.assert_allclose(means.standard_risk, values.mean(axis=-1))
    np.testing.assert_allclose(means.standard_risk_se, values.std(axis=-1, ddof=1) / np.sqrt(3))
    assert (means["count"] == 3).all()
    with pytest.raises(ValueError, match="dimension 'replicate'"):
        rfrobust.summary(means)


def test_store_resumes_and_computes_nothing_twice(reference, tmp_path, monkeypatch):
    path = tmp_path / "runs.db"
    rfrobust.simulate(**SMALL | {"psi1": 3.0, "eps": 0.3}, store=path, workers=1)
    computed = []
    monkeypatch.setattr("rfrobust.finite.backends.run", lambda task: computed.append(task) or run(task))
    assert_same(reference, rfrobust.simulate(**SMALL, store=path, workers=1))
    assert sum(len(task.eps) for task in computed) == 2 * 2 * 3 - 3
    computed.clear()
    assert_same(reference, rfrobust.simulate(**SMALL, store=path, workers=1))
    assert not computed
    with Store(path) as store:
        assert len(store) == 12


def test_store_distinguishes_every_part_of_the_problem(tmp_path):
    problem = rfrobust.Problem.of(1, 2, 0.0, 0.5)
    task = Task(problem, d=5, N=5, n=10, replicate=0, seed=0, objective="concentrated", features="true",
                test_samples=0, eps=(0.1,), eps_test=(0.1,))  # fmt: skip
    changes = [{}, {"d": 6}, {"N": 6}, {"n": 11}, {"replicate": 1}, {"seed": 1}, {"objective": "pgd"},
               {"features": "gaussian"}, {"test_samples": 5}, {"eps": (0.2,)}]  # fmt: skip
    # two functions of one name and equal moments: u + He_3 and u - He_3
    cubics = [
        rfrobust.Activation.from_callable(
            lambda u, s=s: u + s * (u**3 - 3 * u), lambda u, s=s: 1 + s * (3 * u**2 - 3), name="cubic"
        )
        for s in (1.0, -1.0)
    ]
    assert cubics[0].constants == pytest.approx(cubics[1].constants, rel=1e-12)
    changes += [
        {"problem": problem.vary(**change)}
        for change in (
            {"tau": 0.4}, {"ridge": 0.1}, {"signal_norm": 2.0}, {"nonlinear_power": 0.1}, {"spectrum": "orthogonal"},
            {"activation": cubics[0]}, {"activation": cubics[1]},
        )
    ]  # fmt: skip
    with Store(tmp_path / "runs.db") as store:
        for change in changes:
            store.add([(Task(**vars(task) | change).records()[0], {"x": 1.0})])
        assert len(store) == len(changes)


@pytest.mark.parametrize(
    "settings",
    [
        {"signal_norm": 1.5},
        {"nonlinear_power": 0.4},
        {"spectrum": "orthogonal"},
        {"spectrum": "orthogonal", "activation": "erf", "psi1": 1.8},
        {"spectrum": rfrobust.DiscreteSpectrum([0.5, 1.5])},
    ],
    ids=str,
)
def test_networks_of_every_kind_of_problem_agree_with_theory(settings):
    problem = rfrobust.Problem.of(**{"psi1": 0.8, "psi2": 2, "eps": 0.3, "tau": 0.4} | settings)
    limit = rfrobust.extrapolate(rfrobust.simulate(problem, d=[30, 60], replicates=24, seed=2, workers=1))
    model = rfrobust.solve(problem)
    for name in ("standard_risk", "gradient_norm", "adversarial_risk"):
        value = model.adversarial_risk() if name == "adversarial_risk" else getattr(model, name)
        assert abs(float(limit[name]) - value) < 3.5 * float(limit[f"{name}_se"])


def test_the_nonlinear_part_has_its_power_and_its_exact_risk():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200_000, 6))
    part = nonlinear_part(X)
    assert np.mean(part**2) == pytest.approx(1.0, abs=0.02)
    assert abs(np.mean(part * (np.sum(X**2, axis=1) - 6))) < 0.05
    network = FeatureMap.draw(5, 6, rng, "relu")
    theta, beta = rng.standard_normal(5), np.eye(6)[0]
    np.testing.assert_allclose(network.features(X).T @ part / len(X), network.product_moment(), atol=6e-3)
    sampled = sampled_risks(
        network, theta, beta, 0.3, 0.1, 200_000, rng, nonlinear_power=0.5, steps=1, restarts=0
    ).standard
    exact = standard_risk(network, theta, beta, 0.3, 0.5)
    assert abs(sampled.value - exact) < 4 * sampled.se


COMMAND = [sys.executable, "-m", "rfrobust", "simulate", "--psi1", "0.5,1,2,3", "--psi2", "2", "--eps", "0.1,0.3",
           "--tau", "0.5", "--d", "50", "--replicates", "15", "--workers", "2", "--store", "runs.db"]  # fmt: skip


def stored(folder):
    with closing(sqlite3.connect(folder / "runs.db")) as connection:
        return connection.execute("SELECT key, result FROM replicates").fetchall()


def wait_for_rows(path, count, running=lambda: True):
    while running():
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                rows = connection.execute("SELECT count(*) FROM replicates").fetchone()[0]
            if rows >= count:
                return rows
        except sqlite3.OperationalError:
            pass
        time.sleep(0.01)
    raise AssertionError("the run ended before it was to be stopped")


@pytest.mark.slow
def test_kill_9_then_resume_equals_an_uninterrupted_run(tmp_path):
    process = start(*COMMAND, "--data", "killed.nc", cwd=tmp_path)
    wait_for_rows(tmp_path / "runs.db", 11, lambda: process.poll() is None)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    with Store(tmp_path / "runs.db") as store:
        saved = {row["finished"] for row in store}, len(store)
    assert 11 <= saved[1] < 120
    before = stored(tmp_path)
    process = start(*COMMAND, "--data", "resumed.nc", cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "numbers: resumed.nc" in out
    after = dict(stored(tmp_path))
    assert len(after) == 120
    assert all(after[key] == result for key, result in before)
    whole = rfrobust.simulate(psi1=[0.5, 1, 2, 3], psi2=2.0, eps=[0.1, 0.3], tau=0.5, d=50, replicates=15, workers=1)
    assert_same(xr.load_dataset(tmp_path / "resumed.nc"), whole)


@pytest.mark.slow
def test_interrupt_stops_at_once_and_says_how_to_resume(tmp_path):
    # Far from done when the interrupt comes, however late this process gets its turn.
    process = start(*COMMAND, "--replicates", "1000", cwd=tmp_path)
    wait_for_rows(tmp_path / "runs.db", 5, lambda: process.poll() is None)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    assert "networks are saved in runs.db; run the same command again to resume" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_lost_cluster_worker_loses_and_duplicates_nothing(reference, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask

    setting = SMALL | {"replicates": 30, "d": 40}
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))

        def kill_one():
            wait_for_rows(tmp_path / "runs.db", 10)
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

        killed = []
        thread = threading.Thread(target=kill_one)
        thread.start()
        result = rfrobust.simulate(**setting, store=tmp_path / "runs.db", client=client)
        thread.join()
    assert killed
    with Store(tmp_path / "runs.db") as store:
        assert len(store) == 2 * 2 * 30
    assert_same(result, rfrobust.simulate(**setting, workers=1))


def test_foreign_and_damaged_stores_are_refused(tmp_path):
    text = tmp_path / "text.db"
    text.write_text("this is not a database, it is only a text file of some length" * 20)
    with pytest.raises(StoreError, match="cannot be opened as a rfrobust store"):
        rfrobust.simulate(**SMALL, store=text)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE other (x)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        rfrobust.simulate(**SMALL, store=foreign)
    good = tmp_path / "good.db"
    rfrobust.simulate(**SMALL, store=good, workers=1)
    content = bytearray(good.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    good.write_bytes(content)
    with pytest.raises(StoreError, match=r"is damaged|cannot be opened"):
        rfrobust.simulate(**SMALL, store=good, workers=1)
    with pytest.raises(StoreError, match="no store at"):
        Store(tmp_path / "absent.db", read_only=True)
    with pytest.raises(StoreError, match=r"folder .* does not exist"):
        rfrobust.simulate(**SMALL, store=tmp_path / "absent" / "runs.db")


def test_command_line_store_ls_and_export(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["simulate", "--psi1", "1", "--psi2", "2", "--eps", "0.3", "--d", "10", "--replicates", "3", "--workers", "1",
          "--store", "runs.db", "--data", "numbers.csv"])  # fmt: skip
    out = capsys.readouterr().out
    assert "standard_risk +-" in out
    main(["store", "ls", "runs.db"])
    assert "runs.db: 3 replicates" in capsys.readouterr().out
    main(["store", "export", "runs.db", "all.csv"])
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert len(lines) == 4
    assert "standard_risk" in lines[0]
    with pytest.raises(SystemExit) as stop:
        main(["store", "ls", "absent.db"])
    assert stop.value.code == 2
    assert "no store at absent.db" in capsys.readouterr().err


test_bad_input = refusals(
    *changed(
        rfrobust.simulate,
        SMALL,
        ({"psi1": -1.0}, "psi1 must be"),
        ({"psi2": np.inf}, "psi2 must be finite"),
        ({"eps": -0.1}, "eps must be"),
        ({"d": 0}, "d must be"),
        ({"d": 20.5}, "d must be an integer", TypeError),
        ({"replicates": 0}, "replicates must be"),
        ({"replicates": 10**15}, "replicates must be an integer >= 1 and <= 1000000, got"),
        ({"objective": "exact"}, "objective must be one of"),
        ({"features": "random"}, "features must be one of"),
        ({"features": "gaussian", "objective": "pgd"}, "features must be 'true'"),
        ({"objective": "linearized", "eps": 0.0}, "eps must be > 0"),
        ({"objective": "least-norm"}, "eps must be 0 for objective='least-norm', got 0.3"),
        ({"objective": "least-norm", "eps": 0.0, "ridge": 0.1}, "ridge must be 0 for objective='least-norm'"),
        ({"activation": "none"}, "activation must be one of"),
        ({"test_samples": 10, "eps_test": [0.1, 0.2]}, "eps_test must be a number"),
        ({"workers": 0}, "workers must be"),
        ({"seed": -1}, "seed must be"),
    )
)


def test_default_store_is_used_where_none_is_given(tmp_path, monkeypatch):
    problem = {"psi1": 1, "psi2": 2, "eps": 0.3, "d": 10, "replicates": 2, "workers": 1}
    with default_store(tmp_path / "store.sqlite"):
        first = rfrobust.simulate(**problem)

    def no_work(*_):
        def runner(tasks):
            if tasks:
                pytest.fail(f"{len(tasks)} networks trained again")
            yield from ()

        return runner

    monkeypatch.setattr(montecarlo, "backend", no_work)
    with default_store(tmp_path / "store.sqlite"):
        xr.testing.assert_identical(rfrobust.simulate(**problem), first)
    with pytest.raises(pytest.fail.Exception, match="2 networks trained again"):
        rfrobust.simulate(**problem)


def test_interrupt_counts_what_earlier_runs_saved(tmp_path, monkeypatch, capsys):
    problem = {"psi1": 1, "psi2": 2, "eps": 0.3, "d": 10, "workers": 1, "store": tmp_path / "store.sqlite"}
    rfrobust.simulate(**problem, replicates=2)

    def one_then_interrupt(*_):
        def runner(tasks):
            yield 0, run(tasks[0])
            raise KeyboardInterrupt

        return runner

    monkeypatch.setattr(montecarlo, "backend", one_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        rfrobust.simulate(**problem, replicates=5)
    assert "3 of 5 networks are saved" in capsys.readouterr().err
