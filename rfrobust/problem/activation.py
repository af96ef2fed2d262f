"""Activations: the function, its derivative, the four Gaussian moments that the theory needs, and dual kernels."""

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from types import NoneType
from typing import Any

import numpy as np

from ..support import validation
from . import dual_kernels
from .slopes import Differences, Function, check_derivative, elementwise

#: From the functions of a kind of number to mu1, mu2^2, rho^2 and a2.
Exact = Callable[[Any], tuple[Any, Any, Any, Any]]

#: A derivative is refused when E sigma'(G) and E G sigma(G) differ by more than this, relative to their size.
STEIN_TOLERANCE = 1e-8
#: Integrals of differences: they are noisy, and panels as narrow as their steps lie on a kink.
DIFFERENCES_RULE = {"tolerance": 1e-10, "levels": 18}
#: Smallest rho, relative to the size of the function, that differences measure.
DIFFERENCES_LEAST = 1e-7

#: Mean relative to the standard deviation up to which an activation has none.
CENTRED = 1e-12


#: Bounds of the moments, in the words of :func:`rfrobust.support.validation.real_scalar`, and of the standard deviation
#: of sigma(G): then squares neither overflow nor vanish, but for mu1, which counts for nothing long before.
_ROOT = {"lower": 1e-150, "upper": 1e10, "allow_zero": True}
MOMENTS: dict[str, dict[str, Any]] = {
    "mu0": {}, "mu1": {"lower": -1e10, "upper": 1e10}, "mu2": _ROOT, "rho": _ROOT,
}  # fmt: skip
SMALLEST = 1e-10

#: Where functions are compared by value: unevenly, since functions with a period may agree at even points.
_SAMPLES = np.linspace(-6.0, 6.0, 97) + 0.06 * np.sin(np.arange(97.0))


