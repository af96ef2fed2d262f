"""Laws of the eigenvalues of W W' (N x N), the only thing the limits know about the first layer."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.equations import marchenko_pastur
from ..engine.numbers import Dual, FloatField
from ..support import validation

#: Largest deviation of the sum of weights from 1, and of the mean of a law from 1.
WEIGHT_TOLERANCE, MEAN_TOLERANCE = 1e-9, 1e-6
_FLOATS = FloatField()


def digest(*arrays: Any) -> str:
    """Return a short digest of arrays and numbers."""
    content = b"".join(np.asarray(array, dtype=float).tobytes() for array in arrays)
    return hashlib.sha256(content).hexdigest()[:16]


class Spectrum(ABC):
    """A law of W W' with finitely many atoms; a subclass gives its :meth:`law`, which is checked whenever it is used.

    Equal attributes make equal spectra.
    """

    name: str = "custom"
    #: By how much (1/N) sum_{i != j} <w_i, w_j>^4 of one first layer exceeds what independent uniform rows have; 0 of
    #: rows in general position.
    coherence: float = 0.0

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            np.array_equal(value, vars(other).get(name, ())) for name, value in vars(self).items()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def key(self, psi1: float) -> str:
        """Return the content at a ratio: kind, name, and a digest of the atoms and weights there."""
        return f"{type(self).__name__}({self.name!r},{digest(*self.checked_law(psi1))})"

    @abstractmethod
    def law(self, psi1: float) -> tuple[Any, Any]:
        """Return atoms, >= 0, and their weights, > 0, at ratio ``psi1 = N/d``; weights and mean are 1 in total."""

    def checked_law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return :meth:`law`, or raise a ``TypeError`` or ``ValueError`` that says what is wrong with it."""
        law = self.law(validation.real_scalar("psi1", psi1, 0.0, open_lower=True))
        if not isinstance(law, tuple) or len(law) != 2:
            raise TypeError(f"law of spectrum {self.name!r} must return (atoms, weights), got {law!r}")
        atoms, weights = check_law(*law)
        share = float(weights[atoms > 0.0].sum())
        if share * psi1 > 1.0 + WEIGHT_TOLERANCE:
            raise ValueError(
                f"psi1 must be <= 1/{share:g} for this spectrum: an N x d matrix has at most d non-zero "
                f"eigenvalues, got psi1={psi1!r}"
            )
        return atoms, weights

    @validation.typed
    def draw(self, N: int, d: int, rng: np.random.Generator) -> np.ndarray:
        """Draw a first layer of this law: N rows of unit length in dimension d.

        Raises
        ------
        TypeError, ValueError
            If no N x d matrix has such rows and, up to rounding of weights to multiples of 1/N, this law.
        """
        N, d = validation.integer("N", N, 1), validation.integer("d", d, 1)
        atoms, weights = self.checked_law(N / d)
        # eigenvalues by the law's quantiles, and exactly of mean 1 as unit rows need
        order = np.argsort(atoms)
        places = np.searchsorted(np.cumsum(weights[order]) - WEIGHT_TOLERANCE, (np.arange(N) + 0.5) / N)
        values = atoms[order][np.minimum(places, atoms.size - 1)][::-1]
        if np.count_nonzero(values) > d or not values.any():
            raise ValueError(f"N must fit the law of {self.name!r}: no {N} x {d} matrix has its eigenvalues")
        values = values[:d] * (N / values.sum())
        return _matrix_with_unit_rows(N, d, values, rng)

    def dual_law(self, psi1: Dual) -> tuple[Sequence[Dual], Sequence[Dual]]:
        """Return the law in numbers that carry derivatives.

        Here by fourth-order differences: laws given by atoms are smooth, mostly linear or 1/psi1, between their kinks.
        """
        at = float(psi1.value)
        law = np.array(self.checked_law(at))
        h = 1e-3 * at
        near = [np.array(self.checked_law(at + j * h)) for j in (-2, -1, 1, 2)]
        if any(there.shape != law.shape for there in near):
            raise ValueError(
                f"psi1 must be away from where the atoms of {self.name!r} change in number, got psi1={at!r}"
            )
        slopes = (near[0] - 8.0 * near[1] + 8.0 * near[2] - near[3]) / (12.0 * h)
        zero = psi1.value * 0
        atoms, weights = (
            [Dual(zero + float(x), psi1.gradient * dx) for x, dx in zip(*pair, strict=True)]
            for pair in zip(law, slopes, strict=True)
        )
        return atoms, _normalised(weights)

    def resolvents(self, z: Any, psi1: float) -> tuple[Any, Any]:
        r"""Return :math:`s_1(z) = E\,1/(x+z)` and :math:`s_2(z) = E\,1/(x+z)^2`.

        Parameters
        ----------
        z : array_like
            Positive numbers, any shape.
        psi1 : float
            N/d, positive.

        Returns
        -------
        s1, s2 : float or ndarray
            Same shape as ``z``; relative error near rounding for psi1 in [1e-3, 1e4], z in [1e-12, 1e8].

        Raises
        ------
        TypeError, ValueError
            If an argument is not a positive real number.

        Notes
        -----
        [HJ]'s S(z; psi1) (eq. 4.4) is S(-z) = -s1(z).
        """
        psi1 = validation.real_scalar("psi1", psi1, 0.0, open_lower=True)
        points = validation.real_array("z", z, 0.0, open_lower=True)
        s1, s2 = self._resolvents(points, psi1)
        return s1[()], s2[()]

    def _resolvents(self, z: np.ndarray, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        atoms, weights = self.checked_law(psi1)
        inverse = 1.0 / (atoms + z[..., None])
        return inverse @ weights, inverse**2 @ weights


def _uniform_frame(size: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw ``count`` orthonormal columns of length ``size`` from the uniform (Haar) law."""
    Q, R = np.linalg.qr(rng.standard_normal((size, count)))
    return Q * np.sign(np.diag(R))  # without the signs, those of the first row would be tied to the algorithm


def _matrix_with_unit_rows(N: int, d: int, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw an N x d matrix with these largest eigenvalues of W W', of sum N, and rows of unit length.

    A matrix with random singular vectors is turned by plane rotations of two rows at a time, one longer and one shorter
    than 1, each of which makes one of them 1 and leaves the singular values alone.
    """
    left, right = (_uniform_frame(size, len(values), rng) for size in (N, d))
    W = (left * np.sqrt(values)) @ right.T
    lengths = np.einsum("ij,ij->i", W, W)
    for _ in range(N - 1):
        i, j = int(np.argmin(lengths)), int(np.argmax(lengths))
        a, b, c = lengths[i], lengths[j], float(W[i] @ W[j])
        if b - 1.0 <= 1e-14 or 1.0 - a <= 1e-14:
            break
        # tangent of the angle at which row i has length 1: (b - 1) t^2 + 2 c t + a - 1 = 0
        t = (1.0 - a) / (c + np.copysign(np.sqrt(c * c + (b - 1.0) * (1.0 - a)), c))
        cosine = 1.0 / np.sqrt(1.0 + t * t)
        W[[i, j]] = cosine * (W[i] + t * W[j]), cosine * (W[j] - t * W[i])
        lengths[i], lengths[j] = 1.0, a + b - 1.0
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def _normalised(weights: Sequence[Dual]) -> Sequence[Dual]:
    """Return weights of sum 1 up to the rounding of these numbers, which may be balls."""
    total = sum(weights, 0.0 * weights[0])
    return [weight / total for weight in weights]


def check_law(atoms: Any, weights: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms and weights, of sum 1, as arrays if they are a law of W W', or raise."""
    x = validation.real_array("atoms", atoms, 0.0, ndim=1)
    w = validation.real_array("weights", weights, 0.0, open_lower=True, shape=(x.size,))
    if abs(w.sum() - 1.0) > WEIGHT_TOLERANCE:
        raise ValueError(f"weights must have sum 1, got sum {float(w.sum())!r} in weights")
    if abs(w @ x - 1.0) > MEAN_TOLERANCE:
        raise ValueError(f"atoms must have mean 1 (rows of W have unit length), got mean {float(w @ x)!r} in atoms")
    return x, w / w.sum()


def first_layer(W: Any) -> np.ndarray:
    """Return ``W`` as a matrix if it has rows of unit length, or raise."""
    W = validation.real_array("W", W, ndim=2)
    norms = np.linalg.norm(W, axis=1)
    worst = float(norms[np.argmax(np.abs(norms - 1.0))])
    if abs(worst - 1.0) > 1e-6:
        raise ValueError(f"W must have rows of unit length, got a row of length {worst!r}")
    return W


def _coherence(W: np.ndarray) -> float:
    """Return :attr:`Spectrum.coherence`, counted from four standard deviations above the mean of independent rows."""
    N, d = W.shape
    gram = W @ W.T
    np.fill_diagonal(gram, 0.0)
    mean = 3.0 * (N - 1) / (d * (d + 2.0))
    deviation = np.sqrt(210.0 * (N - 1) / N / (d * (d + 2.0) * (d + 4.0) * (d + 6.0)))
    return max(float(np.sum(gram**4)) / N - float(mean + 4.0 * deviation), 0.0)


class MarchenkoPastur(Spectrum):
    """Rows of W independent and uniform on the unit sphere (:eq:`eq-mp`)."""

    name = "marchenko-pastur"

    def key(self, psi1: float) -> str:
        """Return the content, which is the kind alone."""
        return type(self).__name__ if type(self) is MarchenkoPastur else super().key(psi1)

    def law(self, psi1: float) -> tuple[Any, Any]:
        """Refuse: the equations know this law in closed form."""
        raise ValueError("the Marchenko-Pastur law has a density, not finitely many atoms")

    @validation.typed
    def draw(self, N: int, d: int, rng: np.random.Generator) -> np.ndarray:
        """Draw N rows uniformly from the unit sphere of R^d."""
        W = rng.standard_normal((validation.integer("N", N, 1), validation.integer("d", d, 1)))
        W /= np.linalg.norm(W, axis=1, keepdims=True)
        return W

    def _resolvents(self, z: np.ndarray, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        none = np.empty(0)
        s1, s2 = np.empty(z.shape), np.empty(z.shape)
        for index, point in np.ndenumerate(z):
            shares = marchenko_pastur(Dual(float(point), none), Dual(psi1, none), _FLOATS)
            s1[index], s2[index] = shares.o1.value / point, shares.o2.value / point**2
        return s1, s2


class OrthogonalRows(Spectrum):
    """Orthonormal rows (N <= d), or orthonormal columns times sqrt(N/d) (N > d): x in {0, max(1, psi1)}."""

    name = "orthogonal"

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the atom 1, or the atoms 0 and psi1 with weights 1 - 1/psi1 and 1/psi1."""
        if psi1 <= 1.0:
            return np.ones(1), np.ones(1)
        return np.array([0.0, psi1]), np.array([1.0 - 1.0 / psi1, 1.0 / psi1])

    def dual_law(self, psi1: Dual) -> tuple[Sequence[Dual], Sequence[Dual]]:
        """Return the law as it is written, which also makes it exact in balls."""
        zero = psi1 * 0.0
        one = zero + 1.0
        if float(psi1.value) <= 1.0:
            return [one], [one]
        return [zero, psi1], [1.0 - 1.0 / psi1, 1.0 / psi1]


class DiscreteSpectrum(Spectrum):
    r"""Any law of W W' with finitely many atoms.

    Parameters
    ----------
    atoms : array_like, shape (m,)
        Eigenvalues, >= 0.
    weights : array_like, shape (m,), optional
        Their probabilities, positive with sum 1; equal by default.
    name : str, default "discrete"
        Name shown in results.

    Raises
    ------
    TypeError, ValueError
        If the arguments are not such a law, or its mean is not 1: rows of W have unit length, so that the units
        see standard normal inputs, to which the moments of the activation refer. A solve at a ratio psi1 also fails
        where the law has more than the share min(1, 1/psi1) of non-zero eigenvalues that N x d allows.
    """

    def __init__(self, atoms: Any, weights: Any = None, *, name: str = "discrete") -> None:
        if weights is None:
            x = validation.real_array("atoms", atoms, 0.0, ndim=1)
            weights = np.full(x.size, 1.0 / x.size)
        self.atoms, weights = check_law(atoms, weights)
        self.weights, self.name = weights / weights.sum(), validation.instance("name", name, str)
        for array in (self.atoms, self.weights):
            array.setflags(write=False)

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the atoms and weights as given."""
        return self.atoms, self.weights

    def dual_law(self, psi1: Dual) -> tuple[Sequence[Dual], Sequence[Dual]]:
        """Return the law, which does not depend on psi1."""
        zero = psi1 * 0.0
        atoms, weights = self.checked_law(float(psi1.value))
        return [zero + float(x) for x in atoms], _normalised([zero + float(w) for w in weights])


class EmpiricalSpectrum(DiscreteSpectrum):
    """The eigenvalues of W W' of one drawn first layer, whose rows must be incoherent unless sigma is linear.

    Parameters
    ----------
    W : array_like, shape (N, d)
        First layer, rows of unit length.

    Raises
    ------
    TypeError, ValueError
        If W is not such a matrix. Solving at another ratio than psi1 = N/d is a ``ValueError``, and so is solving with
        coherent rows (``coherence`` > 0.1), whose Sigma and J^2 are not functions of W W'.

    Notes
    -----
    docs/spectra, "When the eigenvalues decide". :func:`rfrobust.theory.drawn_network` needs no such condition: it uses
    the network's own Sigma and J^2.
    """

    def __init__(self, W: Any) -> None:
        W = first_layer(W)
        N, d = W.shape
        values = np.linalg.svd(W, compute_uv=False) ** 2
        values[values < 1e-12 * values[0]] = 0.0
        atoms = np.concatenate([values, np.zeros(N - len(values))])
        positive = atoms[atoms > 0.0]
        null = N - len(positive)
        if null:
            atoms = np.append(positive, 0.0)
            weights = np.append(np.full(len(positive), 1.0 / N), null / N)
        else:
            weights = np.full(N, 1.0 / N)
        super().__init__(atoms, weights, name=f"empirical {N}x{d}")
        self.psi1 = N / d
        self.coherence = _coherence(W)

    def law(self, psi1: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the eigenvalues; ``psi1`` must be N/d."""
        if abs(psi1 - self.psi1) > 1e-9 * self.psi1:
            raise ValueError(f"psi1 must be N/d = {self.psi1!r} of the drawn W, got psi1={psi1!r}")
        return self.atoms, self.weights


_BUILT_IN = {spectrum.name: spectrum for spectrum in (MarchenkoPastur(), OrthogonalRows())}


def resolve_spectrum(spectrum: "str | Spectrum") -> Spectrum:
    """Return the spectrum itself, or the built-in one of that name."""
    if isinstance(spectrum, Spectrum):
        return spectrum
    return _BUILT_IN[validation.choice("spectrum", spectrum, _BUILT_IN)]
