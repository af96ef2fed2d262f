"""Solutions for a pair (Sigma, J^2) of matrices that no basis diagonalizes together with a ridge (docs/spectra).

The channel and the equations are those of every other problem; of the geometry there is only another way to average,
by a factorization of H = a Sigma + k J^2 + l at each step, and no derivatives: Newton starts from a law that nearly
solves the problem, takes the slopes of that law, and learns the rest on its way (Broyden).
"""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotri

from ..engine import family, regimes, solutions, systems
from ..engine.channels import Mixture, label_channel, residual_channel
from ..engine.numbers import Dual, FloatField
from ..engine.records import AnyParameters, Law, Overlaps, Parameters, Point
from ..problem.problem import Kinds

#: Steps of Newton's method, and how often one is halved.
STEPS, HALVINGS = 60, 20
_EMPTY = np.zeros(0)
_FIELD = FloatField()


class Matrices(NamedTuple):
    """Sigma and J^2 in a basis U that diagonalizes both; the ridge is then the matrix ``gram`` = U'U of unit columns.

    ``source`` has the columns U'b, of which the squares of inner products are summed; ``size`` is the number of
    features, ``signal`` the power of the response without noise.
    """

    sigma: np.ndarray
    metric: np.ndarray
    gram: np.ndarray
    source: np.ndarray
    size: int
    signal: float

    def overlaps(self, a: float, k: float, l: float) -> Overlaps:
        """Return the :class:`Overlaps` at H = a Sigma + k J^2 + l.

        Raises
        ------
        scipy.linalg.LinAlgError
            If H is not positive definite to rounding.
        """
        sigma, metric, N = self.sigma, self.metric, self.size
        H = l * self.gram
        H[np.diag_indices(len(H))] += a * sigma + k * metric
        factor, failed = dpotrf(H.T, lower=True, overwrite_a=True)
        if not failed:
            inverse, failed = dpotri(factor, lower=True, overwrite_c=True)
        if failed:
            raise LinAlgError(f"H is not positive definite: LAPACK's info is {failed}")
        below = np.tril(inverse, -1)
        K = inverse.diagonal()
        x = (K * self.source.T).T + below @ self.source + below.T @ self.source
        below *= below
        share = below @ sigma + below.T @ sigma + K * K * sigma
        power = np.square(x).sum(axis=1)
        C, S = float(np.sum(self.source * x)), float(sigma @ power)
        return Overlaps(
            E1=float(sigma @ K) / N,
            E2=float(sigma @ share) / N,
            C=C,
            P=float(metric @ power),
            B=self.signal - 2.0 * a * C + a * a * S,
            S=S,
            Q=float(metric @ share) / N,
        )


def _number(value: float) -> Dual:
    """Return a number without derivatives, which the equations take."""
    return Dual(value, _EMPTY)


def _channels(p: AnyParameters, kinds: Kinds, noise: Mixture | None) -> tuple[Any, Any]:
    """Return the system and the channel of labels or residuals, in numbers of the equations."""
    if noise is None:

        def labels(log_kappa: Dual, log_Q: Dual, V: Dual, size: Dual) -> tuple[Dual, ...]:
            kappa, Q = math.exp(log_kappa.value), math.exp(log_Q.value)
            at = label_channel(kappa, Q, V.value, size.value, kinds.margin, kinds.loss, kinds.jet)
            return _number(at.b2), _number(at.h), _number(at.a), _number(at.g)

        return systems.label_system, labels

    def residuals(s: Dual, V: Dual, size: Dual) -> tuple[Dual, ...]:
        at = residual_channel(s.value, V.value, size.value, noise, kinds.loss, kinds.jet)
        return _number(at.b2), _number(at.a), _number(at.g)

    return systems.residual_system, residuals


def solve_row(row: np.ndarray, matrices: Matrices, law: Law, kinds: Kinds, extra: float) -> np.ndarray:
    """Return the :class:`Point` of a row of parameters and the logarithms of its unknowns (``solutions.solve_rows``).

    ``law`` is exact for null thresholds, and near enough to start from.
    """
    start = np.empty((1, solutions.OBSERVED + solutions.UNKNOWNS))
    solutions.solve_rows(row[None], extra, law, *kinds, 1, start)
    out: np.ndarray = start[0]
    if Point(*out[: solutions.OBSERVED].tolist()).phase == regimes.NULL or out[0] != regimes.SOLVED:
        return out
    p = Parameters(*row[: solutions.TAU].tolist())
    p = p._replace(R=max(p.R, family.POPULATION))
    noise = solutions.noise_of(row, extra, kinds.noise)
    system, channel = _channels(p, kinds, noise)
    numbers = p._replace(**{name: _number(float(value)) for name, value in p._asdict().items()})

    def overlaps(a: Dual, k: Dual, l: Dual) -> Overlaps:
        return Overlaps(*map(_number, matrices.overlaps(a.value, k.value, l.value)))

    geometry = partial(systems.spectral, p=numbers, overlaps=overlaps, F=_FIELD)

    def evaluate(x: np.ndarray) -> systems.Network:
        return system([_number(value) for value in x.tolist()], numbers, channel, geometry, _FIELD)

    x = out[solutions.OBSERVED :][: 4 if noise is None else 3].copy()
    J = solutions.slopes(x, p, law, noise, *kinds[2:])
    network, size, iterations = _newton(x, J, evaluate)
    iterations += int(out[solutions.OBSERVED - 1])
    if not size < family.TOLERANCE:
        out[:] = math.nan
        out[0] = regimes.NOT_CONVERGED
        out[solutions.OBSERVED - 2 : solutions.OBSERVED] = size, iterations
        return out
    m, Q = network.m.value, network.Q.value
    out[: solutions.OBSERVED] = solutions.observed(x, m, Q, p, noise, *kinds[2:], size, iterations)
    out[solutions.OBSERVED :][: x.size] = x
    return out


def _newton(x: np.ndarray, J: np.ndarray, evaluate: Any) -> tuple[systems.Network, float, int]:
    """Improve x in place by damped steps with slopes J, which are corrected; return the last network, |F| and steps."""

    def at(x: np.ndarray) -> tuple[systems.Network | None, np.ndarray]:
        try:
            network = evaluate(x)
        except (LinAlgError, OverflowError, ValueError, ZeroDivisionError):  # a step too far
            return None, np.full(x.size, math.inf)
        return network, np.array([residual.value for residual in network.residuals])

    network, F = at(x)
    size, halvings, step = float(np.abs(F).max()), 0, None
    for iteration in range(STEPS):  # noqa: B007
        if step is None:
            step = -np.linalg.solve(J, F)
            step /= max(1.0, float(np.abs(step).max()) / family.LONGEST_STEP)
        if size < family.TOLERANCE and float(np.abs(step).max()) < family.LAST_STEP:
            break
        further, G = at(x + step)
        new = float(np.abs(G).max())
        if further is not None and np.isfinite(G).all():
            J += np.outer(G - F - J @ step, step) / float(step @ step)  # Broyden
        if new < size:
            x += step
            network, F, size, halvings, step = further, G, new, 0, None
        elif halvings < HALVINGS and size >= family.TOLERANCE:
            step, halvings = 0.5 * step, halvings + 1
        else:
            break
    assert network is not None
    return network, size, iteration
