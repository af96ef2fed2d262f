"""The reduced theory: one clock for the signal and one for each sample's memory (docs, cgro, section 3)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from ..support import validation
from ..support.errors import NumericalError
from .problem import Draw, PatchProblem, draw
from .trajectory import odd, provenance, record_steps, replicate_seeds

COUPLINGS = ("diagonal", "full")
#: Relative accuracy of the clocks, and of a projection that follows from one: a projection that has grown from p to P
#: multiplies the relative error of its clock by (P/p)^(q - 2)/(q - 2), because its clock runs into a pole.
CLOCK_ACCURACY, ACCURACY = 1e-10, 1e-2


def advance(start: np.ndarray, clock: np.ndarray, q: int) -> np.ndarray:
    r"""Return p(s) for :math:`dp/ds = q |p|^{q-1}`, p(0) = ``start``.

    q = 2: :math:`p\,e^{2 s\,\mathrm{sign}\,p}`. q > 2: :math:`|p|^{2-q}` falls (p > 0) or grows (p < 0) by
    q(q-2)s; a positive p reaches infinity at :math:`s = p^{2-q}/(q(q-2))`, from where on inf is returned, and a
    negative p decays to zero without changing sign (docs, cgro, eq. clock).
    """
    q = validation.integer("q", q, 2, 8)
    return _advance(validation.real_array("start", start), validation.real_array("clock", clock), q)


def _advance(start: np.ndarray, clock: np.ndarray, q: int) -> np.ndarray:
    sign = np.sign(start)
    if q == 2:
        return start * np.exp(2.0 * sign * clock)
    with np.errstate(divide="ignore", over="ignore"):
        left = np.abs(start) ** (2 - q) - sign * q * (q - 2) * clock
        size = np.where(left > 0.0, np.abs(left) ** (-1.0 / (q - 2)), np.inf)
    return np.where(sign == 0.0, 0.0, sign * size)


def blow_up(start: float, q: int) -> float:
    """Return the clock at which a projection reaches infinity.

    It is inf for q = 2, for a start <= 0, and where it is beyond the largest float.
    """
    start, q = validation.real_scalar("start", start), validation.integer("q", q, 2, 8)
    if q == 2 or start <= 0.0:
        return math.inf
    try:
        return start ** (2 - q) / (q * (q - 2))
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class ReducedStart:
    """Where the reduced system starts.

    Attributes
    ----------
    signal : ndarray, shape (m,)
        Projections of the filters on w*.
    noise, weight : ndarray, shape (N, K)
        Signed projections y_i <w_r, x_i[j]>, K = m (P - 1), and the squared length of the patch behind each.
    share : int
        Training examples behind each row, so that N rows of share 1 and one row of share N are both possible.
    """

    signal: np.ndarray
    noise: np.ndarray
    weight: np.ndarray
    share: int = 1


@validation.typed
def start_of(drawn: Draw) -> ReducedStart:
    """Return the start of the reduced system for one draw of data and weights."""
    noise = drawn.train.noise()
    z = drawn.train.y[:, None, None] * (noise @ drawn.weights.T)
    weight = np.broadcast_to((noise**2).sum(axis=2)[..., None], z.shape)
    rows = len(noise)
    return ReducedStart(drawn.weights @ drawn.train.direction, z.reshape(rows, -1), weight.reshape(rows, -1))


@validation.typed
def typical_start(problem: PatchProblem) -> ReducedStart:
    """Return a start without randomness: normal scores for the projections, every sample the same.

    The k-th of K equals its standard deviation times the (k - 3/8)/(K + 1/4) quantile of the normal law; that
    is init_sd for the signal and init_sd sigma sqrt(d - 1) for the noise, sigma^2 (d - 1) the squared length.
    """
    spread = problem.sigma * np.sqrt(problem.dim - 1)

    def scores(count: int) -> np.ndarray:
        return problem.init_sd * ndtri((np.arange(1, count + 1) - 0.375) / (count + 0.25))

    noise = spread * scores(problem.filters * (problem.patches - 1))
    return ReducedStart(scores(problem.filters), noise[None], np.full((1, noise.size), spread**2), problem.samples)


def strengths(start: ReducedStart, clocks: np.ndarray, q: int) -> tuple[Any, np.ndarray]:
    """Return U and V_i, shapes (...) and (rows, ...), at clocks of shape (1 + rows, ...)."""
    extra = (1,) * (clocks.ndim - 1)
    signal = odd(_advance(start.signal.reshape(-1, *extra), clocks[0], q), q).sum(axis=0)
    noise = start.noise.reshape(*start.noise.shape, *extra)
    run = start.weight.reshape(noise.shape) * clocks[1:, None]
    return signal, odd(_advance(noise, run, q), q).sum(axis=1)


@validation.typed
def solve_clocks(problem: PatchProblem, start: ReducedStart, times: np.ndarray) -> np.ndarray:
    r"""Integrate the reduced system and return its clocks, shape (1 + rows, len(times)).

    :math:`\dot s_0 = \frac1N\sum_i[\alpha^q g_i + \lambda(\alpha-\delta)^q h_i]` and
    :math:`\dot s_i = \frac1N (g_i + \lambda h_i)` with the logistic pulls g_i, h_i at the clean and the
    adversarial margin (docs, cgro, eq. reduced).

    Raises
    ------
    NumericalError
        If the integrator gives up, or the clocks say less of the projections than :data:`ACCURACY`.
    """
    times = validation.real_array("times", times, 0.0, ndim=1)
    if (np.diff(times) <= 0.0).any():
        raise ValueError(f"times must be increasing, got {times}")
    total = problem.samples

    def rate(_: float, clocks: np.ndarray) -> np.ndarray:
        signal, memory = strengths(start, clocks, problem.q)
        clean = expit(-(problem.clean_gain * signal + memory))
        robust = problem.lam * expit(-(problem.robust_gain * signal + memory))
        drive = start.share * (problem.clean_gain * clean + problem.robust_gain * robust).sum() / total
        return np.concatenate([[drive], (clean + robust) / total])

    rows = len(start.noise)
    clocks = _integrate(rate, np.zeros(1 + rows), times, "LSODA")
    first = np.concatenate([start.signal, start.noise.ravel()])
    run = np.concatenate([np.full(start.signal.size, clocks[0, -1]), (start.weight * clocks[1:, -1:]).ravel()])
    rising = first > 0.0
    check_growth(problem, float(np.max(_advance(first, run, problem.q)[rising] / first[rising], initial=1.0)))
    return clocks


def check_growth(problem: PatchProblem, growth: float) -> None:
    """Raise if a projection that grows by this factor is not known to :data:`ACCURACY` from its clock."""
    lost = CLOCK_ACCURACY * growth ** (problem.q - 2) / (problem.q - 2) if problem.q > 2 else 0.0
    if not lost <= ACCURACY:
        raise NumericalError(
            f"init_sd={problem.init_sd:g} is too small for the reduced system at q={problem.q}: a projection grows by "
            f"{growth:.3g}, which leaves it known to {lost:.2g} of itself only; take a larger init_sd"
        )


def _integrate(
    rate: Callable[[float, np.ndarray], np.ndarray], first: np.ndarray, times: np.ndarray, method: str
) -> np.ndarray:
    solution = solve_ivp(
        rate, (0.0, float(times[-1])), first, method=method, t_eval=times, rtol=CLOCK_ACCURACY, atol=1e-12
    )
    if not solution.success:
        raise NumericalError(f"the reduced system could not be integrated: {solution.message}")
    return solution.y


def _full_flow(problem: PatchProblem, drawn: Draw, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient flow with all inner products between patches: signal (m, T), signed projections (N, K, T)."""
    noise = drawn.train.noise()
    flat = noise.reshape(-1, problem.dim)
    y = np.repeat(drawn.train.y, noise.shape[1])
    gram = y[:, None] * (flat @ flat.T) * y
    q, m, total = problem.q, problem.filters, problem.samples

    def rate(_: float, state: np.ndarray) -> np.ndarray:
        u, z = state[:m], state[m:].reshape(-1, m)
        signal = odd(u, q).sum()
        memory = odd(z, q).reshape(total, -1).sum(axis=1)
        clean = expit(-(problem.clean_gain * signal + memory))
        robust = problem.lam * expit(-(problem.robust_gain * signal + memory))
        drive = (problem.clean_gain * clean + problem.robust_gain * robust).mean()
        pull = np.repeat((clean + robust) / total, noise.shape[1])
        moves = gram @ (pull[:, None] * q * np.abs(z) ** (q - 1))
        return np.concatenate([drive * q * np.abs(u) ** (q - 1), moves.ravel()])

    first = np.concatenate([drawn.weights @ drawn.train.direction, (y[:, None] * (flat @ drawn.weights.T)).ravel()])
    states = _integrate(rate, first, times, "RK45")
    return states[:m], states[m:].reshape(total, -1, len(times))


