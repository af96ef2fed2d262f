"""What the kernels pass to each other: tuples with field names, of any kind of number."""

from typing import Any, NamedTuple


class Parameters(NamedTuple):
    """What the equations see of a problem: R = psi1/psi2, noise = tau^2 + F_*^2, penalty = that on |J theta|^2, squared
    moments, signal = |beta|^2, radial = F_o^2."""

    psi1: Any
    R: Any
    eps: Any
    noise: Any
    ridge: Any
    penalty: Any
    c: Any
    mu: Any
    rho2: Any
    signal: Any
    radial: Any

    @property
    def spike(self) -> None:
        """None: no radial part is learned."""
        return None


class RadialParameters(NamedTuple):
    """:class:`Parameters` with spike = a_2^2, the square of the second Hermite coefficient, that learns a radial part.

    A type of its own, of floats alone like the other: kernels are compiled without the spike where there is none.
    """

    psi1: Any
    R: Any
    eps: Any
    noise: Any
    ridge: Any
    penalty: Any
    c: Any
    mu: Any
    rho2: Any
    signal: Any
    radial: Any
    spike: Any


AnyParameters = Parameters | RadialParameters


class Law(NamedTuple):
    """The features as arrays over the common eigenvectors of Sigma and J^2.

    ``sigma`` > 0, ``metric``, ``weights`` and ``explained`` (the part b_i^2/Sigma_i of the signal) hold one entry an
    eigenvector, ``null`` is the weight where Sigma = 0, ``unexplained`` the part of the signal that no linear function
    of the features explains, ``excess`` is E x^2 - 1. No law, None, stands for the closed form: Sigma = c x + mu,
    J^2 = c x + rho2 with x of the Marchenko-Pastur law of W W', c > 0, and mu or the ridge > 0; its excess is psi1.
    """

    sigma: Any
    metric: Any
    explained: Any
    weights: Any
    null: Any
    unexplained: Any
    excess: Any


class Averages(NamedTuple):
    """E Sigma/H, E (k J^2 + l)/H, E Sigma (k J^2 + l)/H^2, E Sigma J^2/H^2, the signal parts of r^2 and the risk, the
    overlap E <x, beta> f."""

    E1: Any
    E1c: Any
    Tc: Any
    Q: Any
    P: Any
    B: Any
    C: Any


class Probe(NamedTuple):
    """E 1/H, E 1/H^2, E (Sigma - a_2^2)/H^2 and E J^2/H^2: what the direction of the spike sees."""

    h: Any
    h2: Any
    sigma: Any
    metric: Any


class Overlaps(NamedTuple):
    """E Sigma/H, E Sigma^2/H^2, b' H^-1 b, b' H^-1 J^2 H^-1 b, the bias, b' H^-1 Sigma H^-1 b, E Sigma J^2/H^2.

    H = a Sigma + k J^2 + l; the bias is |beta|^2 - 2 a C + a^2 S.
    """

    E1: Any
    E2: Any
    C: Any
    P: Any
    B: Any
    S: Any
    Q: Any


class Coordinates(NamedTuple):
    """E dalpha/dB, the overlap E beta alpha, E alpha^2, E e and E de/ds over the law of a coordinate's field B."""

    chi: Any
    m: Any
    A2: Any
    e: Any
    es: Any


class State(NamedTuple):
    """Residuals and what they determine at one value of the unknowns."""

    residuals: tuple[Any, ...]
    t: Any
    V: Any
    k: Any
    standard_risk: Any
    squared_norm: Any
    overlap: Any


class Shares(NamedTuple):
    """Moments of x/(x+z) and z/(x+z)."""

    f: Any
    o1: Any
    e2: Any
    oe: Any
    o2: Any
    t2: Any


class Outputs(NamedTuple):
    """Observables of the training set (eq-scores, eq-loss)."""

    training_loss: Any
    mean_abs_residual: Any
    zero_residual_fraction: Any


