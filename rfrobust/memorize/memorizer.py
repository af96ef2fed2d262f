"""Networks that memorize cubes around samples exactly and leave a given network alone elsewhere.

Construction, proofs and parameter counts: docs/memorize, "Memorizers".
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ..support import validation
from .bricks import FORMS, block_layers, check_radii, clip_gate, exact_gate, product
from .network import ReLUNetwork, beside, check_network, compose, identity_layer, stack
from .separation import check_separation

#: Points whose neighbours are gathered at a time.
_BATCH = 256


@dataclass(frozen=True, eq=False)
class Memorizer:
    """``f_S = gate(f_clean, q)`` with ``q = s(A Gamma + a_0)`` and one block Gamma_i a memorized sample.

    Calling it evaluates only blocks that can fire, found by a neighbour search; :attr:`network` is the same function
    as one explicit :class:`ReLUNetwork`.

    Attributes
    ----------
    clean : ReLUNetwork
        The network that is kept off the blocks.
    centers : (N, D) array
        Memorized samples.
    values : (N, K) array
        ``f_S`` on the whole cube of each memorized sample.
    delta, theta : float
        Cube radius and transition width.
    bound : float
        B, at least ``|f_clean|`` on every enlarged cube.
    gate : ReLUNetwork
        Takes (f_clean, q).
    gate_name, form : str
        Which gate, and how the blocks are written (:func:`rfrobust.memorize.blocks`).
    aggregate, offset : (Q, N) csr_array, (Q,) array
        A and a_0.
    memorized : (N,) int array
        Rows of the training set that have a block.
    """

    clean: ReLUNetwork
    centers: np.ndarray
    values: np.ndarray
    delta: float
    theta: float
    bound: float
    gate: ReLUNetwork
    gate_name: str
    form: str
    aggregate: sparse.csr_array
    offset: np.ndarray
    memorized: np.ndarray

    def __call__(self, x: Any) -> np.ndarray:
        """Return ``f_S(x)``, shape (n, K), for points of shape (n, D)."""
        gamma = self.activations(x)
        q = np.maximum((self.aggregate @ gamma.T).toarray().T + self.offset, 0.0)
        return self.gate(np.concatenate([self.clean(x), q], axis=1))

    def activations(self, x: np.ndarray) -> sparse.csr_array:
        """Return the block outputs Gamma_i(x), sparse of shape (n, N)."""
        x = validation.real_array("x", x, shape=(None, self.clean.inputs))
        rows, columns, values = [], [], []
        for start in range(0, len(x), _BATCH):
            batch = x[start : start + _BATCH]
            near = self.tree.query_ball_point(batch, self.delta + self.theta, p=np.inf)
            for k, index in enumerate(near):
                if index:
                    centers = self.centers[index]
                    # The corners are rounded as in the network's biases, so that both agree to the last bit.
                    outside = np.maximum(batch[k] - (centers + self.delta), 0.0)
                    outside += np.maximum((centers - self.delta) - batch[k], 0.0)
                    rows.append(np.full(len(index), start + k))
                    columns.append(index)
                    values.append(np.maximum(1.0 - outside.sum(axis=1) / self.theta, 0.0))
        shape = (len(x), len(self.centers))
        if not rows:
            return sparse.csr_array(shape)
        coordinates = (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_array(sparse.coo_array((np.concatenate(values), coordinates), shape=shape))

    @cached_property
    def tree(self) -> cKDTree:
        """Neighbour search over the memorized samples."""
        return cKDTree(self.centers)

    @cached_property
    def network(self) -> ReLUNetwork:
        """The whole construction as one ReLU network (1.1 GB for 10,000 trapezoid blocks in 784 dimensions)."""
        clip = self.gate_name == "clip"
        # Block sums are never negative and the clip gate reads them once: next to a shallow clean network they
        # need no hidden layer of their own. The other gates read them several times, so a layer saves parameters.
        merge = clip and self.clean.depth <= 3
        depth = max(self.clean.depth, 3 if merge else 4)
        clean = self.clean.deepen(depth).layers
        first = block_layers(self.centers, self.delta, self.theta, self.form, clean[:2])
        sums = [(self.aggregate, self.offset), *[identity_layer(len(self.offset))] * (depth - 3)]
        return compose(self.gate, ReLUNetwork._from_layers([*first, *beside([clean[2:], sums])]))

    @property
    def extra_parameters(self) -> int:
        """Non-zero parameters of :attr:`network` beyond those of :attr:`clean`."""
        return self.network.parameters - self.clean.parameters

    def predict(self, x: Any) -> np.ndarray:
        """Return class indices: the largest output, or for one output 1 where it is positive and else 0."""
        return decide(self(x))

    def reaches(self, x: Any, radius: float) -> np.ndarray:
        """Return for each point whether its l_inf ball of this radius meets a block's support."""
        x = validation.real_array("x", x, shape=(None, self.clean.inputs))
        radius = validation.real_scalar("radius", radius, 0)
        limit = radius + self.delta + self.theta
        distance, _ = self.tree.query(x, p=np.inf, distance_upper_bound=np.nextafter(limit, np.inf))
        return distance < limit

    def restrict(self, x: Any, radius: float) -> "Memorizer":
        """Return the memorizer without the blocks that no l_inf ball of this radius around ``x`` meets.

        The two are the same function on these balls. At least one block is kept.
        """
        x = validation.real_array("x", x, shape=(None, self.clean.inputs))
        limit = validation.real_scalar("radius", radius, 0) + self.delta + self.theta
        near = self.tree.query_ball_point(x, limit, p=np.inf)
        keep = np.unique(np.concatenate([np.asarray(index, dtype=int) for index in near]))
        keep = keep if keep.size else np.zeros(1, dtype=int)
        return replace(
            self,
            centers=self.centers[keep],
            values=self.values[keep],
            aggregate=sparse.csr_array(self.aggregate[:, keep]),
            memorized=self.memorized[keep],
        )


