"""Gap between theory and finite networks at d = 200: limit, spectrum of the drawn W, matrices of the drawn network.

Every draw is one network with one signal, trained on several data sets; the gap of a theory is
(mean over data sets of the simulated risk)/(its risk) - 1, and the table shows its root mean square over draws.
"""

import numpy as np

import rfrobust
from rfrobust.finite.erm import ConcentratedERM
from rfrobust.finite.features import FeatureMap
from rfrobust.finite.risks import standard_risk

D = 200
#: (activation, psi1, psi2, eps, tau)
CASES = (("erf", 1.0, 10.0, 0.3, 0.0), ("relu", 1.0, 10.0, 0.1, 0.0), ("relu", 3.0, 10.0, 0.1, 0.0))


def gaps(
    activation: str, psi1: float, psi2: float, eps: float, tau: float, *, draws: int, sets: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the relative gaps, shape (draws, 4), and the standard errors of the simulated risks, shape (draws,)."""
    N, n = round(psi1 * D), round(psi2 * D)
    limit = rfrobust.solve(psi1, psi2, eps, tau, activation=activation).standard_risk
    result, errors = np.empty((draws, 4)), np.empty(draws)
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        network = FeatureMap.draw(N, D, rng, activation)
        beta = rng.standard_normal(D)
        beta /= np.linalg.norm(beta)
        risks = np.empty(sets)
        for j in range(sets):
            X = rng.standard_normal((n, D))
            y = X @ beta + tau * rng.standard_normal(n)
            fit = ConcentratedERM(network.features(X), y, network.metric).solve(eps)
            risks[j] = standard_risk(network, fit.theta, beta, tau)
        spectral = rfrobust.solve(
            psi1, psi2, eps, tau, activation=activation, spectrum=rfrobust.EmpiricalSpectrum(network.W)
        ).standard_risk
        matrices = rfrobust.theory.drawn_network(network.W, n, tau, activation=activation).solve(eps).standard_risk
        signal = rfrobust.theory.drawn_network(network.W, n, tau, activation=activation, beta=beta).solve(eps)
        theories = np.array([limit, spectral, matrices, signal.standard_risk])
        result[draw] = risks.mean() / theories - 1.0
        errors[draw] = risks.std(ddof=1) / np.sqrt(sets) / risks.mean()
    return result, errors


def basis_gaps(activation: str, psi1: float, psi2: float, eps: float, *, draw: int) -> np.ndarray:
    """Return the relative gaps of limit, spectrum and matrices for the risk averaged over a basis of signals.

    Signals of one orthonormal basis average every quadratic form to its trace, so that what is left is the network and
    the data (tau = 0, one set of samples for all signals).
    """
    N, n = round(psi1 * D), round(psi2 * D)
    rng = np.random.default_rng(draw)
    network = FeatureMap.draw(N, D, rng, activation)
    X = rng.standard_normal((n, D))
    features = network.features(X)
    risks = []
    for beta in np.eye(D):
        fit = ConcentratedERM(features, X @ beta, network.metric).solve(eps)
        risks.append(standard_risk(network, fit.theta, beta, 0.0))
    problem = {"activation": activation}
    spectrum = rfrobust.EmpiricalSpectrum(network.W)
    theories = [
        rfrobust.solve(psi1, psi2, eps, **problem).standard_risk,
        rfrobust.solve(psi1, psi2, eps, spectrum=spectrum, **problem).standard_risk,
        rfrobust.theory.drawn_network(network.W, n, **problem).solve(eps).standard_risk,
    ]
    return np.mean(risks) / np.array(theories) - 1.0


def run() -> None:
    """Print root mean square gaps in percent."""
    print("one network with its signal:")
    print(f"{'case (d = 200)':34s} {'limit':>8s} {'spectrum':>9s} {'matrices':>9s} {'+ signal':>9s} {'MC error':>9s}")
    for case in CASES:
        gap, error = gaps(*case, draws=8, sets=4)
        rms = 100.0 * np.sqrt(np.mean(gap**2, axis=0))
        noise = 100.0 * np.sqrt(np.mean(error**2))
        name = "{} psi1={:g} psi2={:g} eps={:g} tau={:g}".format(*case)
        print(f"{name:34s} {rms[0]:7.2f}% {rms[1]:8.2f}% {rms[2]:8.2f}% {rms[3]:8.2f}% {noise:8.2f}%", flush=True)
    print("one network, averaged over a basis of signals (erf psi1=1 psi2=10 eps=0.3 tau=0):")
    for draw in range(4):
        gap = 100.0 * basis_gaps("erf", 1.0, 10.0, 0.3, draw=draw)
        print(f"network {draw}: {gap[0]:+7.2f}% {gap[1]:+8.2f}% {gap[2]:+8.2f}%", flush=True)
