"""Datasets say what made them."""

import inspect

import xarray as xr

from rfrobust import cgro
from rfrobust.support.provenance import versions


def test_every_dataset_records_its_versions():
    run = cgro.trajectories(replicates=1, steps=1, test_samples=1)
    tiny = cgro.AdversarialTraining(epochs=1, attack_steps=1, test_attack_steps=1)
    found = {
        "trajectories": run,
        "find_phases": cgro.find_phases(run),
        "reduced_trajectory": cgro.reduced_trajectory(replicates=1, steps=10),
        "phase_diagram": cgro.phase_diagram(
            axis="lam", values=[0.5], ratios=[0.9], replicates=1, max_steps=1, test_samples=1
        ),
        "scaling": cgro.scaling(replicates=2, alphas=[2.0, 3.0], time=5.0),
        "width_sweep": cgro.width_sweep(widths=[2], settings=tiny, data=cgro.digits(10, 10), replicates=1),
    }
    public = {name: getattr(cgro, name) for name in cgro.__all__}
    assert set(found) == {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and inspect.signature(value).return_annotation is xr.Dataset
    }
    for name, data in found.items():
        assert versions().items() <= data.attrs.items(), name
    assert all(data.sizes["replicate"] == data.seed.size for data in found.values())
