"""Exact high-dimensional asymptotics of adversarial training for random features regression."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it; imported on first use, so that ``import rfrobust`` is fast.
_EXPORTS: dict[str, str] = {
    "Activation": "activation",
    "AnisotropicEquilibrium": "anisotropic",
    "ConcentratedERM": "finite.erm",
    "ConvergenceError": "finite.erm",
    "DiscreteSpectrum": "spectrum",
    "EmpiricalSpectrum": "spectrum",
    "Equilibrium": "equilibrium",
    "LimitingModel": "named_limits",
    "MarchenkoPastur": "spectrum",
    "OrthogonalRows": "spectrum",
    "Phase": "equilibrium",
    "QuadraticModel": "anisotropic",
    "RobustRandomFeatures": "finite.estimator",
    "SmallEpsExpansion": "named_limits",
    "SolverError": "equilibrium",
    "Spectrum": "spectrum",
    "Status": "equilibrium",
    "Store": "finite.store",
    "StoreError": "finite.store",
    "SweepWarning": "grid",
    "convert_ridge": "notation",
    "drawn_network": "anisotropic",
    "exact_moments": "closed_forms",
    "from_mei_montanari": "notation",
    "infinitely_wide": "named_limits",
    "best_activation": "tuning",
    "best_training": "tuning",
    "best_width": "tuning",
    "pareto": "tuning",
    "polynomial_activation": "tuning",
    "radius_curves": "boundaries",
    "width_transition": "boundaries",
    "interpolation_threshold": "thresholds",
    "least_gradient_interpolator": "named_limits",
    "linear": "linear_regression",
    "linear_null_threshold": "linear_regression",
    "linear_population": "linear_regression",
    "linear_theorem": "linear_minimax",
    "mahalanobis_features": "mahalanobis",
    "mahalanobis_linear": "mahalanobis",
    "null_model": "named_limits",
    "null_threshold": "thresholds",
    "population": "named_limits",
    "robust_erm": "finite.erm",
    "simulate": "finite.montecarlo",
    "small_eps_expansion": "named_limits",
    "solve": "equilibrium",
    "summary": "finite.montecarlo",
    "sweep": "grid",
    "theorem": "theorem",
    "wide_gradient_decay": "named_limits",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'rfrobust' has no attribute {name!r}")
    module = import_module(f".{_EXPORTS[name]}", __name__)
    value = module if _EXPORTS[name] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_EXPORTS])