class SlopedAverages(NamedTuple):
    """:class:`Averages` in floats with their derivatives in k and in l."""

    E1: float
    E1c: float
    Tc: float
    Q: float
    P: float
    B: float
    C: float
    E1_k: float
    E1c_k: float
    Tc_k: float
    Q_k: float
    P_k: float
    B_k: float
    C_k: float
    E1_l: float
    E1c_l: float
    Tc_l: float
    Q_l: float
    P_l: float
    B_l: float
    C_l: float


class SlopedProbe(NamedTuple):
    """:class:`Probe` in floats with its derivatives in k and in l."""

    h: float
    h2: float
    sigma: float
    metric: float
    h_k: float
    h2_k: float
    sigma_k: float
    metric_k: float
    h_l: float
    h2_l: float
    sigma_l: float
    metric_l: float


class RadialPart(NamedTuple):
    """What a radial part of the target adds to P and B of :class:`SlopedAverages`."""

    P: float
    B: float
    P_k: float
    B_k: float
    P_l: float
    B_l: float


class SlopedOverlaps(NamedTuple):
    """:class:`Overlaps` in floats with their derivatives in a, in k and in l."""

    E1: float
    E2: float
    C: float
    P: float
    B: float
    S: float
    Q: float
    E1_a: float
    E2_a: float
    C_a: float
    P_a: float
    B_a: float
    S_a: float
    Q_a: float
    E1_k: float
    E2_k: float
    C_k: float
    P_k: float
    B_k: float
    S_k: float
    Q_k: float
    E1_l: float
    E2_l: float
    C_l: float
    P_l: float
    B_l: float
    S_l: float
    Q_l: float


class SlopedCoordinates(NamedTuple):
    """:class:`Coordinates` in floats with their derivatives in A, h, T, g and s (docs/family, eq-coordinate)."""

    chi: float
    m: float
    A2: float
    e: float
    es: float
    chi_A: float
    m_A: float
    A2_A: float
    e_A: float
    es_A: float
    chi_h: float
    m_h: float
    A2_h: float
    e_h: float
    es_h: float
    chi_T: float
    m_T: float
    A2_T: float
    e_T: float
    es_T: float
    chi_g: float
    m_g: float
    A2_g: float
    e_g: float
    es_g: float
    chi_s: float
    m_s: float
    A2_s: float
    e_s: float
    es_s: float


class Pair(NamedTuple):
    """Both residuals with their Jacobian in (log t, log V), and :class:`State` without the unknowns."""

    F1: float
    F2: float
    F1_t: float
    F1_V: float
    F2_t: float
    F2_V: float
    k: float
    standard_risk: float
    squared_norm: float
    overlap: float


class Single(NamedTuple):
    """The residual of an equation with one unknown, its slope in the logarithm of that, and :class:`State`."""

    F: float
    slope: float
    t: float
    V: float
    k: float
    standard_risk: float
    squared_norm: float
    overlap: float


class Point(NamedTuple):
    """What the kernels return of one problem: how it ended, the unknowns, the observables, the evidence.

    Risks of labels are error rates; what exists for residuals only, or for labels only, is NaN for the others.
    """

    status: float
    phase: float
    q: float
    V: float
    k: float
    standard_risk: float
    gradient_norm: float
    overlap: float
    output_power: float
    mean_abs_error: float
    training_loss: float
    mean_abs_residual: float
    zero_residual_fraction: float
    training_error: float
    attacked_training_error: float
    mean_margin: float
    residual: float
    iterations: float


class Scales(NamedTuple):
    """The null threshold with b' J^-2 b and E Sigma/J^2, the means of Sigma and J^2, the share of features without
    variance, and whether features can fit the target exactly: linear ones, all of it in their range, without noise."""

    eps_null: float
    power: float
    spread: float
    mean_sigma: float
    mean_metric: float
    null: float
    recoverable: bool


class Shift(NamedTuple):
    """How far a root lies from the cold start: smooth along a grid, also where the root itself runs away."""

    log_t: float
    log_V: float
