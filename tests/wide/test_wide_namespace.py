"""Datasets say what made them; importing the package imports nothing heavy."""

import inspect
import subprocess
import sys

import numpy as np
import xarray as xr

from rfrobust import wide
from rfrobust.support.provenance import versions


def test_every_dataset_records_its_versions():
    network = wide.FiniteNetwork.random(wide.Architecture(2), inputs=3, width=4)
    x, y = np.random.default_rng(0).standard_normal((5, 3)), np.ones((5, 1))
    samples = wide.noisy_digits(kernel=200, validate=10, test=5)
    found = {
        "train_on_search": wide.train_on_search(network, x, y, eta=0.0, learning_rate=1e-3, steps=1),
        "compare": wide.compare(samples, n_steps=1),
        "coefficients": wide.LinearizedFlow(np.eye(5), y).coefficients([1.0]),
    }
    for estimator in (wide.AdvNTKRegressor(n_steps=1), wide.EarlyStoppedNTKClassifier(xis=[1.0])):
        found[type(estimator).__name__] = estimator.fit(samples.x_kernel, samples.y_kernel).path_
    public = {name: getattr(wide, name) for name in wide.__all__}
    assert set(found) >= {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and inspect.signature(value).return_annotation is xr.Dataset
    }
    for name, data in found.items():
        assert versions().items() <= data.attrs.items(), name


def test_names_are_imported_when_they_are_used():
    """``rfrobust.wide`` alone costs nothing; its estimators bring scikit-learn."""
    program = (
        "import sys, rfrobust; rfrobust.wide, rfrobust.cgro, rfrobust.memorize; assert 'numpy' not in sys.modules; "
        "rfrobust.wide.NTKRegressor; assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