@dataclass(frozen=True, eq=False)
class Activation:
    r"""An activation with its moments under G ~ N(0, 1).

    .. math:: \mu_0 = E\sigma(G),\quad \mu_1 = E\,G\sigma(G),\quad \mu_2^2 = E\sigma(G)^2-\mu_0^2-\mu_1^2,\quad
              \rho^2 = E\sigma'(G)^2-\mu_1^2.

    :meth:`from_callable` computes the moments of any function, :meth:`from_moments` does without a function; names
    of built-in activations are accepted wherever an activation is.

    Parameters
    ----------
    name : str
        Name shown in results.
    function, derivative : callable
        sigma and sigma', elementwise on arrays.
    mu0, mu1, mu2, rho : float
        The moments above; ``mu2`` and ``rho`` are nonnegative roots. ``mu0`` and the sign of ``mu1`` do not
        matter for a linear target.
    kernels : pair of callables, optional
        Closed forms of :meth:`dual` and :meth:`derivative_dual`; a Hermite series is used without them.
    kinks : tuple of float, default ()
        Where sigma or sigma' is not smooth.
    exact : callable, optional
        Returns (mu1, mu2^2, rho^2, a2) exactly in the numbers of a module with the functions of :mod:`math`;
        certificates (:func:`rfrobust.certify`) then hold for these and not for the rounded moments.
    a2 : float, optional
        The second Hermite coefficient E (G^2 - 1) sigma(G)/sqrt(2), which only a radial part of the target needs; by
        quadrature of the function, when it is needed, without it.

    Raises
    ------
    TypeError, ValueError
        For moments that are not finite or out of range (beyond 1e10; mu2 or rho negative or too small to square; mu1
        and mu2 both below 1e-10), rho^2 < 2 mu2^2, rho > 0 = mu2, a2^2 > mu2^2, or rho^2 < 2 a2^2 + 3 (mu2^2 - a2^2).

    Notes
    -----
    :eq:`eq-constants`; [HJ] section 4 for the shifted ReLU. Squared, the Hermite coefficients a_k of
    sigma give mu2^2 = sum_{k>=2} a_k^2 and rho^2 = sum_{k>=2} k a_k^2, hence rho^2 >= 2 mu2^2.
    """

    name: str
    function: Function
    derivative: Function
    mu0: float
    mu1: float
    mu2: float
    rho: float
    kernels: tuple[Function, Function] | None = None
    kinks: tuple[float, ...] = ()
    exact: Exact | None = None
    a2: float | None = None

    def __post_init__(self) -> None:
        for field, bounds in MOMENTS.items():
            # plain floats: another type would compile the kernels anew
            object.__setattr__(self, field, validation.real_scalar(field, getattr(self, field), **bounds))
        for field in ("function", "derivative"):
            validation.instance(field, getattr(self, field), Callable)
        validation.instance("name", self.name, str)
        validation.store(self, kinks=_places(self.kinks))
        if self.mu2 == 0.0 and self.rho > 0.0:
            raise ValueError(f"rho must be 0 where mu2 is 0 (a linear activation), got rho={self.rho!r}")
        # Poincare's inequality in the Hermite basis, with room for rounding
        if self.rho**2 < 2.0 * self.mu2**2 * (1.0 - 1e-9):
            raise ValueError(f"rho^2 must be >= 2 mu2^2 for any activation, got rho={self.rho!r}, mu2={self.mu2!r}")
        if math.hypot(self.mu1, self.mu2) < SMALLEST:
            raise ValueError(
                f"mu1 and mu2 must not both be below {SMALLEST:g}, where the activation is as good as constant, got "
                f"mu1={self.mu1!r}, mu2={self.mu2!r}"
            )
        if self.a2 is not None:
            object.__setattr__(self, "a2", self._checked(self.a2))

    def _checked(self, a2: float) -> float:
        """Return the second Hermite coefficient if the other moments admit it."""
        a2 = validation.real_scalar("a2", a2)
        rest = self.mu2**2 - a2**2
        if rest < -1e-9 * self.mu2**2 or self.rho**2 < (2.0 * self.mu2**2 + rest) * (1.0 - 1e-9):
            raise ValueError(
                f"a2^2 must be <= mu2^2 and rho^2 >= 2 a2^2 + 3 (mu2^2 - a2^2), got a2={a2!r}, mu2={self.mu2!r}, "
                f"rho={self.rho!r}"
            )
        return a2

    @classmethod
    def from_callable(
        cls,
        function: Function,
        derivative: Function | None = None,
        *,
        kinks: Iterable[float] = (),
        name: str = "custom",
    ) -> "Activation":
        r"""Compute the moments of any activation by adaptive quadrature, to about 1e-13 of its size.

        Parameters
        ----------
        function : callable
            sigma, real, at most of exponential growth; of arrays elementwise, or of single numbers (slower).
        derivative : callable, optional
            sigma'; by differences of the function where None, to about 1e-11 for functions that change over distances
            of order 1.
        kinks : iterable of float, default ()
            Where sigma or sigma' is not smooth. sigma itself must be continuous: a jump has no finite rho.
        name : str, default "custom"
            Name shown in results.

        Raises
        ------
        ValueError
            If the derivative differs from differences of the function at one of a thousand points, or E sigma'(G) from
            E G sigma(G) (Stein's identity): the derivative is not that of the function, or the function jumps. Also if
            there is no derivative and differences do not find it, if the function does not act elementwise, changes its
            argument, or grows too fast for its moments.
        rfrobust.support.quadrature.QuadratureError
            If an integral does not converge, which an undeclared kink can cause.

        Notes
        -----
        mu2^2 = E (sigma - mu0 - mu1 G)^2 and rho^2 = E (sigma' - mu1)^2, without the cancellation of their
        definitions.

        Examples
        --------
        >>> import numpy as np, rfrobust
        >>> elu = rfrobust.Activation.from_callable(
        ...     lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))), kinks=[0.0], name="elu")
        >>> round(elu.mu1, 6)
        0.761578
        """
        from ..support.quadrature import RANGE, TOLERANCE, edges, gaussian_mean, panels

        validation.instance("function", function, Callable)
        validation.instance("derivative", derivative, (Callable, NoneType))
        points = _places(kinks)
        function = elementwise("function", function)
        derivative = None if derivative is None else elementwise("derivative", derivative)
        mu0 = gaussian_mean(function, points)
        mu1 = gaussian_mean(lambda u: u * function(u), points)
        ends = edges(points, 0.5)
        nodes, mass = (array.ravel() for array in panels(ends[:-1], ends[1:]))
        differences = Differences(function, points)
        rule: dict[str, Any] = {"tolerance": TOLERANCE}
        if derivative is None:
            derivative, rule = differences, DIFFERENCES_RULE
        else:
            check_derivative(differences, derivative, nodes, mass)
        slope = gaussian_mean(derivative, points, **rule)
        square = gaussian_mean(lambda u: derivative(u) ** 2, points, **rule)
        size = max(math.sqrt(square), abs(mu0))
        if abs(slope - mu1) > STEIN_TOLERANCE * max(size, abs(mu1)):
            raise ValueError(
                f"derivative must be the derivative of function, and function continuous: got E sigma'(G)={slope!r} "
                f"but E G sigma(G)={mu1!r}"
            )
        tails = [np.max(np.square(part(np.array([-RANGE, RANGE])))) for part in (function, derivative)]
        if max(tails) * math.exp(-0.5 * RANGE * RANGE) > 1e-10 * size * size:
            raise ValueError(
                f"function must be of at most exponential growth: its moments are not reached within {RANGE:g} "
                "standard deviations"
            )
        # zero up to rounding: no linear part in an even function, no mean in an odd one
        mu0, mu1 = (0.0 if abs(value) < 1e-14 * size else value for value in (mu0, mu1))

        def rest(part: Function, tolerance: float, **more: Any) -> float:
            """Return the root mean square of a remainder that rounding of the whole function leaves noisy."""
            least = size * max(math.sqrt(mass @ part(nodes) ** 2), tolerance * size)
            return math.sqrt(gaussian_mean(lambda u: part(u) ** 2, points, tolerance=tolerance, least=least, **more))

        mu2 = rest(lambda u: function(u) - mu0 - mu1 * u, TOLERANCE)
        if mu2 < 1e-14 * size:  # linear up to rounding
            return cls(name, function, derivative, mu0, mu1, 0.0, 0.0, kinks=points, a2=0.0)
        rho = rest(lambda u: derivative(u) - mu1, **rule)
        if derivative is differences and rho < DIFFERENCES_LEAST * size:
            raise ValueError(
                f"derivative must be given for a function so close to linear: rho={rho:.1e} is lost in the rounding of "
                "differences"
            )
        a2 = second_coefficient(function, points)
        a2 = 0.0 if abs(a2) < 1e-14 * size else a2
        return cls(name, function, derivative, mu0, mu1, mu2, rho, kinks=points, a2=a2)

    @classmethod
    def from_moments(
        cls, mu1: float, mu2: float, rho: float, *, a2: float | None = None, name: str = "moments"
    ) -> "Activation":
        """Return an activation of mean 0 known by its moments only: enough for every limit, not for a network.

        Evaluating it, or its dual kernels, is a ``ValueError``, and so is a radial part of the target without ``a2``.
        Arguments and errors as for the class.
        """
        return cls(name, _unknown_function, _unknown_function, 0.0, mu1, mu2, rho, a2=a2)

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """Evaluate sigma elementwise."""
        return self.function(u)

    def dual(self, c: np.ndarray) -> np.ndarray:
        """Return E sigma(u)sigma(v) at correlations ``c`` in [-1, 1] of two standard normals, elementwise.

        Closed form (docs/activations) or Hermite series: exact to rounding, except that a kinked function without
        closed form loses digits for .97 < |c| < 1.
        """
        c = validation.real_array("c", c, -1.0, 1.0)
        if self.kernels is not None:
            return self.kernels[0](c)
        return dual_kernels.hermite(self.function, c, self.kinks)

    def derivative_dual(self, c: np.ndarray) -> np.ndarray:
        """Return E sigma'(u)sigma'(v) at correlations ``c`` in [-1, 1], the derivative of :meth:`dual` in ``c``."""
        c = validation.real_array("c", c, -1.0, 1.0)
        if self.kernels is not None:
            return self.kernels[1](c)
        return dual_kernels.hermite(self.derivative, c, self.kinks)

    def affine(self, scale: float = 1.0, shift: float = 0.0) -> "Activation":
        """Return scale * sigma + shift, ``scale`` not 0; it has the same limiting risks without ridge.

        With ridge, a scale a is the same as a ridge divided by a^2. A radial part of the target is learned only where
        the mean ``mu0`` is 0: there the shift matters.
        """
        scale = validation.real_scalar("scale", scale)
        shift = validation.real_scalar("shift", shift)
        if scale == 0.0:
            raise ValueError("scale must not be 0, got scale=0.0")
        kernels = None
        if self.kernels is not None:
            offset = shift * (2.0 * scale * self.mu0 + shift)
            kernels = (
                partial(_affine, self.kernels[0], scale * scale, offset),
                partial(_affine, self.kernels[1], scale * scale, 0.0),
            )
        return Activation(
            f"{scale:g}*{self.name}{shift:+g}",
            partial(_affine, self.function, scale, shift),
            partial(_affine, self.derivative, scale, 0.0),
            scale * self.mu0 + shift,
            scale * self.mu1,
            abs(scale) * self.mu2,
            abs(scale) * self.rho,
            kernels,
            self.kinks,
            None if self.exact is None else partial(_scaled, self.exact, scale),
            None if self.a2 is None else scale * self.a2,
        )

    def centred(self) -> "Activation":
        """Return sigma - mu0."""
        return self.affine(1.0, -self.mu0)

    def normalised(self) -> "Activation":
        """Return (sigma - mu0)/sd(sigma(G)): mean 0, variance 1."""
        scale = 1.0 / math.hypot(self.mu1, self.mu2)
        return self.affine(scale, -scale * self.mu0)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Activation) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @cached_property
    def key(self) -> str:
        """The content: name, moments, and a digest of sampled values of sigma and sigma' where they are known."""
        moments = f"{self.mu0!r},{self.mu1!r},{self.mu2!r},{self.rho!r},{self.a2!r}"
        try:
            sampled = np.array([self.function(_SAMPLES), self.derivative(_SAMPLES)], dtype=float)
        except ValueError:  # known by its moments only
            return f"{self.name}({moments})"
        return f"{self.name}({moments},{hashlib.sha256(sampled.tobytes()).hexdigest()[:16]})"

    @property
    def constants(self) -> tuple[float, float, float]:
        """``(mu1^2, mu2^2, rho^2)``, all that the equations see."""
        return self.mu1 * self.mu1, self.mu2 * self.mu2, self.rho * self.rho

    @cached_property
    def known_a2(self) -> float | None:
        """``a2`` as given, else by quadrature of the function, None where that is unknown too."""
        if self.a2 is not None or self.function is _unknown_function:
            return self.a2
        return self._checked(second_coefficient(self.function, self.kinks))

    def required_a2(self) -> float:
        """Return the second Hermite coefficient, or raise a ``ValueError`` if it is unknown."""
        if self.known_a2 is None:
            raise ValueError("a2 must be given to Activation.from_moments for a radial part of the target, got a2=None")
        return self.known_a2

    @property
    def spike(self) -> float:
        """a2^2, or 0 where mu0 is not 0 up to rounding: what a radial part of the target is learned through.

        Docs/theory, "A radial part of the target". A ``ValueError`` if a2 is unknown.
        """
        centred = abs(self.mu0) <= CENTRED * math.hypot(self.mu1, self.mu2)
        return self.required_a2() ** 2 if centred else 0.0


