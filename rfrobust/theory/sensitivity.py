"""Derivatives of every observable with respect to every parameter, by implicit differentiation."""

import math
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from ..engine import equations
from ..engine.numbers import Dual, FloatField, seed
from ..engine.records import AnyParameters, Outputs, State
from ..problem.datasets import describe
from ..problem.features import RandomFeatures
from ..problem.parameters import DESCRIPTIONS, SWEPT, scalar
from ..problem.phase import Phase
from ..problem.spectrum import EmpiricalSpectrum
from .differences import derivatives
from .equilibrium import Equilibrium, check_solution
from .points import point_of

#: Observables that depend on the solution.
OBSERVABLES = ("standard_risk", "gradient_norm", "adversarial_risk", "overlap", *Outputs._fields, "q", "V", "k")
#: AnyParameters in the order of the dimension ``parameter``.
PARAMETERS = (
    *SWEPT, "mu1", "mu2", "rho", "a2", "signal_norm", "nonlinear_power", "radial_power", "eps_test",
)  # fmt: skip


def gradient(equilibrium: Equilibrium, eps_test: float | None = None) -> xr.Dataset:
    r"""Return the partial derivatives of the observables of a solution.

    .. math:: \frac{d O}{d p} = \partial_p O - \partial_u O\,(\partial_u F)^{-1}\,\partial_p F

    where :math:`F(u; p) = 0` are the equations of the regime with unknowns u.

    Parameters
    ----------
    equilibrium : Equilibrium
        A solution.
    eps_test : float, optional
        Test radius of ``adversarial_risk``; the training radius by default.

    Returns
    -------
    xarray.Dataset
        Variables ``standard_risk``, ``gradient_norm``, ``adversarial_risk``, ``overlap``, ``training_loss``,
        ``mean_abs_residual``, ``zero_residual_fraction``, ``q``, ``V``, ``k`` over the dimension ``parameter``
        (psi1, psi2, eps, tau, ridge, gradient_penalty, mu1, mu2, rho, a2, signal_norm, nonlinear_power,
        radial_power, eps_test). The column ``eps`` keeps ``eps_test`` fixed: add the column ``eps_test`` when both move
        together. At a boundary of the parameters (eps = 0, ridge = 0) the derivative is the one-sided one. NaN marks
        what does not exist: V and k in the null phase, V and every derivative in the penalties at the interpolator eps
        = 0 (the limits eps -> 0 and ridge -> 0 do not commute there), those in mu2, rho and the penalties for linear
        features without ridge, those in psi1 and the radial power for one drawn W, those in psi1, the moments and the
        radial power for features that are not random ones (the radial power also for activations of unknown a2); all of
        them where v = 0 or r = 0 below the null threshold.

    Raises
    ------
    TypeError, ValueError
        If ``eps_test`` is not a nonnegative real number, or psi1 is where a law of W W' given by atoms changes
        their number (orthogonal rows at psi1 = 1).

    Notes
    -----
    For other losses, norms, noise laws and for labels the derivatives are differences of eighth order of solutions,
    good to about 1e-9 of their size (1e-7 at parameters that are 0), NaN across the null threshold.

    docs/findings, "Sensitivities". A law of W W' given by atoms is differentiated in psi1 through
    :meth:`Spectrum.dual_law`.

    Examples
    --------
    >>> import rfrobust
    >>> slopes = rfrobust.gradient(rfrobust.solve(psi1=3, psi2=2, eps=0.3, tau=0.5))
    >>> round(float(slopes.standard_risk.sel(parameter="eps")), 3)
    -1.847
    """
    check_solution("equilibrium", equilibrium)
    radius = equilibrium.eps if eps_test is None else scalar("eps_test", eps_test)
    values, table = _table(equilibrium, radius)
    return xr.Dataset(
        {
            name: ("parameter", table[i], {"long_name": f"derivatives of: {DESCRIPTIONS[name]}", "value": values[i]})
            for i, name in enumerate(OBSERVABLES)
        },
        coords={"parameter": list(PARAMETERS)},
        attrs={name: getattr(equilibrium, name) for name in SWEPT}
        | {"eps_test": radius, **describe(equilibrium.problem)},
    )


def regime(model: Equilibrium) -> tuple[Any, list[float]]:
    """Return the equations of a solution below the null threshold and their unknowns there, as logarithms."""
    log_t = math.log(model.gradient_norm) - 0.5 * math.log(model.standard_risk)
    if math.isinf(model.V):
        return equations.interpolating, [math.log(model.k)]
    if math.isinf(model.psi2):
        return equations.population, [log_t]
    return equations.balanced, [math.log(model.q / model.eps) if model.q > 0.0 else log_t, math.log(model.V)]


