"""What the least margin in the ball of an attack is known to be."""

import numpy as np
from scipy.optimize import brentq

from ..support import validation
from .network import attacked, margins
from .problem import PatchAttack, PatchData, PatchProblem
from .trajectory import odd


@validation.typed
def margin_bounds(
    weights: np.ndarray, data: PatchData, problem: PatchProblem, attack: PatchAttack
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return a lower and an upper bound of :math:`\min_{\tilde x} y_i f(\tilde x)` over the ball of ``attack``.

    Upper: the margin after the attack. Lower: with :math:`a_{rj} = y\langle w_r, x[j]\rangle` a ball of radius R moves
    each of them by at most :math:`h_r = R|w_r|_*` (Hoelder), and above :math:`a - h` the odd power lies above the line
    of its convex envelope there, of slope :math:`s_{rj}`. The sum of the lines is least in the dual norm:

    .. math:: \sum_{rj} [\phi(a_{rj} - h_r) + s_{rj} h_r] - R\,\big|(\textstyle\sum_r s_{rj} w_r)_j\big|_* .

    Parameters
    ----------
    weights : array of shape (m, d)
    data : PatchData
    problem : PatchProblem
    attack : PatchAttack
        For the structured attack, a single point, both bounds are the margin there.

    Returns
    -------
    lower, upper : arrays of shape (N,)
        Equal, up to the search, for a single filter on the signal patch.

    Notes
    -----
    Derived here (docs, cgro, section 1). :math:`s = 0` would be interval propagation, which is never better.
    """
    upper = margins(weights, attacked(weights, data, problem, attack), problem.q)
    if attack.kind == "structured":
        return upper, upper
    weights, q, radius = np.asarray(weights, dtype=float), problem.q, attack.radius_for(problem)
    order = 2 if attack.kind == "l2" else 1
    moved = (np.arange(data.x.shape[1]) == data.signal[:, None]) | (attack.target == "all")
    reach = radius * np.linalg.norm(weights, order, axis=1) * moved[..., None]
    low = data.y[:, None, None] * (data.x @ weights.T) - reach
    slopes = _envelope_slopes(low, low + 2.0 * reach, q) * moved[..., None]
    dual = np.linalg.norm((slopes @ weights).reshape(len(low), -1), order, axis=1)
    lower = (odd(low, q) + slopes * reach).sum(axis=(1, 2)) - radius * dual
    return np.minimum(lower, upper), upper


def _envelope_slopes(low: np.ndarray, high: np.ndarray, q: int) -> np.ndarray:
    """Return the slope at ``low`` of the largest convex function below the odd power on [low, high]."""
    # From l < 0 the envelope is a chord until it touches the power, at -c l with (q - 1) c^q + q c^(q-1) = 1, or ends.
    touch = -low * brentq(lambda c: (q - 1) * c**q + q * c ** (q - 1) - 1.0, 0.0, 1.0)
    tangent = q * np.abs(np.where(low < 0.0, touch, low)) ** (q - 1)
    chord = (odd(high, q) - odd(low, q)) / np.where(high > low, high - low, 1.0)
    return np.where(touch > high, chord, tangent)
