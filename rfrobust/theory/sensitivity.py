"""Derivatives of every observable with respect to every parameter, by implicit differentiation."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..engine import regimes as solver
from ..engine.algebra import OBSERVABLES, FloatField, Problem, balanced, interpolating, population
from ..engine.autodiff import Dual, seed
from ..problem.parameters import DESCRIPTIONS, scalar
from ..problem.spectrum import DiscreteSpectrum, EmpiricalSpectrum, Spectrum
from ..support.provenance import versions

if TYPE_CHECKING:
    from .equilibrium import Equilibrium

#: Parameters in the order of the dimension ``parameter``.
PARAMETERS = (
    "psi1",
    "psi2",
    "eps",
    "tau",
    "ridge",
    "mu1",
    "mu2",
    "rho",
    "signal_norm",
    "nonlinear_power",
    "eps_test",
)

_FIELD = FloatField()


def gradient(equilibrium: "Equilibrium", eps_test: float | None = None) -> xr.Dataset:
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
        Variables ``standard_risk``, ``gradient_norm``, ``adversarial_risk``, ``training_loss``,
        ``mean_abs_residual``, ``zero_residual_fraction``, ``q``, ``V``, ``k`` over the dimension ``parameter``
        (psi1, psi2, eps, tau, ridge, mu1, mu2, rho, signal_norm, nonlinear_power, eps_test). The column ``eps``
        keeps ``eps_test`` fixed: add the column ``eps_test`` when both move together. At a boundary of the
        parameters (eps = 0, ridge = 0) the derivative is the one-sided one. NaN marks what does not exist:
        V and k in the null phase, V and every derivative in ``ridge`` at the interpolator eps = 0 (the limits
        eps -> 0 and ridge -> 0 do not commute there), those in mu2, rho and ridge for linear features without
        ridge, those in psi1 for one drawn W; all of them where v = 0 or r = 0 below the null threshold.

    Raises
    ------
    TypeError, ValueError
        If ``eps_test`` is not a nonnegative real number, or psi1 is where a law of W W' given by atoms changes
        their number (orthogonal rows at psi1 = 1).

    Notes
    -----
    docs/findings, "Sensitivities". A law of W W' given by atoms is differentiated in psi1 through
    :meth:`Spectrum.law` where that depends on psi1, and held fixed otherwise.

    Examples
    --------
    >>> import rfrobust
    >>> slopes = rfrobust.solve(psi1=3, psi2=2, eps=0.3, tau=0.5).gradient()
    >>> round(float(slopes.standard_risk.sel(parameter="eps")), 3)
    -1.847
    """
    radius = equilibrium.eps if eps_test is None else scalar("eps_test", eps_test)
    values, table = _table(equilibrium, radius)
    data = xr.Dataset(
        {
            name: (
                "parameter",
                table[i],
                {"long_name": f"derivatives of: {DESCRIPTIONS[name]}", "value": values[i]},
            )
            for i, name in enumerate(OBSERVABLES)
        },
        coords={"parameter": list(PARAMETERS)},
        attrs={
            name: getattr(equilibrium, name)
            for name in ("psi1", "psi2", "eps", "tau", "ridge", "signal_norm", "nonlinear_power")
        },
    )
    data.attrs |= {
        "eps_test": radius,
        "activation": equilibrium.activation.name,
        "spectrum": equilibrium.spectrum.name,
        **versions(),
    }
    return data


