r"""Between the notations of the papers: parameter names, and one lambda per paper (docs/limits has the table).

All penalties are written as the weight lam of (1/2n) sum (residual)^2 + (lam/2) \|theta\|^2, which is ours:

- [HJ]: no penalty, lam = 0; S(z; psi1) = -s1(-z);
- [MM]: (1/n) sum (residual)^2 + (N lambda/d) \|theta\|^2, so lam = psi1 lambda;
- [JSH]: no penalty; delta = n/p, sigma_0 = tau, V_0 = \|theta_0\|;
- scikit-learn's Ridge: sum (residual)^2 + alpha \|theta\|^2, so lam = alpha/n.
"""

from ..problem.activation import Activation
from ..problem.parameters import RANGES, scalar
from ..support.validation import choice, integer, real_scalar
from .equilibrium import Equilibrium, solve

SCALINGS = ("rfrobust", "mei-montanari", "scikit-learn")


def convert_ridge(
    value: float, source: str, target: str = "rfrobust", *, psi1: float | None = None, n: int | None = None
) -> float:
    """Convert a ridge penalty from one scaling to another.

    Parameters
    ----------
    value : float
        The penalty in the scaling ``source``, >= 0.
    source, target : {"rfrobust", "mei-montanari", "scikit-learn"}
        Scalings.
    psi1 : float, optional
        N/d, needed for "mei-montanari".
    n : int, optional
        Sample size, needed for "scikit-learn".

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the one that a scaling needs is missing.

    Examples
    --------
    >>> from rfrobust.theory import convert_ridge
    >>> convert_ridge(0.01, "mei-montanari", psi1=3)
    0.03
    """
    value = real_scalar("value", value, **RANGES["ridge"])

    def unit(name: str) -> float:
        """Return lam per unit of the penalty."""
        if name == "rfrobust":
            return 1.0
        if name == "mei-montanari":
            if psi1 is None:
                raise ValueError("psi1 must be given for the scaling 'mei-montanari', got psi1=None")
            return scalar("psi1", psi1)
        if n is None:
            raise ValueError("n must be given for the scaling 'scikit-learn', got n=None")
        return 1.0 / integer("n", n, 1)

    return value * unit(choice("source", source, SCALINGS)) / unit(choice("target", target, SCALINGS))


def from_mei_montanari(
    psi1: float,
    psi2: float,
    lam: float,
    tau: float = 0.0,
    *,
    activation: str | Activation = "relu",
    F1: float = 1.0,
    F_star: float = 0.0,
) -> Equilibrium:
    r"""Return random features ridge regression for the parameters of [MM].

    .. math:: \min_a \frac1n\sum_i(y_i-f(x_i))^2+\frac{N\lambda}{d}\|a\|^2

    Parameters
    ----------
    psi1, psi2 : float
        N/d and n/d, as in [MM].
    lam : float
        lambda of [MM], > 0 (for lambda -> 0 take a small one; the limit eps -> 0 without ridge is another).
    tau : float
        Noise.
    activation : str or Activation
        As for :func:`solve`.
    F1, F_star : float
        Norms of the linear and of the nonlinear part of the target.

    Returns
    -------
    Equilibrium
        Its ``standard_risk`` contains the noise: the excess risk of [MM] is ``standard_risk - tau**2``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range.

    Notes
    -----
    docs/conventions, "How lambda maps".

    Examples
    --------
    >>> import rfrobust
    >>> round(rfrobust.theory.from_mei_montanari(3, 2, 0.01, 0.5).standard_risk - 0.25, 12)
    0.579086040544
    """
    lam = real_scalar("lam", lam, 0.0, RANGES["ridge"]["upper"])
    if lam == 0.0:
        raise ValueError("lam must be > 0, got lam=0: the ridgeless limit here is the interpolator of least |J theta|")
    ridge = convert_ridge(lam, "mei-montanari", psi1=psi1)
    F1 = real_scalar("F1", F1, **RANGES["signal_norm"])
    F_star = real_scalar("F_star", F_star, **RANGES["tau"])
    return solve(
        psi1, psi2, 0.0, tau, ridge=ridge, activation=activation, signal_norm=F1, nonlinear_power=F_star * F_star
    )
