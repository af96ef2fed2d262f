"""Ball arithmetic for the certificates: the equations' elementary functions, and exact moments of activations."""

from collections.abc import Callable
from typing import Any

from ..engine.numbers import Field

#: Where integrals over the Gaussian are cut off; what is left out is bounded.
CUTOFF = 24


class BallField(Field):
    """Balls of python-flint."""

    def __init__(self, flint: Any) -> None:
        self._arb = flint.arb
        self.pi = flint.arb.pi()
        self._root_half = self._arb(0.5).sqrt()
        self._phi0 = 1 / (2 * self.pi).sqrt()

    def exp_value(self, x: Any) -> Any:
        """Return e^x."""
        return x.exp()

    def log_value(self, x: Any) -> Any:
        """Return log x."""
        return x.log()

    def sqrt_value(self, x: Any) -> Any:
        """Return the square root."""
        return x.sqrt()

    def gaussian_values(self, s: Any) -> tuple[Any, Any, Any, Any, Any]:
        """Return p0, p1, phi, m, A."""
        scaled = s * self._root_half
        half_square = s * s / 2
        p0, p1 = scaled.erf(), scaled.erfc()
        phi = self._phi0 * (-half_square).exp()
        # A = P(chi^2_3 < s^2), the regularized lower incomplete gamma function, which does not cancel
        A = half_square.gamma_lower(self._arb(1.5), regularized=1)
        return p0, p1, phi, 2 * phi - s * p1, A


class Balls:
    """The functions of :mod:`math` that :attr:`rfrobust.Activation.exact` needs, of balls."""

    def __init__(self, flint: Any) -> None:
        self._flint, self._arb = flint, flint.arb
        self.pi = flint.arb.pi()

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        """Return the function of that name."""
        return lambda x: getattr(self._arb(x), name)()

    def integrated(self, function: Callable[[Any, bool], tuple[Any, Any]]) -> tuple[Any, Any, Any, Any]:
        """Return mu1, mu2^2, rho^2 and a2 of an activation that is analytic near the real line, by rigorous quadrature.

        ``function(z, analytic)`` returns sigma and sigma' at a complex ball, and what is not finite where ``analytic``
        and they are not. They must be at most 1 + |u| and 2 in size at real u: then no integrand below exceeds
        16 |u|^3 beyond the cutoff L, which leaves out at most 16 E |G|^3 1{|G| > L} <= 64 L^2 phi(L).
        """
        acb, root = self._flint.acb, (2 * self.pi).sqrt()
        beyond = 64 * CUTOFF**2 * (-(self._arb(CUTOFF) ** 2) / 2).exp() / root

        def mean(part: Callable[[Any, Any, Any], Any]) -> Any:
            def integrand(z: Any, analytic: bool) -> Any:
                return part(z, *function(z, analytic)) * (-z * z / 2).exp()

            return acb.integral(integrand, -CUTOFF, CUTOFF).real / root + self._arb(0, beyond)

        mu0, mu1 = mean(lambda z, value, slope: value), mean(lambda z, value, slope: slope)
        return (
            mu1,
            mean(lambda z, value, slope: (value - mu0 - mu1 * z) ** 2),
            mean(lambda z, value, slope: (slope - mu1) ** 2),
            mean(lambda z, value, slope: (z * z - 1) * value) / self._arb(2).sqrt(),
        )
