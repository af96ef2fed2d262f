"""Exact high-dimensional asymptotics of adversarial training for random features regression."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it; imported on first use, so that ``import rfrobust`` is fast.
_EXPORTS: dict[str, str] = {
    "Activation": "activation",
    "ConcentratedERM": "finite.erm",
    "ConvergenceError": "finite.erm",
    "Equilibrium": "equilibrium",
    "MarchenkoPastur": "spectrum",
    "Phase": "equilibrium",
    "RobustRandomFeatures": "finite.estimator",
    "SolverError": "equilibrium",
    "Spectrum": "spectrum",
    "Store": "finite.store",
    "StoreError": "finite.store",
    "Status": "equilibrium",
    "SweepWarning": "grid",
    "interpolation_threshold": "thresholds",
    "null_threshold": "thresholds",
    "robust_erm": "finite.erm",
    "simulate": "finite.montecarlo",
    "solve": "equilibrium",
    "summary": "finite.montecarlo",
    "sweep": "grid",
    "theorem": "theorem",
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
