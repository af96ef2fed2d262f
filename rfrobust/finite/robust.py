"""The concentrated training problem: the square loss under l2 attacks has a solver of its own."""

from typing import Any

from ..problem.attack import EUCLIDEAN, norm_of
from ..problem.loss import SQUARE, Loss, resolve_loss
from ..problem.parameters import scalar
from .erm import ConcentratedERM, RobustFit
from .family_erm import FamilyERM
from .features import FeatureMap


def concentrated_problem(
    features: Any,
    y: Any,
    metric: Any,
    *,
    loss: str | Loss = SQUARE,
    norm: float = EUCLIDEAN,
    ridge: float = 0.0,
    gradient_penalty: float = 0.0,
) -> ConcentratedERM | FamilyERM:
    """Return the solver of a training problem; arguments as for :func:`robust_erm`."""
    loss, norm = resolve_loss(loss), norm_of("norm", norm)
    gradient_penalty = scalar("gradient_penalty", gradient_penalty)
    if loss == SQUARE and norm == EUCLIDEAN and gradient_penalty == 0.0:
        return ConcentratedERM(features, y, metric.metric if isinstance(metric, FeatureMap) else metric, ridge=ridge)
    return FamilyERM(features, y, metric, loss=loss, norm=norm, ridge=ridge, gradient_penalty=gradient_penalty)


def robust_erm(
    features: Any,
    y: Any,
    metric: Any,
    eps: float,
    *,
    ridge: float = 0.0,
    loss: str | Loss = SQUARE,
    norm: float = EUCLIDEAN,
    gradient_penalty: float = 0.0,
    start: RobustFit | None = None,
    tol: float = 1e-8,
    max_iter: int = 500,
) -> RobustFit:
    r"""Train against attacks of one concentrated size eps R(theta), with a certificate.

    .. math::
       \min_\theta\frac1n\sum_i L_i(\phi_i^\top\theta,\epsilon R(\theta))
       +\frac\lambda2|\theta|^2+\frac g2|J\theta|^2,\qquad
       L_i(f,s)=\rho(|y_i-f|+s)\ \text{or}\ \ell(y_if-s),

    R = \|J theta\| for l2 attacks, and the norm dual to the attack's of :eq:`eq-dual-norm` for others; the default is
    (1/2n) sum_i (\|y_i - <theta, phi_i>\| + eps \|J theta\|)^2.

    Parameters
    ----------
    features : array_like, shape (n, N)
        Rows phi_i: any features of the samples.
    y : array_like, shape (n,)
        Responses; labels -1 and 1 for losses of margins.
    metric : array_like, shape (N, N), or FeatureMap
        J^2, symmetric positive semidefinite: for random features (W W') o E[sigma'(Wx) sigma'(Wx)'], the ``metric`` of
        the :class:`rfrobust.finite.FeatureMap`, which may be given itself and has to be for another norm than 2.
    eps : float
        Training radius, >= 0. At eps = 0, where there are interpolators, the limit eps -> 0+: that of least R.
    ridge : float, default 0
        Ridge penalty, >= 0.
    loss : str or Loss, default "square"
        ``"square"``, ``"huber:delta"``, ``"absolute"``, ``"logistic"``, ``"hinge"``, or any :class:`Loss`.
    norm : float, default 2
        p of the attacks' norm, 2, ``inf`` or any p >= 1.05; they have length at most eps d^(1/p - 1/2).
    gradient_penalty : float, default 0
        Weight g of the gradient penalty, >= 0.
    start : RobustFit, optional
        Warm start from a fit of the same samples, for the default loss, norm and gradient penalty; the interior point
        method of the others starts from ridge regression.
    tol : float, default 1e-8
        Largest admissible relative duality gap.
    max_iter : int, default 500
        Budget of Newton steps.

    Returns
    -------
    RobustFit
        With ``theta``, ``objective``, ``gap``, ``iterations``, ``zero_residual_fraction`` and more; ``alpha`` holds the
        scores -dL_i/df.

    Raises
    ------
    ConvergenceError
        If the gap stays above ``tol``.
    SeparableError
        If the features separate the labels by the margin that the attack leaves, and nothing is penalised: then there
        is no minimiser.
    ValueError, TypeError
        For inadmissible arguments.

    See Also
    --------
    rfrobust.finite.ConcentratedERM : factors once for many radii; closed-form thresholds of the data set.
    rfrobust.finite.FamilyERM : the same for the whole family.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.standard_normal((30, 5)), rng.standard_normal(30)
    >>> robust_erm(X, y, np.eye(5), 0.1).gap < 1e-8
    True
    >>> robust_erm(X, np.sign(y), np.eye(5), 0.1, loss="logistic", ridge=0.1).gap < 1e-8
    True
    """
    problem = concentrated_problem(
        features, y, metric, loss=loss, norm=norm, ridge=ridge, gradient_penalty=gradient_penalty
    )  # fmt: skip
    if isinstance(problem, ConcentratedERM):
        return problem.solve(eps, start=start, tol=tol, max_iter=max_iter)
    if start is not None:
        raise ValueError(
            "start must be None unless the loss is square, the norm 2 and the gradient penalty 0, got a fit in start"
        )
    return problem.solve(eps, tol=tol, max_iter=max_iter)
