"""Exact verification of memorizers and networks: structured intervals, an exact program, and an attack as cross-check.

Proofs: docs/memorize, "Verification".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse

from ..support import validation
from ..support.balls import Ball
from ..support.errors import NumericalError
from ..support.pgd import ascend, even_steps, margin, rivals, rounds, search
from .memorizer import Memorizer, class_indices, decide, margins
from .network import ReLUNetwork, check_network

#: Cubes whose intervals are propagated at a time.
_BATCH = 512


@dataclass(frozen=True, eq=False)
class Verification:
    """Guaranteed range of the outputs on the l_inf cube of each sample.

    Attributes
    ----------
    lower, upper : (n, K) arrays
        ``lower_i <= f_S(x) <= upper_i`` for every x in cube i; equal where f_S is proved constant there.
    """

    lower: np.ndarray
    upper: np.ndarray

    def margin(self, y: Any) -> np.ndarray:
        """Return the guaranteed classification margin of class indices ``y``; positive is a proof."""
        return margins(self.lower, self.upper, class_indices(y, *self.lower.shape))

    def robust_error(self, y: Any) -> float:
        """Return the fraction of samples not proved robust; 0 proves robust training error 0."""
        return float(np.mean(self.margin(y) <= 0))

    def largest_deviation(self, values: Any) -> float:
        """Return the largest ``|f_S(x) - value_i|`` the ranges allow, over all cubes; 0 proves exact memory."""
        values = validation.real_array("values", values, shape=self.lower.shape)
        return float(np.maximum(self.upper - values, values - self.lower).max())


def verify(memorizer: Memorizer, X: Any, delta: float) -> Verification:
    """Prove bounds of ``f_S`` on the whole l_inf cube of radius ``delta`` around each row of X.

    A block is a decreasing function of a sum over coordinates, so its range over a cube is exact, coordinate by
    coordinate; these ranges then go through sums and gate by interval arithmetic, which is exact where the blocks are
    constant. No sampling: the result holds for every point of the cubes (docs/memorize, "Verification").

    The proof is of the function f_S as :class:`Memorizer` evaluates it; its explicit ``network`` differs by rounding,
    in the form of trapezoids by some 1e-16 D max|x|/theta.
    """
    if not isinstance(memorizer, Memorizer):
        raise TypeError(f"memorizer must be a Memorizer, got {type(memorizer).__name__}")
    X = validation.real_array("X", X, shape=(None, memorizer.clean.inputs))
    delta = validation.real_scalar("delta", delta, 0)
    count = len(memorizer.centers)
    low = np.empty((len(X), memorizer.gate.outputs))
    high = np.empty_like(low)
    for start in range(0, len(X), _BATCH):
        batch = X[start : start + _BATCH]
        lower, upper = batch - delta, batch + delta
        gammas: tuple[list[float], list[float]] = ([], [])
        rows: list[int] = []
        columns: list[int] = []
        near = memorizer.tree.query_ball_point(batch, delta + memorizer.delta + memorizer.theta, p=np.inf)
        for k, index in enumerate(near):
            if index:
                a = memorizer.centers[index] - memorizer.delta
                b = memorizer.centers[index] + memorizer.delta
                nearest = np.maximum(lower[k] - b, 0.0) + np.maximum(a - upper[k], 0.0)
                # The distance to [a, b] is convex in the coordinate: its maximum is at an end.
                farthest = np.maximum(np.maximum(upper[k] - b, a - lower[k]), 0.0)
                rows += [k] * len(index)
                columns += index
                for store, outside in zip(gammas, (farthest, nearest), strict=True):
                    store.extend(np.maximum(1.0 - outside.sum(axis=1) / memorizer.theta, 0.0))
        shape = (len(batch), count)
        gamma = [sparse.csr_array(sparse.coo_array((g, (rows, columns)), shape=shape)) for g in gammas]
        plus, minus = memorizer.aggregate.maximum(0.0), memorizer.aggregate.minimum(0.0)
        q = [
            np.maximum((plus @ gamma[s].T + minus @ gamma[1 - s].T).toarray().T + memorizer.offset, 0.0) for s in (0, 1)
        ]
        f = memorizer.clean.bounds(lower, upper)
        here = slice(start, start + _BATCH)
        low[here], high[here] = memorizer.gate.bounds(np.hstack([f[0], q[0]]), np.hstack([f[1], q[1]]))
    return Verification(low, high)


def minimum(network: ReLUNetwork, lower: Any, upper: Any, objective: Any) -> tuple[float, np.ndarray]:
    """Return the exact minimum of ``<objective, f(x)>`` over one box and a minimizer.

    A mixed-integer linear program: one binary for each neuron whose sign interval propagation leaves open, so it is for
    small networks and boxes. The value is of the network at the minimizer, which the program's bound confirms.

    Parameters
    ----------
    lower, upper : (inputs,) arrays
    objective : (outputs,) array

    Raises
    ------
    NumericalError
        If the solver does not prove optimality, or its optimum differs from the network's value there.
    """
    network = check_network("network", network)
    lower = validation.real_array("lower", lower, shape=(network.inputs,))
    upper = validation.real_array("upper", upper, shape=(network.inputs,))
    objective = validation.real_array("objective", objective, shape=(network.outputs,))
    if (upper < lower).any():
        raise ValueError("upper must be >= lower in every coordinate")
    last = sparse.csr_array(objective[None] @ network.weights[-1]), objective @ network.biases[-1][:, None]
    goal = ReLUNetwork._from_layers((*network.layers[:-1], last))
    pre = goal._propagate(lower[:, None], upper[:, None], goal.depth)
    sizes = [network.inputs, *(b.size for b in goal.biases[:-1])]
    starts = np.cumsum([0, *sizes])
    binaries = [np.flatnonzero((lo[:, 0] < 0) & (hi[:, 0] > 0)) for lo, hi in pre[:-1]]
    offsets = starts[-1] + np.cumsum([0, *(len(index) for index in binaries)])
    total = int(offsets[-1])
    low, high = np.zeros(total), np.ones(total)
    low[: sizes[0]], high[: sizes[0]] = lower, upper
    rows, lows, highs = [], [], []

    for k, (w, b) in enumerate(goal.layers[:-1]):
        lo, hi = (side[:, 0] for side in pre[k])
        here = slice(starts[k + 1], starts[k + 2])
        low[here], high[here] = np.maximum(lo, 0.0), np.maximum(hi, 0.0)
        # h = s(z), z = W h' + b:  h >= z;  h = z if surely active;  h <= z - lo (1 - t), h <= hi t if open.
        affine = sparse.lil_array((b.size, total))
        affine[:, starts[k] : starts[k + 1]] = -w
        affine[np.arange(b.size), np.arange(here.start, here.stop)] = 1.0
        rows.append(sparse.csr_array(affine))
        lows.append(b)
        highs.append(np.where(lo >= 0, b, np.inf))
        index = binaries[k]
        if index.size:
            t = np.arange(offsets[k], offsets[k + 1])
            place = np.arange(index.size)
            first = sparse.lil_array(affine[index])
            first[place, t] = -lo[index]
            second = sparse.lil_array((index.size, total))
            second[place, here.start + index] = 1.0
            second[place, t] = -hi[index]
            rows += [sparse.csr_array(first), sparse.csr_array(second)]
            lows += [np.full(index.size, -np.inf)] * 2
            highs += [b[index] - lo[index], np.zeros(index.size)]
    cost = np.zeros(total)
    cost[starts[-2] : starts[-1]] = goal.weights[-1].toarray()[0]
    constraints = []
    if rows:
        matrix = sparse.vstack(rows, format="csc")
        constraints.append(optimize.LinearConstraint(matrix, np.concatenate(lows), np.concatenate(highs)))
    integrality = np.zeros(total)
    integrality[starts[-1] :] = 1
    limits, exact = optimize.Bounds(low, high), {"mip_rel_gap": 0.0}
    result = optimize.milp(cost, integrality=integrality, bounds=limits, constraints=constraints, options=exact)
    if result.status != 0:
        raise NumericalError(f"the exact minimum was not found: {result.message}")
    point = np.clip(result.x[: sizes[0]], lower, upper)
    value = float(goal(point[None])[0, 0])
    solved = float(result.fun + goal.biases[-1][0])
    if abs(value - solved) > 1e-5 * max(1.0, abs(solved), network.largest_weight):
        raise NumericalError(f"the solver's optimum {solved:g} is not the network's value {value:g} there")
    return value, point


def pgd(
    network: ReLUNetwork,
    X: Any,
    y: Any,
    radius: float,
    *,
    steps: int = 20,
    restarts: int | None = None,
    box: tuple[float, float] | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Attack a classifier inside l_inf balls by projected gradient ascent on the margin; return the worst points.

    Sign steps of ``2.5 radius/steps`` from the sample, then falling ones towards each other class and, in
    rounds, from random points and points around the best one, projected on the ball (and on ``box``, the range of valid
    inputs); of all iterates the one with the least margin is kept. By default a sample is attacked until twelve rounds
    in a row have not moved its margin by a thousandth of its fall. A lower bound of what an attacker can do; upper ones
    are :meth:`ReLUNetwork.bounds` (:func:`robust_error_bounds`) and, exact, :func:`minimum`.

    Returns
    -------
    (n, D) array
    """
    network = check_network("network", network)
    X = validation.real_array("X", X, shape=(None, network.inputs))
    radius = validation.real_scalar("radius", radius, 0)
    steps = validation.integer("steps", steps, 1)
    restarts = rounds(restarts)
    rng = np.random.default_rng(validation.integer("seed", seed, 0))
    if box is not None:
        edges = validation.real_array("box", box, shape=(2,))
        if not edges[0] < edges[1] or X.min() < edges[0] or X.max() > edges[1]:
            raise ValueError(f"box must be increasing and hold all samples, got box={box!r}")
    classes = class_indices(y, len(X), network.outputs)
    goal_classes = rivals(network(X), classes) if network.outputs > 1 else np.full((len(X), 1), -1)

    def evaluate(
        points: np.ndarray, sloped: bool, rows: Any = slice(None), goals: Any = -1
    ) -> tuple[np.ndarray, np.ndarray | None]:
        out, true = network(points), classes[rows]
        if network.outputs == 1:
            cotangent = 1.0 - 2.0 * true[:, None]
            values = cotangent[:, 0] * out[:, 0]
        else:
            goal = np.where(goals < 0, -1, goal_classes[rows][np.arange(len(points)), goals])
            values, cotangent = margin(out, true, goal)
        return values, network.gradient(points, cotangent) if sloped else None

    ball = Ball(X, radius, np.inf, box)
    best = ascend(evaluate, X, even_steps(radius, steps), ball)
    return search(evaluate, ball, best, steps, restarts, rng, goals=goal_classes.shape[1]).points


def robust_error_bounds(network: ReLUNetwork, X: Any, y: Any, radius: float, **attack: Any) -> tuple[float, float]:
    """Return bounds of the robust error: :func:`robust_error`, and the fraction not proved robust by intervals.

    The intervals are those of :meth:`ReLUNetwork.bounds` on the whole l_inf balls, whatever ``box`` is.
    """
    lower = robust_error(network, X, y, radius, **attack)
    X = validation.real_array("X", X)
    proof = Verification(*network.bounds(X - radius, X + radius))
    return lower, max(lower, proof.robust_error(y))


def robust_error(network: ReLUNetwork, X: Any, y: Any, radius: float, **attack: Any) -> float:
    """Return the fraction of samples misclassified at the points of :func:`pgd`: at most the robust error."""
    return float(np.mean(decide(network(pgd(network, X, y, radius, **attack))) != np.asarray(y)))
