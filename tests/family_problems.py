"""Problems of every loss and attack norm for the engine: tables of losses, and random problems of each kind."""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import cfunc, types

from rfrobust.engine import family
from rfrobust.engine.channels import LossTable, Mixture
from rfrobust.engine.coordinates import dual_norm
from rfrobust.engine.equations import parameters
from rfrobust.problem.activation import RELU
from rfrobust.problem.noise import GaussianMixture
from tests import family_reference

INF = math.inf
JET = types.UniTuple(types.float64, 3)(types.float64)


def table(borders, anchor, value, slope, bend, smooth=0.0):
    columns = (borders, anchor, value, slope, bend, np.full(len(anchor), smooth))
    return LossTable(*(np.array(column, dtype=float) for column in columns))


SQUARE = table((0, INF), (0,), (0,), (0,), (1,))
ABSOLUTE = table((0, INF), (0,), (0,), (1,), (0,))
HINGE = table((-INF, 1, INF), (1, 1), (0, 0), (-1, 0), (0, 0))
LOGISTIC = table((-INF, INF), (0,), (0,), (0,), (0,), 2.0)
LOG_COSH = table((0, INF), (0,), (0,), (0,), (0,), 1.0)


def huber(delta):
    return table((0, delta, INF), (0, delta), (0, delta * delta / 2), (0, delta), (1, 0))


@cfunc(JET)
def logistic(z):
    tail = math.exp(-abs(z))
    inverse = 1.0 / (1.0 + tail)
    return math.log1p(tail) + max(-z, 0.0), -(tail if z > 0 else 1.0) * inverse, tail * inverse * inverse


@cfunc(JET)
def log_cosh(z):
    slope = math.tanh(z)
    return z + math.log1p(math.exp(-2.0 * z)) - math.log(2.0), slope, 1.0 - slope * slope


class Setting(NamedTuple):
    """Arguments of the kernels of :mod:`rfrobust.engine.family` after the parameters."""

    law: Any
    norm: Any
    noise: Any
    margin: bool
    loss: Any
    jet: Any

    @property
    def unknowns(self):
        return (4 if self.noise is None else 3) + (0 if self.norm is None else 2)

    def threshold(self, p):
        """Return eps_c and the residual of its equations."""
        return family.threshold(p, *self)

    def solve(self, p, ratio, x=None):
        """Return status, largest residual, iterations and the unknowns, from x if there is one."""
        warm = x is not None
        x = x.copy() if warm else np.empty(self.unknowns)
        return *family.solve(x, warm, ratio, p, *self), x


LOSSES = {"square": SQUARE, "absolute": ABSOLUTE, "logistic": LOGISTIC, "hinge": HINGE}
NORMS = {"l2": None, "l_inf": dual_norm(1.0), "l_1.5": dual_norm(3.0)}
#: (loss, data, norm); "located" noise is another kind of data
KINDS = [
    (loss, data, norm)
    for data, losses in (
        ("gaussian", ("square", "huber", "absolute")),
        ("mixture", ("square", "huber", "absolute")),
        ("labels", ("logistic", "hinge", "square")),
    )
    for loss in losses
    for norm in NORMS
]


def mixture(deviations, weights, centres=None):
    """Return the mixture of these Gaussians, centres in mirrored pairs; centred ones without centres."""
    centres = np.zeros(len(weights)) if centres is None else np.array(centres, dtype=float)
    return Mixture(np.array(deviations, dtype=float), np.array(weights, dtype=float), centres)


def setting_of(loss, *, noise=None, norm=None):
    """Return the :class:`Setting` of a loss (a table, or its name), noise as for :func:`mixture`, None for labels."""
    noise = None if noise is None else mixture(*noise)
    table_ = LOSSES[loss] if isinstance(loss, str) else loss
    jet = {id(LOGISTIC): logistic, id(LOG_COSH): log_cosh}.get(id(table_))
    margin = bool(table_.borders[0] == -INF)
    return Setting(None, norm, noise, margin, table_, jet)


def sparse(share):
    """Return a signal of which this share of the coordinates is Gaussian, the others 0."""
    return (1.0 - share, share), (0.0, 1.0 / math.sqrt(share)), (0.0, 0.0)


RADEMACHER = ((1.0,), (0.0,), (1.0,))


def random_norm(name, rng):
    """Return the norm with a law of the signal: Gaussian, sparse or of two points."""
    norm = NORMS[name]
    choice = rng.integers(4)
    if norm is None or choice < 2:
        return norm
    law = RADEMACHER if choice == 2 else sparse(10.0 ** rng.uniform(-2.0, 0.0))
    return norm._replace(**dict(zip(("shares", "deviations", "centres"), map(np.array, law), strict=True)))


def random_law(rng):
    """Return two to five Gaussians, half of them points, with centres over three decades and often at 0."""
    size = int(rng.integers(2, 6))
    deviations, centres = 10.0 ** rng.uniform(-2.5, 0.5, (2, size)) * (rng.random((2, size)) < 0.5)
    return GaussianMixture(deviations, rng.dirichlet(np.ones(size)), centres)


def random_problem(kind, rng):
    """Return (p, eps/eps_c, setting) over three decades of every parameter; what may vanish does so often."""
    loss, data, norm = kind
    decades = 10.0 ** rng.uniform(-1.5, 1.5, 6)
    psi1, psi2, tau, ridge, penalty, delta = decades * (1.0, 1.0, 0.1, 0.03, 0.1, 0.1)
    ridge *= rng.random() < 0.7
    penalty *= norm == "l2" and rng.random() < 0.3
    noise = None
    if data == "gaussian":
        noise = ((tau,), (1.0,))
    elif data == "mixture":
        share = rng.uniform(0.02, 0.5)
        noise = ((tau, tau * 10.0 ** rng.uniform(0.0, 1.5)), (1.0 - share, share))
        tau = math.sqrt(np.dot(np.square(noise[0]), noise[1]))
    elif data == "located":
        law = random_law(rng)
        noise, tau = law.atoms(), math.sqrt(law.variance)
    setting = setting_of(huber(delta) if loss == "huber" else loss, noise=noise, norm=NORMS[norm])
    p = parameters(psi1, psi2, 0.0, tau, ridge, RELU.constants, 1.0, 0.0, 0.0, penalty=penalty)
    ratio = rng.random() if rng.random() < 0.5 else 10.0 ** rng.uniform(-3.0, 0.0)
    eps_c, size = setting.threshold(p)
    assert size < family.TOLERANCE, (kind, p, setting, size)
    return p._replace(eps=ratio * eps_c), ratio, setting


def solve_random(kind, count, seed, recomputed=0):
    """Solve random problems of a kind.

    Returns how many are solved and how many have separable labels, the others, and the largest residual at 30 digits of
    the first ``recomputed`` that are solved.
    """
    rng = np.random.default_rng(seed)
    solved, separable, failed, largest = 0, 0, [], 0.0
    for _ in range(count):
        p, ratio, setting = random_problem(kind, rng)
        status, size, _, x = setting.solve(p, ratio)
        if status == family.SOLVED and size <= 1e-10:
            if solved < recomputed:
                largest = max(largest, family_reference.residual(x, p, setting))
            solved += 1
        elif status == family.SEPARABLE and setting.margin and p.ridge + p.penalty == 0.0:
            separable += 1
        else:
            failed.append((p, ratio, setting, size))
    return solved, separable, failed, largest
