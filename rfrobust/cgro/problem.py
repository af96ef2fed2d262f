"""The patch model: what is drawn, who attacks it, how it is trained."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..support import pgd, validation

ATTACKS = ("structured", "l2", "linf")
TARGETS = ("signal", "all")


@dataclass(frozen=True)
class PatchProblem:
    r"""Data, network and training of the patch model.

    An example is ``patches`` rows of length ``dim``; one row is :math:`\alpha y w^*`, the others are noise
    :math:`N(0, \sigma^2 (I - w^* w^{*\top}))`. The network is
    :math:`f(x) = \sum_r \sum_j \phi(\langle w_r, x[j]\rangle)` with the odd power
    :math:`\phi(z) = \mathrm{ReLU}(z)^q - \mathrm{ReLU}(-z)^q`, trained by gradient descent on
    :math:`\frac1N \sum_i [\ell(y_i f(x_i)) + \lambda\,\ell(y_i f(\tilde x_i))]`, logistic :math:`\ell`.

    Parameters
    ----------
    dim, samples, patches, filters : int
        Patch length d (>= 2), training examples N, patches an example P (>= 2), filters m.
    q : int
        Power of the activation, 2 to 8.
    alpha, sigma : float
        Length of the signal patch (> 0), standard deviation of the noise (> 0).
    ratio : float
        PatchAttack radius over signal length, delta/alpha, in [0, 2].
    lam : float
        Weight of the adversarial half of the loss (>= 0).
    step, init_sd : float
        Step size of gradient descent and standard deviation of the first weights (both > 0).

    Raises
    ------
    ValueError, TypeError
        For a parameter out of its range or of the wrong kind.

    Notes
    -----
    The model is [LL]'s; the defaults are settings at which every phase is visible, found here (docs, cgro).
    """

    dim: int = 100
    samples: int = 20
    patches: int = 2
    filters: int = 10
    q: int = 3
    alpha: float = 3.15
    sigma: float = 0.2
    ratio: float = 0.98
    lam: float = 0.5
    step: float = 0.02
    init_sd: float = 0.1

    def __post_init__(self) -> None:
        for name, lower in (("dim", 2), ("samples", 1), ("patches", 2), ("filters", 1)):
            validation.store(self, **{name: validation.integer(name, getattr(self, name), lower)})
        validation.store(self, q=validation.integer("q", self.q, 2, 8))
        for name in ("alpha", "sigma", "step", "init_sd"):
            value = validation.real_scalar(name, getattr(self, name), 0.0, open_lower=True)
            validation.store(self, **{name: value})
        validation.store(self, ratio=validation.real_scalar("ratio", self.ratio, 0.0, 2.0))
        validation.store(self, lam=validation.real_scalar("lam", self.lam, 0.0))

    @property
    def delta(self) -> float:
        """Radius of the attack along w*."""
        return self.ratio * self.alpha

    @property
    def clean_gain(self) -> float:
        """Factor alpha^q by which U enters the clean margin."""
        return self.alpha**self.q

    @property
    def robust_gain(self) -> float:
        """Factor (alpha - delta)^q, a signed power, by which U enters the adversarial margin."""
        left = self.alpha - self.delta
        return float(np.sign(left)) * abs(left) ** self.q

    def with_(self, **changes: Any) -> "PatchProblem":
        """Return a copy with some parameters changed."""
        return replace(self, **changes)

    def attrs(self) -> dict[str, float | int]:
        """Return the parameters as plain numbers, for dataset attributes."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class PatchAttack:
    r"""An attack on an example.

    Parameters
    ----------
    kind : {"structured", "l2", "linf"}
        ``structured`` replaces :math:`\alpha y w^*` by :math:`(\alpha - \delta) y w^*`; the others are
        projected gradient descent on the margin inside a ball.
    radius : float, optional
        Radius of the ball (>= 0). By default delta for ``l2`` and delta/sqrt(dim) for ``linf``, the cube
        inside that ball. Not accepted by ``structured``, whose radius belongs to the problem.
    steps : int
        Gradient steps of an ascent (>= 1); the first one's have length 2.5 radius / steps, those of restarts (at
        least 20 unless their number is given) fall.
    target : {"signal", "all"}
        Patches that may be changed; the ball is over all of them together.
    restarts : int, optional
        Rounds of ascents after the first. By default an example is attacked again until twelve rounds in a row have not
        moved its margin by a thousandth of its fall; training has none.
    """

    kind: str = "structured"
    radius: float | None = None
    steps: int = 20
    target: str = "signal"
    restarts: int | None = None

    def __post_init__(self) -> None:
        validation.choice("kind", self.kind, ATTACKS)
        validation.choice("target", self.target, TARGETS)
        validation.store(self, steps=validation.integer("steps", self.steps, 1), restarts=pgd.rounds(self.restarts))
        if self.radius is not None:
            if self.kind == "structured":
                raise ValueError("radius must be None for the structured attack (set ratio of the problem)")
            validation.store(self, radius=validation.real_scalar("radius", self.radius, 0.0))

    def once(self) -> "PatchAttack":
        """Return the attack without restarts where their number was left open: that of a training step."""
        return replace(self, restarts=0) if self.restarts is None else self

    @validation.typed
    def radius_for(self, problem: PatchProblem) -> float:
        """Return the radius used on a problem."""
        if self.radius is not None:
            return self.radius
        return problem.delta / (np.sqrt(problem.dim) if self.kind == "linf" else 1.0)


