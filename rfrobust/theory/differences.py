"""Derivatives of solutions of docs/family, by differences of eighth order of solutions of neighbouring problems."""

import math

import numpy as np

from ..engine import regimes
from ..engine.records import Point
from ..problem.activation import Activation
from ..problem.features import RandomFeatures
from ..problem.parameters import SWEPT
from ..problem.problem import Problem
from ..problem.spectrum import EmpiricalSpectrum
from .points import point_of, risks_of, solve_points

#: Steps, relative to a positive parameter, and the weights of their differences (symmetric, eighth order).
STEP = 0.01
PLACES = np.array([-4, -3, -2, -1, 1, 2, 3, 4]) * STEP
WEIGHTS = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 4 / 5, -1 / 5, 4 / 105, -1 / 280]) / STEP
#: Steps from a parameter at 0, and the weights of one-sided differences of sixth order.
ZERO_PLACES = np.arange(7) * 3e-4
ZERO_WEIGHTS = np.array([-49 / 20, 6, -15 / 2, 20 / 3, -15 / 4, 6 / 5, -1 / 6]) / 3e-4
_MOMENTS = ("mu1", "mu2", "rho")


def observed(problems: list[Problem], points: np.ndarray, eps_test: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    """Return observables of one problem a point, or of one problem at all points, one row a point."""
    if len(problems) == 1:
        table = solve_points(points, problems[0], line=len(points))
    else:
        table = np.concatenate([solve_points(points[[i]], problem) for i, problem in enumerate(problems)])
    risk = risks_of(table, problems[0]).at(eps_test)
    columns = [risk if name == "adversarial_risk" else table[:, Point._fields.index(name)] for name in names]
    phase = table[:, Point._fields.index("phase")]
    out = np.stack(columns, axis=1)
    # a difference across the null threshold is no derivative
    out[(table[:, 0] != regimes.SOLVED) | (phase != phase[0])] = math.nan
    return out


def derivatives(problem: Problem, eps_test: float, names: tuple[str, ...], parameters: tuple[str, ...]) -> np.ndarray:
    """Return the derivatives of observables (rows) in parameters (columns), NaN where there are none."""
    table = np.full((len(names), len(parameters)), math.nan)
    for j, parameter in enumerate(parameters):
        value = eps_test if parameter == "eps_test" else _value(problem, parameter)
        if value is None or (parameter == "psi2" and math.isinf(value)):
            continue
        if value == 0.0:
            if parameter == "tau":  # only its square enters
                table[:, j] = 0.0
                continue
            moved, weights, scale = ZERO_PLACES, ZERO_WEIGHTS, 1.0
        else:
            moved, weights, scale = value * (1.0 + PLACES), WEIGHTS, value
        table[:, j] = weights @ _along(problem, parameter, moved, eps_test, names) / scale
    return table


def _value(problem: Problem, parameter: str) -> float | None:
    """Return the value of a parameter, None where a derivative in it does not exist."""
    features = problem.features
    if parameter in _MOMENTS:
        if not isinstance(features, RandomFeatures):
            return None
        value = float(getattr(features.activation, parameter))
        return value if value != 0.0 else None
    if parameter == "psi1" and (
        not isinstance(features, RandomFeatures) or isinstance(features.spectrum, EmpiricalSpectrum)
    ):
        return None
    if parameter in ("a2", "radial_power"):
        return None
    return float(problem.settings[parameter])


def _along(problem: Problem, parameter: str, moved: np.ndarray, eps_test: float, names: tuple[str, ...]) -> np.ndarray:
    """Return observables at values of one parameter."""
    points = np.tile(point_of(problem), (moved.size, 1))
    tests = np.full(moved.size, eps_test)
    if parameter == "eps_test":
        return observed([problem], points, moved, names)
    if parameter in SWEPT:
        points[:, SWEPT.index(parameter)] = moved
        return observed([problem], points, tests, names)
    problems = []
    for value in moved.tolist():
        if parameter in _MOMENTS:
            a = problem.settings["activation"]
            moments = {name: getattr(a, name) for name in _MOMENTS} | {parameter: value}
            problems.append(problem.vary(activation=Activation.from_moments(**moments)))
        else:
            problems.append(problem.vary(**{parameter: value}))
    return observed(problems, points, tests, names)