def _table(model: "Equilibrium", eps_test: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the observables (9,) and their derivatives (9, parameters)."""
    count = len(PARAMETERS)
    if model.phase == solver.NULL:
        return _null(model, eps_test)
    if model.standard_risk == 0.0 or model.gradient_norm == 0.0:  # at the edge of what the equations describe
        return _values(model, eps_test), np.full((len(OBSERVABLES), count), math.nan)
    equations: Any
    interpolator = math.isinf(model.V)
    if interpolator:
        equations, unknowns = interpolating, [math.log(model.k)]
    else:
        if model.eps > 0.0:
            log_t = math.log(model.q / model.eps)
        else:
            log_t = math.log(model.gradient_norm) - 0.5 * math.log(model.standard_risk)
        if math.isinf(model.psi2):
            equations, unknowns = population, [log_t]
        else:
            equations, unknowns = balanced, [log_t, math.log(model.V)]
    first = len(unknowns)
    size = first + count
    duals = tuple(seed(u, i, size) for i, u in enumerate(unknowns))
    given = [
        model.psi1, model.psi2, model.eps, model.tau, model.ridge, model.activation.mu1, model.activation.mu2,
        model.activation.rho, model.signal_norm, model.nonlinear_power, eps_test,
    ]  # fmt: skip
    p = dict(zip(PARAMETERS, (seed(x, first + i, size) for i, x in enumerate(given)), strict=True))
    residuals, outputs = equations(duals, problem_of(p, model.spectrum), p["eps_test"], _FIELD)
    F = np.array([F.gradient for F in residuals])
    O = np.array([outputs[name].gradient for name in OBSERVABLES])
    moves = -np.linalg.solve(F[:, :first], F[:, first:])
    table = O[:, first:] + O[:, :first] @ moves
    if interpolator:
        table[OBSERVABLES.index("V")] = math.nan
        table[:, PARAMETERS.index("ridge")] = math.nan
    if model.activation.mu2 == 0.0 and (model.activation.rho == 0.0 or model.k == 0.0) and model.ridge == 0.0:
        table[:, [PARAMETERS.index(name) for name in ("mu2", "rho", "ridge")]] = math.nan
    if isinstance(model.spectrum, EmpiricalSpectrum):
        table[:, PARAMETERS.index("psi1")] = math.nan
    return np.array([outputs[name].value for name in OBSERVABLES]), table


def problem_of(p: dict[str, Dual], spectrum: Spectrum) -> Problem:
    """Return the problem of dual parameters, with the law of W W' differentiated in psi1."""
    atoms, weights = spectrum.law(p["psi1"].value)
    slopes = np.zeros((2, atoms.size))
    if spectrum.depends_on_psi1 and not isinstance(spectrum, DiscreteSpectrum):
        # fourth-order differences: laws given by atoms are smooth, mostly linear or 1/psi1, between their kinks
        h = 1e-3 * p["psi1"].value
        near = [np.array(spectrum.law(p["psi1"].value + j * h)) for j in (-2, -1, 1, 2)]
        if any(law.shape != slopes.shape for law in near):
            raise ValueError(
                f"psi1 must be away from where the atoms of {spectrum.name!r} change in number, "
                f"got psi1={p['psi1'].value!r}"
            )
        slopes = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
    direction = p["psi1"].gradient
    return Problem(
        psi1=p["psi1"],
        R=p["psi1"] / p["psi2"],
        eps=p["eps"],
        noise=p["tau"] * p["tau"] + p["nonlinear_power"],
        ridge=p["ridge"],
        c=p["mu1"] * p["mu1"],
        mu=p["mu2"] * p["mu2"],
        rho2=p["rho"] * p["rho"],
        signal=p["signal_norm"] * p["signal_norm"],
        atoms=tuple(Dual(float(x), direction * dx) for x, dx in zip(atoms, slopes[0], strict=True)),
        weights=tuple(Dual(float(x), direction * dx) for x, dx in zip(weights, slopes[1], strict=True)),
    )


def _values(model: "Equilibrium", eps_test: float) -> np.ndarray:
    """Return the observables (9,)."""
    return np.array(
        [
            model.adversarial_risk(eps_test) if name == "adversarial_risk" else getattr(model, name)
            for name in OBSERVABLES
        ]
    )


def _null(model: "Equilibrium", eps_test: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the null phase: v = |beta|^2 + tau^2 + F_*^2 and r = 0, whatever the rest."""
    v = model.standard_risk
    slope = np.zeros(len(PARAMETERS))
    slope[PARAMETERS.index("tau")] = 2.0 * model.tau
    slope[PARAMETERS.index("signal_norm")] = 2.0 * model.signal_norm
    slope[PARAMETERS.index("nonlinear_power")] = 1.0
    factors = {
        "standard_risk": 1.0,
        "adversarial_risk": 1.0,
        "training_loss": 0.5,
        "mean_abs_residual": 0.5 * model.mean_abs_residual / v,
        "V": math.nan,
        "k": math.nan,
    }
    return _values(model, eps_test), np.array([factors.get(name, 0.0) * slope for name in OBSERVABLES])