def observables(state: State, p: AnyParameters, eps_test: Dual, F: Any, *, interpolator: bool) -> dict[str, Dual]:
    """Return the observables of a solution in numbers that carry derivatives."""
    v, r = state.standard_risk, F.sqrt(state.squared_norm)
    q, zero = p.eps * state.t, state.k * 0.0
    if interpolator:
        training = Outputs(zero, zero, zero + 1.0)
    else:
        training = equations.outputs(q, state.V, v, F)
    risk = equations.adversarial_risk(v, r, eps_test, F)
    V = zero + math.inf if interpolator else state.V
    return dict(zip(OBSERVABLES, (v, r, risk, state.overlap, *training, q, V, state.k), strict=True))


def _table(model: Equilibrium, eps_test: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the observables and their derivatives (observables, parameters)."""
    count = len(PARAMETERS)
    if not model.problem.plain:
        return _values(model, eps_test), derivatives(model.problem, eps_test, OBSERVABLES, PARAMETERS)
    if model.phase is Phase.NULL:
        return _null(model, eps_test)
    if model.standard_risk == 0.0 or model.gradient_norm == 0.0:  # at the edge of what the equations describe
        return _values(model, eps_test), np.full((len(OBSERVABLES), count), math.nan)
    equation, unknowns = regime(model)
    first = len(unknowns)
    size = first + count
    duals = [seed(u, i, size) for i, u in enumerate(unknowns)]
    features, data = model.problem.features, model.problem.data
    moments = (0.0, 0.0, 0.0)
    a2: float | None = None
    undefined = ["psi1", "mu1", "mu2", "rho", "a2"]
    if isinstance(features, RandomFeatures):
        a = features.activation
        moments = (a.mu1, a.mu2, a.rho)
        a2 = a.known_a2 if a.known_a2 is None or a.spike > 0.0 else 0.0
        undefined = ["psi1", "radial_power"] if isinstance(features.spectrum, EmpiricalSpectrum) else []
        if a.mu2 == 0.0 and (a.rho == 0.0 or model.k == 0.0) and model.ridge == 0.0:
            undefined += ["mu2", "rho", "ridge", "gradient_penalty"]
    if a2 is None:
        undefined += ["radial_power"]
    given = [
        *point_of(model.problem), *moments, a2 or 0.0, data.signal_norm,
        data.nonlinear_power, data.radial_power, eps_test,
    ]  # fmt: skip
    named = dict(zip(PARAMETERS, (seed(x, first + i, size) for i, x in enumerate(given)), strict=True))
    squares = (named["mu1"] * named["mu1"], named["mu2"] * named["mu2"], named["rho"] * named["rho"])
    psi1, psi2, eps, tau, ridge, penalty = (named[name] for name in SWEPT)
    p = equations.parameters(
        psi1, psi2, eps, tau, ridge, squares, named["signal_norm"], named["nonlinear_power"], named["radial_power"],
        named["a2"] * named["a2"], penalty,
    )  # fmt: skip
    F = FloatField()
    average = partial(equations.averages, p=p, law=features.dual_law(p), F=F)
    state = equation(*duals, p, average, F)
    interpolator = equation is equations.interpolating
    outputs = observables(state, p, named["eps_test"], F, interpolator=interpolator)
    slopes = np.array([residual.gradient for residual in state.residuals])
    O = np.array([outputs[name].gradient for name in OBSERVABLES])
    moves = -np.linalg.solve(slopes[:, :first], slopes[:, first:])
    table = O[:, first:] + O[:, :first] @ moves
    if interpolator:
        table[OBSERVABLES.index("V")] = math.nan
        undefined += ["ridge", "gradient_penalty"]
    table[:, [PARAMETERS.index(name) for name in undefined]] = math.nan
    return np.array([outputs[name].value for name in OBSERVABLES]), table


def _values(model: Equilibrium, eps_test: float) -> np.ndarray:
    """Return the observables."""
    return np.array(
        [
            model.adversarial_risk(eps_test) if name == "adversarial_risk" else getattr(model, name)
            for name in OBSERVABLES
        ]
    )


def _null(model: Equilibrium, eps_test: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the null phase: v = |beta|^2 + tau^2 + F_*^2 + F_o^2 and r = 0, whatever the rest."""
    v = model.standard_risk
    slope = np.zeros(len(PARAMETERS))
    slope[PARAMETERS.index("tau")] = 2.0 * model.tau
    slope[PARAMETERS.index("signal_norm")] = 2.0 * model.signal_norm
    slope[[PARAMETERS.index("nonlinear_power"), PARAMETERS.index("radial_power")]] = 1.0
    factors = {
        "standard_risk": 1.0,
        "adversarial_risk": 1.0,
        "training_loss": 0.5,
        "mean_abs_residual": 0.5 * model.mean_abs_residual / v,
        "V": math.nan,
        "k": math.nan,
    }
    return _values(model, eps_test), np.array([factors.get(name, 0.0) * slope for name in OBSERVABLES])
