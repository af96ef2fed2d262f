"""Moments of the built-in activations as exact expressions, derived by SymPy (docs/activations shows them).

SymPy is imported here only, on request. All moments follow from the dual kernel kappa(c) = E sigma(u)sigma(v): its
Hermite series gives mu0^2 = kappa(0), mu1^2 = kappa'(0), mu2^2 = kappa(1) - mu0^2 - mu1^2, rho^2 = kappa'(1) - mu1^2.
The clipped identity has no elementary kernel; there the defining integrals are taken.
"""

from typing import Any

from ..support import validation

#: Name -> dual kernel, in SymPy's syntax; c is the correlation, a and b are the parameter of the family.
KERNELS: dict[str, str] = {
    "relu": "(sqrt(1 - c**2) + (pi - acos(c))*c - 1)/(2*pi)",
    "leaky-relu": "a*c + (1 - a)**2*(sqrt(1 - c**2) + (pi - acos(c))*c)/(2*pi)",
    "abs-linear": "2/pi*(sqrt(1 - c**2) + c*asin(c)) + b**2*c",
    "erf": "2/pi*asin(2*c/3)",
    "step": "1/4 + asin(b**2*c/(1 + b**2))/(2*pi)",
    "sin": "exp(-1)*sinh(c)",
    "cos": "exp(-1)*cosh(c)",
    "quadratic": "b**2*c + 2*c**2",
    "gelu": "c*(1/4 + asin(c/2)/(2*pi)) + 1/(2*pi*sqrt(4 - c**2))",
    "identity": "c",
}
EXACT = (*KERNELS, "hard-tanh")


def exact_moments(name: str) -> dict[str, Any]:
    """Return mu0^2, mu1^2, mu2^2 and rho^2 of a built-in activation as SymPy expressions.

    Parameters
    ----------
    name : str
        An activation with closed-form moments; families keep their parameter, a or b, as a positive symbol.

    Returns
    -------
    dict
        Keys ``mu0_squared``, ``mu1_squared``, ``mu2_squared``, ``rho_squared``.

    Raises
    ------
    TypeError, ValueError
        If there is no closed form for that name.

    Examples
    --------
    >>> import rfrobust
    >>> rfrobust.problem.exact_moments("relu")["mu2_squared"]
    (-2 + pi)/(4*pi)
    """
    import sympy as sp

    validation.choice("name", name, EXACT)
    if name == "hard-tanh":
        return _clipped()
    c = sp.Symbol("c", real=True)
    symbols = {"c": c, "a": sp.Symbol("a", positive=True), "b": sp.Symbol("b", positive=True)}
    kernel = sp.sympify(KERNELS[name], locals=symbols, rational=True)
    slope = sp.diff(kernel, c)
    at = {"K0": kernel.subs(c, 0), "K1": kernel.subs(c, 1), "S0": slope.subs(c, 0), "S1": sp.limit(slope, c, 1, "-")}
    return {
        "mu0_squared": sp.simplify(at["K0"]),
        "mu1_squared": sp.simplify(at["S0"]),
        "mu2_squared": sp.simplify(at["K1"] - at["K0"] - at["S0"]),
        "rho_squared": sp.simplify(at["S1"] - at["S0"]),
    }


def _clipped() -> dict[str, Any]:
    import sympy as sp

    u = sp.Symbol("u", real=True)
    density = sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)
    inside = sp.integrate(u**2 * density, (u, -1, 1))
    mass = sp.integrate(density, (u, -1, 1))
    outside = 2 * sp.integrate(density, (u, 1, sp.oo))
    return {
        "mu0_squared": sp.Integer(0),
        "mu1_squared": sp.simplify(mass**2),
        "mu2_squared": sp.simplify(inside + outside - mass**2),
        "rho_squared": sp.simplify(mass - mass**2),
    }