@validation.typed
def reduced_trajectory(
    problem: PatchProblem | None = None,
    *,
    replicates: int = 8,
    seed: int = 0,
    steps: int = 10_000,
    records: Sequence[int] | None = None,
    coupling: str = "diagonal",
) -> xr.Dataset:
    """Return what the reduced theory predicts for the runs of :func:`trajectories` with the same seed.

    Parameters
    ----------
    problem : PatchProblem, optional
    replicates, seed : int
        The draws whose first projections start the system, as in :func:`trajectories`.
    steps, records
        As in :func:`trajectories`; a step lasts ``problem.step`` units of time.
    coupling : {"diagonal", "full"}
        ``diagonal`` neglects inner products between different noise patches: N + 1 equations, one clock each.
        ``full`` keeps them: gradient flow in all m (1 + N (P - 1)) projections, exact for small steps.

    Returns
    -------
    xarray.Dataset
        ``U``, ``signal``, ``V``, ``clean_margin``, ``robust_margin`` over ``replicate``, ``step`` (and ``sample``).

    Raises
    ------
    ValueError, TypeError
        For bad arguments.
    NumericalError
        If the integrator gives up.
    """
    problem = problem or PatchProblem()
    coupling = validation.choice("coupling", coupling, COUPLINGS)
    seeds = replicate_seeds(replicates, seed)
    at = record_steps(steps, records)
    times = at * problem.step
    signals, memories = [], []
    for seed in seeds:
        drawn = draw(problem, seed, 1)
        if coupling == "diagonal":
            start = start_of(drawn)
            signal, memory = strengths(start, solve_clocks(problem, start, times), problem.q)
        else:
            u, z = _full_flow(problem, drawn, times)
            signal, memory = odd(u, problem.q).sum(axis=0), odd(z, problem.q).sum(axis=1)
        signals.append(signal)
        memories.append(memory.T)
    data = xr.Dataset(
        {
            "U": (("replicate", "step"), np.stack(signals), {"long_name": "signal strength U"}),
            "V": (("replicate", "step", "sample"), np.stack(memories), {"long_name": "memory of sample i"}),
        },
        coords={"seed": ("replicate", seeds), "step": at, "time": ("step", times)},
        attrs={**provenance(problem), "coupling": coupling},
    )
    data["signal"] = problem.clean_gain * data["U"]
    data["clean_margin"] = data["signal"] + data["V"]
    data["robust_margin"] = problem.robust_gain * data["U"] + data["V"]
    return data


