"""What the companions' namespaces promise: names on demand, datasets that say what made them."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from rfrobust import cgro, memorize, wide
from rfrobust.support.provenance import versions


def wide_datasets():
    network = wide.FiniteNetwork.random(wide.Architecture(2), inputs=3, width=4)
    x, y = np.random.default_rng(0).standard_normal((5, 3)), np.ones((5, 1))
    samples = wide.noisy_digits(kernel=200, validate=10, test=5)
    estimators = (wide.AdvNTKRegressor(n_steps=1), wide.EarlyStoppedNTKClassifier(xis=[1.0]))
    return {
        "train_on_search": wide.train_on_search(network, x, y, eta=0.0, learning_rate=1e-3, steps=1),
        "compare": wide.compare(samples, n_steps=1),
        "LinearizedFlow": wide.LinearizedFlow(np.eye(5), y).coefficients([1.0]),
    } | {type(one).__name__: one.fit(samples.x_kernel, samples.y_kernel).path_ for one in estimators}


def memorize_datasets():
    rates = memorize.learning_rates(1, 2.0, [32, 64], replicates=2, scale=[0.1, 0.2], progress=False)
    counts, digits = memorize.parameter_counts([2], [2]), memorize.digits_comparison(hidden=32)
    return {
        "learning_rates": rates,
        "slopes": memorize.slopes(rates),
        "parameter_counts": counts,
        "digits_comparison": digits,
    }


def cgro_datasets():
    run = cgro.trajectories(replicates=1, steps=1, test_samples=1)
    tiny = cgro.AdversarialTraining(epochs=1, attack_steps=1, test_attack_steps=1)
    cell = {"axis": "lam", "values": [0.5], "ratios": [0.9], "max_steps": 1, "test_samples": 1}
    return {
        "trajectories": run,
        "find_phases": cgro.find_phases(run),
        "reduced_trajectory": cgro.reduced_trajectory(replicates=1, steps=10),
        "phase_diagram": cgro.phase_diagram(replicates=1, **cell),
        "scaling": cgro.scaling(replicates=2, alphas=[2.0, 3.0], time=5.0),
        "width_sweep": cgro.width_sweep(widths=[2], settings=tiny, data=cgro.digits(10, 10), replicates=1),
    }


@pytest.mark.parametrize("make", [wide_datasets, memorize_datasets, cgro_datasets])
def test_every_dataset_records_its_versions(make):
    found = make()
    room = {wide_datasets: wide, memorize_datasets: memorize, cgro_datasets: cgro}[make]
    public = {name: getattr(room, name) for name in room.__all__}
    functions = {name: value for name, value in public.items() if inspect.isfunction(value)}
    assert set(found) >= {
        name for name, value in functions.items() if inspect.signature(value).return_annotation is xr.Dataset
    }
    for name, data in found.items():
        assert versions().items() <= data.attrs.items(), name


def test_names_are_imported_when_they_are_used():
    program = (
        "import sys, rfrobust; rfrobust.wide, rfrobust.cgro, rfrobust.memorize; assert 'numpy' not in sys.modules; "
        "rfrobust.wide.NTKRegressor; assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
