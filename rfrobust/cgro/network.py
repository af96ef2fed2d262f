"""The two-layer convolutional network, its attacks and its training, as compiled kernels."""

import numpy as np

from ..support import validation
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
def _projected_descent(rows, movable, weights, y, q, radius, steps, euclidean):
    """Perturbed rows with the least margin met on a projected gradient path from the clean point."""
    patches = rows.shape[0] // y.size
    length = 2.5 * radius / steps
    current = rows.copy()
    best = rows.copy()
    least = _margins(rows, weights, y, q)
    for _ in range(steps):
        gradient = np.dot(_slope_rows(current, weights, q), weights)
        for i in range(y.size):
            first = i * patches
            norm = 0.0
            for k in range(first, first + patches):
                if movable[k]:
                    norm += np.dot(gradient[k], gradient[k])
            norm = np.sqrt(norm)
            if norm == 0.0:
                continue
            reach = 0.0
            for k in range(first, first + patches):
                if not movable[k]:
                    continue
                for a in range(rows.shape[1]):
                    slope = y[i] * gradient[k, a]
                    move = length * (slope / norm if euclidean else np.sign(slope))
                    shift = current[k, a] - move - rows[k, a]
                    if not euclidean:
                        shift = min(radius, max(-radius, shift))
                    current[k, a] = rows[k, a] + shift
                    reach += shift * shift
            reach = np.sqrt(reach)
            if euclidean and reach > radius:
                for k in range(first, first + patches):
                    if movable[k]:
                        for a in range(rows.shape[1]):
                            current[k, a] = rows[k, a] + (current[k, a] - rows[k, a]) * radius / reach
        margins = _margins(current, weights, y, q)
        for i in range(y.size):
            if margins[i] < least[i]:
                least[i] = margins[i]
                best[i * patches : (i + 1) * patches] = current[i * patches : (i + 1) * patches]
    return best


@njit
def _descend(rows, adversarial, movable, weights, y, q, lam, step, count, kind, radius, attack_steps):
    """``count`` steps of gradient descent; ``kind`` 0 keeps ``adversarial``, 1 and 2 attack afresh (l2, linf)."""
    patches = rows.shape[0] // y.size
    rate = step / y.size
    for _ in range(count):
        if kind > 0 and lam > 0.0:
            adversarial = _projected_descent(rows, movable, weights, y, q, radius, attack_steps, kind == 1)
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


def _movable(data: PatchData, target: str) -> np.ndarray:
    patch = np.arange(data.x.shape[1])
    return ((patch == data.signal[:, None]) | (target == "all")).ravel()


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


def attacked(weights: np.ndarray, data: PatchData, problem: PatchProblem, attack: PatchAttack) -> PatchData:
    """Return the examples after the attack.

    The gradient attacks start at the clean example and return the point of the least margin on their path, so
    they never help the network.

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
    if attack.kind == "structured":
        x = data.x.copy()
        left = problem.alpha - problem.delta
        x[np.arange(len(data.y)), data.signal] = left * data.y[:, None] * data.direction
    else:
        x = _projected_descent(
            _rows(data),
            _movable(data, attack.target),
            weights,
            data.y,
            problem.q,
            attack.radius_for(problem),
            attack.steps,
            attack.kind == "l2",
        ).reshape(data.x.shape)
    return PatchData(x, data.y, data.signal, data.direction)


def loss(weights: np.ndarray, data: PatchData, problem: PatchProblem, attack: PatchAttack | None = None) -> float:
    r"""Return :math:`\frac1N \sum_i [\ell(y_i f(x_i)) + \lambda\,\ell(y_i f(\tilde x_i))]`."""
    robust = attacked(weights, data, problem, attack or PatchAttack())
    clean_part = np.logaddexp(0.0, -margins(weights, data, problem.q)).mean()
    robust_part = np.logaddexp(0.0, -margins(weights, robust, problem.q)).mean()
    return float(clean_part + problem.lam * robust_part)


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
        The structured attack by default; the others are computed afresh at every step.

    Returns
    -------
    array of shape (m, d)

    Raises
    ------
    DivergenceError
        If the weights overflow (the step is too long).
    """
    attack = attack or PatchAttack()
    weights = validation.real_array("weights", weights, shape=(None, problem.dim))
    count = validation.integer("count", count, 0)
    result = _descend(
        _rows(data),
        _rows(attacked(weights, data, problem, PatchAttack())),
        _movable(data, attack.target),
        weights,
        data.y,
        problem.q,
        problem.lam,
        problem.step,
        count,
        ("structured", "l2", "linf").index(attack.kind),
        attack.radius_for(problem),
        attack.steps,
    )
    return _finite(result, problem)


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