def _clock_to_reach(start: np.ndarray, weight: np.ndarray, level: float, q: int) -> float:
    """Clock at which the summed odd powers reach ``level``; inf if they never do, 0 if they are there."""

    def gap(clock: float) -> float:
        return float(odd(advance(start, weight * clock, q), q).sum()) - level

    if gap(0.0) >= 0.0:
        return 0.0
    if start.max() <= 0.0:
        return float("inf")
    if q == 2:
        upper = float(1.0 / weight.max())
        while gap(upper) < 0.0:
            upper *= 2.0
    else:
        upper = min(blow_up(p, q) / w for p, w in zip(start, weight, strict=True) if p > 0.0)
        if upper == math.inf:
            return upper
        upper *= 1.0 - 1e-13
    return float(brentq(gap, 0.0, upper, xtol=1e-14 * upper, rtol=1e-13))


@validation.typed
def phase_times(problem: PatchProblem, start: ReducedStart | None = None, level: float = 1.0) -> dict[str, Any]:
    r"""Predict, by one quadrature each, the times at which the phases change (docs, cgro, eq. times).

    Signal: :math:`t_1 = \int_0^{s^*} ds / G(s)` with only the signal in the margins. Sample i:
    :math:`t_i = t_1 + \frac{N}{\lambda} \int (1 + e^{V_i(s)})\,ds` from the clock
    :math:`\frac{1 + \lambda}{2N} t_1` to the one at which V_i reaches the level, the adversarial signal
    being negligible: this is the regime of memorization, not that of robust learning.

    Parameters
    ----------
    problem : PatchProblem
        With lam > 0.
    start : ReducedStart, optional
        From :func:`start_of`, or the typical start by default.
    level : float
        As in :func:`find_phases` (> 0).

    Returns
    -------
    dict
        ``signal_end`` and ``samples`` (array, one time a row of the start, inf for a sample none of whose
        projections is positive), ``memorization_start``, ``memorization_end``: in units of time.
    """
    level = validation.real_scalar("level", level, 0.0, open_lower=True)
    if problem.lam == 0.0:
        raise ValueError("lam must be > 0 (nothing is memorized without the adversarial loss), got lam=0.0")
    start = start or typical_start(problem)
    q = problem.q

    def slowness(clock: float) -> float:
        signal = odd(advance(start.signal, np.asarray(clock), q), q).sum()
        clean, robust = problem.clean_gain, problem.robust_gain
        return 1.0 / (clean * expit(-clean * signal) + problem.lam * robust * expit(-robust * signal))

    learned = _clock_to_reach(start.signal, np.ones_like(start.signal), level / problem.clean_gain, q)
    if learned == float("inf"):
        raise ValueError("start must have a filter with a positive projection on the signal, got none")
    first = quad(slowness, 0.0, learned, epsrel=1e-9)[0]
    begun = 0.5 * (1.0 + problem.lam) * first / problem.samples
    samples = []
    for row, weight in zip(start.noise, start.weight, strict=True):
        end = _clock_to_reach(row, weight, level, q)

        def burden(clock: float, row: np.ndarray = row, weight: np.ndarray = weight) -> float:
            return 1.0 + float(np.exp(odd(advance(row, weight * clock, q), q).sum()))

        if end == float("inf"):
            samples.append(end)
        else:
            wait = quad(burden, begun, end, epsrel=1e-9)[0] if end > begun else 0.0
            samples.append(first + problem.samples / problem.lam * wait)
    return {
        "signal_end": first,
        "samples": np.array(samples),
        "memorization_start": min(samples),
        "memorization_end": max(samples),
    }