def decide(outputs: np.ndarray) -> np.ndarray:
    """Return class indices for outputs (n, K): argmax, or for K = 1 whether the output is positive."""
    return (outputs[:, 0] > 0).astype(int) if outputs.shape[1] == 1 else outputs.argmax(axis=1)


def margins(lower: np.ndarray, upper: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the guaranteed margin of class ``classes[i]`` when outputs lie in [lower_i, upper_i]; shape (n,)."""
    if lower.shape[1] == 1:
        return np.where(classes == 1, lower[:, 0], -upper[:, 0])
    rows = np.arange(len(classes))
    others = upper.copy()
    others[rows, classes] = -np.inf
    return lower[rows, classes] - others.max(axis=1)


def class_indices(y: Any, count: int, outputs: int) -> np.ndarray:
    """Return class indices as integers for a network with this many outputs, or raise."""
    y = validation.real_array("y", y, 0, max(outputs, 2) - 1, shape=(count,))
    if (y != np.floor(y)).any():
        raise ValueError(f"y must hold class indices (integers), got {y[y != np.floor(y)][0]!r} in y")
    return y.astype(int)


def robust_memorizer(
    clean: ReLUNetwork,
    X: Any,
    y: Any,
    delta: float,
    theta: float,
    *,
    gate: str = "exact",
    form: str = "trapezoid",
    margin: float | None = None,
) -> Memorizer:
    """Make a classifier that is right on the whole l_inf cube of every sample and is ``clean`` off the blocks.

    ``f_S = f_clean (1 - 1{x in a cube}) + sum_i v_i 1{x in cube i}``, the indicators being blocks of width theta.

    Parameters
    ----------
    clean : ReLUNetwork
        One output (positive means class 1) for labels in {0, 1}, or K outputs (argmax) for labels in 0..K-1.
    X : (n, D) array
    y : (n,) int array
        Class indices.
    delta, theta : float
        Radius of the cubes and width of the transition.
    gate : {"exact", "clip"}
        ``"exact"``: ``s(f - B g) - s(-f - B g)``; the value on a cube is -1 or 1, or the unit vector of the class.
        ``"clip"`` (one output only): ``clip(f + (B+1) sum_i v_i Gamma_i, -1, 1)``, off the blocks ``clip(f, -1, 1)``,
        with N(12 D + 2) + 4 extra parameters for a clean network of two hidden layers.
    form : {"trapezoid", "hinge"}
        See :func:`rfrobust.memorize.blocks`.
    margin : float, optional
        Memorize only samples that ``clean`` does not provably classify with at least this margin (> 0) on the
        whole cube (interval propagation), and those whose cubes meet a block of another memorized one, where
        ``clean`` is no longer alone. Default: memorize all.

    Raises
    ------
    SeparationError
        If samples of different labels, one of them memorized, are closer than ``2 delta + theta``.
    ValueError
        If an argument is out of range, or ``margin`` leaves nothing to memorize.
    """
    X, delta, theta, form = _samples(clean, X, delta, theta, form)
    classes = max(clean.outputs, 2)
    y = class_indices(y, len(X), clean.outputs)
    gate = validation.choice("gate", gate, ("exact", "clip"))
    if gate == "clip" and clean.outputs > 1:
        raise ValueError(f"gate='clip' needs a clean network with one output, got {clean.outputs} outputs")
    memorized = np.arange(len(X))
    if margin is not None:
        margin = validation.real_scalar("margin", margin, 0, open_lower=True)
        fragile = margins(*clean.bounds(X - delta, X + delta), y) < margin
        if not fragile.any():
            raise ValueError(f"margin={margin:g} leaves no sample to memorize: clean is certified on all cubes")
        memorized = np.flatnonzero(_with_neighbours(X, fragile, 2 * delta + theta))
    check_separation(X, y, delta, theta, memorized)
    centers, labels = X[memorized], y[memorized]
    bound = _bound(clean, centers, delta + theta)
    used, codes = np.unique(labels, return_inverse=True)
    members = sparse.csr_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(used.size, len(codes)))
    targets = 2.0 * used[:, None] - 1.0 if clean.outputs == 1 else np.eye(classes)[used]
    if gate == "clip":
        aggregate, offset = members, np.zeros(used.size)
        total = np.zeros((2, 1 + used.size))
        total[0, 0], total[1, 1:] = 1.0, targets[:, 0]
        network = compose(clip_gate(bound), ReLUNetwork.affine(total, np.zeros(2)))
    else:
        # r_c = s(1 - sum of the blocks of class c) is 1 off them and 0 on a cube, however many of them overlap.
        aggregate, offset = sparse.csr_array(-members), np.ones(used.size)
        network = _class_gate(bound, targets)
    return Memorizer(
        clean, centers, targets[codes], delta, theta, bound, network, gate, form, aggregate, offset, memorized
    )


def student(
    teacher: ReLUNetwork,
    X: Any,
    y: Any,
    delta: float,
    theta: float,
    *,
    gate: str = "exact",
    form: str = "trapezoid",
    levels: int = 12,
) -> Memorizer:
    """Make a regression network equal to ``y_i`` on the l_inf cube of sample i and to ``teacher`` off the blocks.

    Parameters
    ----------
    teacher : ReLUNetwork
        One output, D inputs.
    X, y : (n, D) and (n,) arrays
        Samples; those with different ``y`` must be at least ``2 delta + theta`` apart, equal ones must not overlap.
    delta, theta : float
        Radius of the cubes and width of the transition; every theta gives another student.
    gate : {"exact", "product"}
        ``"exact"``: the teacher is kept exactly. ``"product"``: ``f (1 - g)`` by the squaring network, within
        ``B 2^{-2 levels - 2}`` of the teacher off the blocks
        inside the smallest box that holds the enlarged cubes (not outside it, where |f| may exceed B); on cubes
        exact up to the rounding of one sum.
    form : {"trapezoid", "hinge"}
        See :func:`rfrobust.memorize.blocks`.
    levels : int
        Hidden layers of the squaring networks (product gate only).

    Raises
    ------
    SeparationError
        If two samples are too close.
    """
    X, delta, theta, form = _samples(teacher, X, delta, theta, form)
    y = validation.real_array("y", y, shape=(len(X),))
    gate = validation.choice("gate", gate, ("exact", "product"))
    levels = validation.integer("levels", levels, 1)
    if teacher.outputs != 1:
        raise ValueError(f"teacher must have one output, got {teacher.outputs}")
    # Blocks add up, so even samples with equal values must not share points of a cube.
    check_separation(X, None, delta, theta)
    bound = _bound(teacher, X, delta + theta)
    aggregate = sparse.csr_array(np.stack([np.ones(len(y)), np.maximum(y, 0.0), np.maximum(-y, 0.0)]))
    if gate == "exact":
        kept = compose(exact_gate(bound), ReLUNetwork.affine(np.eye(2, 4), np.zeros(2)))
    else:
        corners = X.min(axis=0) - delta - theta, X.max(axis=0) + delta + theta
        bound = float(np.abs(teacher.bounds(*(corner[None, :] for corner in corners))).max()) or 1.0
        times = product(levels)
        factors = ReLUNetwork.affine([[1 / bound, 0, 0, 0], [0, -1, 0, 0]], [0, 1])
        kept = compose(ReLUNetwork.affine([[bound]], [0]), compose(times, factors))
    values = ReLUNetwork.affine(np.eye(4)[2:], np.zeros(2)).deepen(kept.depth, nonnegative=True)
    network = compose(ReLUNetwork.affine([[1, 1, -1]], [0]), stack([kept, values]))
    return Memorizer(
        teacher, X, y[:, None], delta, theta, bound, network, gate, form, aggregate, np.zeros(3), np.arange(len(X))
    )


def _class_gate(bound: float, targets: np.ndarray) -> ReLUNetwork:
    """Return ``(f, r) -> s(f - B g) - s(-f - B g) + sum_c (1 - r_c) v_c`` with ``g = sum_c (1 - r_c)``."""
    count, outputs = targets.shape
    eye, none = np.eye(outputs), np.zeros((outputs, count))
    total = np.full((outputs, count), bound)
    hidden = np.block([[eye, total], [-eye, total], [none.T, np.eye(count)]])
    bias = np.concatenate([np.full(2 * outputs, -bound * count), np.zeros(count)])
    return ReLUNetwork([hidden, np.hstack([eye, -eye, -targets.T])], [bias, targets.sum(axis=0)])


def _with_neighbours(X: np.ndarray, chosen: np.ndarray, radius: float) -> np.ndarray:
    """Return ``chosen`` with all samples that a chain of steps shorter than ``radius`` links to a chosen one."""
    chosen = chosen.copy()
    new = np.flatnonzero(chosen)
    while new.size and not chosen.all():
        rest = np.flatnonzero(~chosen)
        near, _ = cKDTree(X[new]).query(X[rest], p=np.inf, distance_upper_bound=radius)
        new = rest[np.isfinite(near)]
        chosen[new] = True
    return chosen


def _samples(
    network: ReLUNetwork, X: Any, delta: float, theta: float, form: str
) -> tuple[np.ndarray, float, float, str]:
    network = check_network("the network", network)
    X = validation.real_array("X", X, shape=(None, network.inputs))
    return X, *check_radii(delta, theta), validation.choice("form", form, FORMS)


def _bound(network: ReLUNetwork, centers: np.ndarray, radius: float) -> float:
    """B >= |f| on all enlarged cubes, by interval propagation, with a little room for its rounding."""
    lower, upper = network.bounds(centers - radius, centers + radius)
    return float(max(-lower.min(), upper.max(), 0.0)) * (1 + 1e-9)
