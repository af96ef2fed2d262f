"""Datasets say what made them."""

import inspect

import xarray as xr

from rfrobust import memorize
from rfrobust.support.provenance import versions


def test_every_dataset_records_its_versions():
    rates = memorize.learning_rates(1, 2.0, [32, 64], replicates=2, scale=[0.1, 0.2], progress=False)
    found = {
        "learning_rates": rates,
        "slopes": memorize.slopes(rates),
        "parameter_counts": memorize.parameter_counts([2], [2]),
    }
    public = {name: getattr(memorize, name) for name in memorize.__all__}
    # the digits are in test_digits.py
    assert {*found, "digits_comparison"} == {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and inspect.signature(value).return_annotation is xr.Dataset
    }
    for name, data in found.items():
        assert versions().items() <= data.attrs.items(), name