@dataclass(frozen=True)
class PatchData:
    """Examples of a patch problem.

    Attributes
    ----------
    x : ndarray, shape (N, P, d)
        Patches.
    y, signal : ndarray, shape (N,)
        Labels -1 and 1, and the place of the signal patch.
    direction : ndarray, shape (d,)
        The unit vector w*.
    """

    x: np.ndarray
    y: np.ndarray
    signal: np.ndarray
    direction: np.ndarray

    def noise(self) -> np.ndarray:
        """Return the noise patches, shape (N, P - 1, d)."""
        rows = np.arange(self.x.shape[1]) != self.signal[:, None]
        return self.x[rows].reshape(len(self.y), -1, self.x.shape[2])


@validation.typed
def sample_patches(problem: PatchProblem, samples: int, rng: np.random.Generator, direction: np.ndarray) -> PatchData:
    """Draw labelled examples; labels are fair coins, the signal sits in a patch drawn at random.

    Raises
    ------
    ValueError
        If ``direction`` is not a unit vector of length ``problem.dim`` or ``samples`` < 1.
    """
    samples = validation.integer("samples", samples, 1)
    direction = validation.real_array("direction", direction, shape=(problem.dim,))
    if abs(direction @ direction - 1.0) > 1e-9:
        raise ValueError(f"direction must be a unit vector, got length {np.linalg.norm(direction)!r}")
    y = rng.choice([-1.0, 1.0], size=samples)
    signal = rng.integers(problem.patches, size=samples)
    x = problem.sigma * rng.standard_normal((samples, problem.patches, problem.dim))
    x -= (x @ direction)[..., None] * direction
    x[np.arange(samples), signal] = problem.alpha * y[:, None] * direction
    return PatchData(x, y, signal, direction)


@dataclass(frozen=True)
class Draw:
    """Everything random in one run.

    Attributes
    ----------
    train, test : PatchData
        Examples.
    weights : ndarray, shape (m, d)
        First weights.
    """

    train: PatchData
    test: PatchData
    weights: np.ndarray


@validation.typed
def draw(problem: PatchProblem, seed: int, test_samples: int = 1000) -> Draw:
    """Draw one run; equal seeds give equal draws, and training data do not depend on ``test_samples``."""
    seed, test_samples = validation.integer("seed", seed, 0), validation.integer("test_samples", test_samples, 1)
    train_rng, test_rng = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    direction = train_rng.standard_normal(problem.dim)
    direction /= np.linalg.norm(direction)
    weights = problem.init_sd * train_rng.standard_normal((problem.filters, problem.dim))
    train = sample_patches(problem, problem.samples, train_rng, direction)
    return Draw(train, sample_patches(problem, test_samples, test_rng, direction), weights)
