"""Attacks on the inputs of any model that gives outputs and input gradients."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..support import balls, pgd, validation

METHODS = ("pgd", "single-gradient")
LOSSES = ("squared", "margin", "error")
#: Of radii; the networks square what is inside.
LARGEST_RADIUS = 1e100


@runtime_checkable
class Attackable(Protocol):
    """What an attack needs to know about a model."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, shape (samples, outputs)."""

    def predict_with_gradient(
        self, x: np.ndarray, cotangent: Callable[[np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the outputs and the pullback of ``cotangent(outputs)`` to the inputs, shape of ``x``."""


def check_method(name: str, method: str, norm: str) -> str:
    """Return the method of an attack, or raise if there is none of this name in this norm."""
    if validation.choice(name, method, METHODS) == "single-gradient" and norm != "linf":
        raise ValueError(f"{name}='single-gradient' is defined for norm='linf' only, got norm={norm!r}")
    return method


@dataclass(frozen=True)
class InputAttack:
    r"""An attack on single samples, :math:`\max_{|\delta| \leq \rho} \ell(f(x + \delta), y)`.

    Parameters
    ----------
    radius : float
        Radius rho, zero or more, in the units of the inputs.
    norm : {"linf", "l2"}
        The norm of the perturbation.
    steps : int
        Gradient steps of the first ascent; those of restarts have at least 20 unless their number is given.
    step : float, optional
        Length of one step in that norm; a fifth of the radius by default (Fu and Wang's setting).
    bounds : (float, float), optional
        Allowed range of every input, such as (0, 1) for images; the attacked inputs must lie in it.
    loss : {"squared", "margin", "error"}
        The squared distance of outputs and targets; the largest other output minus the output of the true class (the
        column in which the target is largest); the same, but a sample is left once it is misclassified, since its error
        cannot grow.
    method : {"pgd", "single-gradient"}
        "pgd": a new gradient every step, projection onto the ball around the sample, random start in the ball, and
        of all points visited (the sample among them) the one with the largest loss. "single-gradient": what Fu and
        Wang's published code does. The gradient is taken once, at the random start, and the projection is onto the
        ball around the *start*, so that the sample can be left by up to 2 rho; l_inf only.
    restarts : int, optional
        Rounds of ascents after the first. By default a sample is attacked again until twelve rounds in a row
        have not moved its loss by a thousandth of its rise; training has none. Not for "single-gradient".

    Raises
    ------
    TypeError, ValueError
        For a value of the wrong kind, out of range, or the single-gradient method in l_2.
    """

    radius: float
    norm: str = "linf"
    steps: int = 10
    step: float | None = None
    bounds: tuple[float, float] | None = None
    loss: str = "squared"
    method: str = "pgd"
    restarts: int | None = None

    def __post_init__(self) -> None:
        radius = validation.real_scalar("radius", self.radius, 0, LARGEST_RADIUS)
        validation.choice("norm", self.norm, balls.NORMS)
        validation.integer("steps", self.steps, 1)
        step = radius / 5 if self.step is None else validation.real_scalar("step", self.step, 0)
        validation.store(self, radius=radius, step=step)
        if self.bounds is not None:
            low, high = validation.real_array("bounds", self.bounds, shape=(2,))
            if low >= high:
                raise ValueError(f"bounds must be (low, high) with low < high, got bounds={self.bounds}")
            validation.store(self, bounds=(float(low), float(high)))
        validation.choice("loss", self.loss, LOSSES)
        check_method("method", self.method, self.norm)
        validation.store(self, restarts=pgd.rounds(self.restarts))

    @validation.typed
    def run(self, model: Attackable, x: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the attacked inputs, shape of ``x``; ``targets`` has the shape of the outputs."""
        x = validation.real_array("x", x, *(self.bounds or ()), ndim=2)
        targets = validation.real_array("targets", targets, shape=(len(x), None))
        if self.radius == 0:
            return x.copy()
        assert self.step is not None
        lengths, norm = [self.step] * self.steps, balls.NORMS[self.norm]
        if self.method == "single-gradient":
            start = balls.Ball(x, self.radius, norm).random_point(rng)
            slope = model.predict_with_gradient(start, lambda f: self._loss(f, targets)[1])[1]
            around = balls.Ball(start, self.radius, norm, self.bounds)
            return pgd.ascend(lambda *_: (None, slope), start, lengths, around).points

        ball = balls.Ball(x, self.radius, norm, self.bounds)
        rivals = np.full((len(x), 1), -1)
        if self.loss != "squared":
            rivals = pgd.rivals(model.predict(x), targets.argmax(axis=1))

        def evaluate(
            points: np.ndarray, sloped: bool, rows: Any = slice(None), goals: Any = -1
        ) -> tuple[np.ndarray, Any]:
            aims = targets[rows]
            if not sloped:
                return self._loss(model.predict(points), aims)[0], None
            rival = np.where(goals < 0, -1, rivals[rows][np.arange(len(points)), goals])
            outputs, slope = model.predict_with_gradient(points, lambda f: self._loss(f, aims, rival)[1])
            return self._loss(outputs, aims)[0], slope

        best = pgd.ascend(evaluate, x, (), ball)
        best = pgd.ascend(evaluate, ball.random_point(rng), lengths, ball, best=best)
        enough, goals = 0.0 if self.loss == "error" else np.inf, rivals.shape[1]
        return pgd.search(evaluate, ball, best, self.steps, self.restarts, rng, goals=goals, enough=enough).points

    def once(self) -> "InputAttack":
        """Return the attack without restarts where their number was left open: that of a training step."""
        return replace(self, restarts=0) if self.restarts is None else self

    def _loss(self, outputs: np.ndarray, targets: np.ndarray, rival: Any = -1) -> tuple[np.ndarray, np.ndarray]:
        """The losses and their cotangents, shape of outputs; of a margin, over the class ``rival`` if it is not -1."""
        if self.loss == "squared":
            return np.sum((outputs - targets) ** 2, axis=1), 2 * (outputs - targets)
        return pgd.margin(outputs, targets.argmax(axis=1), rival)
