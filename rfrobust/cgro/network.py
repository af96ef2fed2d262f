"""The two-layer convolutional network, its attacks and its training, as compiled kernels."""

from typing import Any

import numpy as np

from ..support import balls, pgd, validation
from ..support.errors import DivergenceError
from ..support.jit import njit
from .problem import PatchAttack, PatchData, PatchProblem


@njit
def odd_power(z, q):
    """ReLU(z)^q - ReLU(-z)^q = sign(z) |z|^q."""
    size = abs(z)
    power = size
    for _ in range(q - 1):
        power *= size
    return power if z >= 0.0 else -power


@njit
def odd_power_slope(z, q):
    """Derivative q |z|^(q - 1)."""
    size = abs(z)
    slope = float(q)
    for _ in range(q - 1):
        slope *= size
    return slope


@njit
def logistic_pull(margin):
    """-d/dm log(1 + exp(-m)) = 1/(1 + exp(m)), without overflow."""
    if margin >= 0.0:
        tail = np.exp(-margin)
        return tail / (1.0 + tail)
    return 1.0 / (1.0 + np.exp(margin))


@njit
def _margins(rows, weights, y, q):
    """y_i f(x_i) for ``rows`` (N P, d)."""
    patches = rows.shape[0] // y.size
    z = np.dot(rows, weights.T)
    margins = np.zeros(y.size)
    for k in range(z.shape[0]):
        total = 0.0
        for r in range(z.shape[1]):
            total += odd_power(z[k, r], q)
        margins[k // patches] += y[k // patches] * total
    return margins


@njit
def _slope_rows(rows, weights, q):
    """phi'(<w_r, x[j]>) for every patch and filter."""
    z = np.dot(rows, weights.T)
    for k in range(z.shape[0]):
        for r in range(z.shape[1]):
            z[k, r] = odd_power_slope(z[k, r], q)
    return z


@njit
def _descend(rows, adversarial, weights, y, q, lam, step, count):
    """``count`` steps of gradient descent on the clean and the adversarial examples."""
    patches = rows.shape[0] // y.size
    rate = step / y.size
    for _ in range(count):
        update = np.zeros_like(weights)
        for half in range(2 if lam > 0.0 else 1):
            points = rows if half == 0 else adversarial
            share = rate if half == 0 else rate * lam
            pull = _margins(points, weights, y, q)
            slopes = _slope_rows(points, weights, q)
            for k in range(slopes.shape[0]):
                factor = share * y[k // patches] * logistic_pull(pull[k // patches])
                for r in range(slopes.shape[1]):
                    slopes[k, r] *= factor
            update += np.dot(slopes.T, points)
        weights = weights + update
    return weights


@njit
def _descend_gram(gram, z, u, y, owner, clean_gain, robust_gain, q, lam, step, count, stop_margin, enough, used):
    """Gradient descent under the structured attack in the inner products of weights and training patches.

    Noise is orthogonal to w*, so the signal parts ``u`` (m,) and the noise parts ``z`` (N(P-1), m) move on
    their own: z changes by gram @ coefficients (docs, cgro, section 2). ``used`` sums the coefficients, from
    which the weights follow. Stops once ``enough`` adversarial margins are >= ``stop_margin``; returns steps done.
    """
    samples = y.size
    rate = step / samples
    memory = np.empty(samples)
    coefficients = np.empty_like(z)
    pull = np.empty(samples)
    for done in range(count):
        signal = 0.0
        for r in range(u.size):
            signal += odd_power(u[r], q)
        memory[:] = 0.0
        for k in range(z.shape[0]):
            total = 0.0
            for r in range(z.shape[1]):
                total += odd_power(z[k, r], q)
            memory[owner[k]] += y[owner[k]] * total
        drive = 0.0
        past = 0
        for i in range(samples):
            robust_margin = robust_gain * signal + memory[i]
            past += robust_margin >= stop_margin
            clean = logistic_pull(clean_gain * signal + memory[i])
            robust = lam * logistic_pull(robust_margin)
            drive += clean_gain * clean + robust_gain * robust
            pull[i] = clean + robust
        if past >= enough:
            return done
        for k in range(z.shape[0]):
            factor = rate * y[owner[k]] * pull[owner[k]]
            for r in range(z.shape[1]):
                coefficients[k, r] = factor * odd_power_slope(z[k, r], q)
                used[k, r] += coefficients[k, r]
        z += np.dot(gram, coefficients)
        for r in range(u.size):
            u[r] += rate * drive * odd_power_slope(u[r], q)
    return count


def _rows(data: PatchData) -> np.ndarray:
    return np.ascontiguousarray(data.x.reshape(-1, data.x.shape[2]))


@validation.typed
def margins(weights: np.ndarray, data: PatchData, q: int) -> np.ndarray:
    r"""Return :math:`y_i f(x_i)` for every example.

    Parameters
    ----------
    weights : array of shape (m, d)
    data : PatchData
    q : int
        Power of the activation.

    Returns
    -------
    array of shape (N,)
    """
    weights = validation.real_array("weights", weights, shape=(None, data.x.shape[2]))
    return _margins(_rows(data), weights, data.y, validation.integer("q", q, 2, 8))


@validation.typed
def attacked(weights: np.ndarray, data: PatchData, problem: PatchProblem, attack: PatchAttack) -> PatchData:
    """Return the examples after the attack.

    The gradient attacks start at the clean example and return the point of the least margin they met, so that they
    never help the network: an upper bound of the least margin in the ball. :func:`margin_bounds` has a lower one.

    Parameters
    ----------
    weights : array of shape (m, d)
    data : PatchData
    problem : PatchProblem
    attack : PatchAttack

    Returns
    -------
    PatchData
    """
    weights = validation.real_array("weights", weights, shape=(None, problem.dim))
    x = data.x.copy()
    if attack.kind == "structured":
        left = problem.alpha - problem.delta
        x[np.arange(len(data.y)), data.signal] = left * data.y[:, None] * data.direction
    elif attack.target == "all":
        x = _ascended(x, weights, data.y, problem, attack).reshape(x.shape)
    else:
        moved = np.arange(len(data.y))[:, None], data.signal[:, None]
        x[moved] = _ascended(x[moved], weights, data.y, problem, attack).reshape(-1, 1, problem.dim)
    return PatchData(x, data.y, data.signal, data.direction)


def _ascended(
    patches: np.ndarray, weights: np.ndarray, y: np.ndarray, problem: PatchProblem, attack: PatchAttack
) -> np.ndarray:
    """Move ``patches`` (N, any number, d) to lower margins; those held fixed add constants, so they are not here."""
    radius = attack.radius_for(problem)
    if radius == 0.0:
        return patches
    if attack.kind == "linf":  # a cube is a product: every patch is attacked by itself
        y, patches = np.repeat(y, patches.shape[1]), patches.reshape(-1, 1, problem.dim)
    centre, rng = patches.reshape(len(y), -1), np.random.default_rng(0)

    def evaluate(points: np.ndarray, sloped: bool, rows: Any = slice(None), goals: Any = -1) -> tuple[np.ndarray, Any]:
        flat, labels = points.reshape(-1, problem.dim), y[rows]
        values = -_margins(flat, weights, labels, problem.q)
        if not sloped:
            return values, None
        pull = (_slope_rows(flat, weights, problem.q) @ weights).reshape(points.shape)
        return values, -labels[:, None] * pull

    here, falling = balls.Ball(centre, radius, balls.NORMS[attack.kind]), pgd.falling_steps(radius, attack.steps)
    best = pgd.ascend(evaluate, centre, pgd.even_steps(radius, attack.steps), here)
    if attack.restarts != 0:
        # Random starts miss the strongest filters in high dimension: start from the worst points of each filter too.
        for alone in np.einsum("rd,jk->rjkd", weights, np.eye(patches.shape[1])).reshape(-1, 1, centre.shape[1]):
            start = centre - radius * y[:, None] * balls.steepest(alone, here.norm)
            best = pgd.ascend(evaluate, start, falling, here, momentum=pgd.MOMENTUM, best=best)
    return pgd.search(evaluate, here, best, attack.steps, attack.restarts, rng).points


@validation.typed
def loss(weights: np.ndarray, data: PatchData, problem: PatchProblem, attack: PatchAttack | None = None) -> float:
    r"""Return :math:`\frac1N \sum_i [\ell(y_i f(x_i)) + \lambda\,\ell(y_i f(\tilde x_i))]`."""
    robust = attacked(weights, data, problem, attack or PatchAttack())
    clean_part = np.logaddexp(0.0, -margins(weights, data, problem.q)).mean()
    robust_part = np.logaddexp(0.0, -margins(weights, robust, problem.q)).mean()
    return float(clean_part + problem.lam * robust_part)


@validation.typed
def descend(
    weights: np.ndarray, data: PatchData, problem: PatchProblem, count: int, attack: PatchAttack | None = None
) -> np.ndarray:
    """Take ``count`` steps of full-batch gradient descent in the weights, under any attack.

    Parameters
    ----------
    weights : array of shape (m, d)
        Left unchanged.
    data : PatchData
    problem : PatchProblem
    count : int
        Steps (>= 0).
    attack : PatchAttack, optional
        The structured attack by default; the others are computed afresh at every step, without restarts unless
        ``attack`` says how many: what training resists is no robust accuracy.

    Returns
    -------
    array of shape (m, d)

    Raises
    ------
    DivergenceError
        If the weights overflow (the step is too long).
    """
    attack = (attack or PatchAttack()).once()
    weights = validation.real_array("weights", weights, shape=(None, problem.dim))
    count = validation.integer("count", count, 0)
    rows = _rows(data)
    # The structured attack does not look at the weights, so that one attack serves all steps.
    stretches = [count] if attack.kind == "structured" or problem.lam == 0 else [1] * count
    for stretch in stretches:
        adversarial = _rows(attacked(weights, data, problem, attack))
        weights = _descend(rows, adversarial, weights, data.y, problem.q, problem.lam, problem.step, stretch)
    return _finite(weights, problem)


class GramDescent:
    """Gradient descent under the structured attack, in inner products: same weights, fewer operations.

    A step costs (N(P-1))^2 m operations instead of 4 N P d m, and nothing of size d.

    Parameters
    ----------
    problem : PatchProblem
    data : PatchData
    weights : array of shape (m, d)
        Weights at the start.
    """

    @validation.typed
    def __init__(self, problem: PatchProblem, data: PatchData, weights: np.ndarray) -> None:
        self.problem = problem
        self.data = data
        self.start = validation.real_array("weights", weights, shape=(None, problem.dim))
        noise = data.noise()
        self._noise = noise.reshape(-1, problem.dim)
        self._owner = np.repeat(np.arange(len(data.y)), noise.shape[1])
        self._gram = self._noise @ self._noise.T
        self._used = np.zeros((len(self._noise), len(self.start)))
        self.z = np.ascontiguousarray(self._noise @ self.start.T)
        self.u = self.start @ data.direction
        self.steps = 0

    def run(self, count: int, stop_margin: float = np.inf, fraction: float = 1.0) -> int:
        """Take up to ``count`` steps and return how many were taken.

        Stops once a ``fraction`` (in (0, 1]) of the adversarial margins reaches ``stop_margin``.
        """
        problem = self.problem
        stop = validation.real_scalar("stop_margin", stop_margin, allow_inf=True)
        share = validation.real_scalar("fraction", fraction, 0.0, 1.0, open_lower=True)
        done = _descend_gram(
            self._gram,
            self.z,
            self.u,
            self.data.y,
            self._owner,
            problem.clean_gain,
            problem.robust_gain,
            problem.q,
            problem.lam,
            problem.step,
            validation.integer("count", count, 0),
            stop,
            int(np.ceil(share * problem.samples - 1e-9)),
            self._used,
        )
        _finite(self.z, problem)
        _finite(self.u, problem)
        self.steps += done
        return done

    @property
    def weights(self) -> np.ndarray:
        """Weights reached, shape (m, d)."""
        start_signal = self.start @ self.data.direction
        return self.start + self._used.T @ self._noise + np.outer(self.u - start_signal, self.data.direction)


def _finite(values: np.ndarray, problem: PatchProblem) -> np.ndarray:
    if not np.isfinite(values).all():
        raise DivergenceError(f"gradient descent overflowed at step={problem.step:g}: shorten the step")
    return values