def second_coefficient(function: Function, kinks: tuple[float, ...] = ()) -> float:
    """Return E (G^2 - 1) sigma(G)/sqrt(2) by quadrature."""
    from ..support.quadrature import gaussian_mean

    return gaussian_mean(lambda u: (u * u - 1.0) * function(u), kinks) / math.sqrt(2.0)


def _places(kinks: Any) -> tuple[float, ...]:
    """Return kinks in order, or raise."""
    places = validation.listed("kinks", kinks)
    return tuple(sorted(validation.real_array("kinks", places, ndim=1).tolist())) if places else ()


def _affine(function: Function, scale: float, shift: float, u: np.ndarray) -> np.ndarray:
    return scale * function(u) + shift


def _scaled(exact: Exact, scale: float, M: Any) -> tuple[Any, Any, Any, Any]:
    mu1, mu2_squared, rho_squared, a2 = exact(M)
    factor = scale + 0 * M.pi  # a number of M
    return factor * mu1, factor * factor * mu2_squared, factor * factor * rho_squared, factor * a2


def _unknown_function(u: Any) -> np.ndarray:
    raise ValueError("this activation was given by its moments only: it cannot be evaluated")


def _shifted_relu(u: np.ndarray) -> np.ndarray:
    return np.maximum(u, 0.0) - 1.0 / math.sqrt(2.0 * math.pi)


def _step(u: np.ndarray) -> np.ndarray:
    return np.where(np.asarray(u) > 0.0, 1.0, 0.0)


def _relu_moments(M: Any) -> tuple[Any, Any, Any, Any]:
    return 0.5, 0.25 - 0.5 / M.pi, 0.25, 0.5 / M.sqrt(M.pi)


RELU = Activation(
    "relu", _shifted_relu, _step, mu0=0.0, mu1=0.5, mu2=math.sqrt(_relu_moments(math)[1]), rho=0.5,
    kernels=(dual_kernels.relu, dual_kernels.relu_derivative), kinks=(0.0,), exact=_relu_moments,
    a2=_relu_moments(math)[3],
)  # fmt: skip
