"""Every number on docs/family_findings is recomputed, and stands on the page as it is rounded there."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import rfrobust
from rfrobust.problem import Problem

PAGE = " ".join((Path(__file__).resolve().parents[2] / "docs/family_findings.md").read_text(encoding="utf-8").split())
INF = math.inf
MIX = rfrobust.GaussianMixture((0.3, 3.0), (0.8, 0.2))


def says(text, *values):
    """Check that the page says this, with these values as it rounds them."""
    pattern = re.escape(text).replace(r"\{\}", r"(-?\d+(?:\.\d+)?)")
    found = re.search(pattern, PAGE)
    assert found, f"the page must say {text!r}"
    for written, value in zip(found.groups(), values, strict=True):
        digits = len(written.partition(".")[2])
        assert written == f"{value:.{digits}f}", text


def test_maximum_norm():
    best = {norm: rfrobust.best_width(2, 0.1, 0.3, norm=norm, psi1_range=(0.01, 1000)) for norm in (2.0, INF)}
    says(r"is least at $N/d = {}$ with ${}$ and rises", best[INF].at["psi1"], best[INF].risk)
    says(r"is least at $N/d = {}$ with ${}$. The two", best[2.0].at["psi1"], best[2.0].risk)


@pytest.mark.parametrize(
    ("norm", "text"), [(2.0, r"leaves ${}$ under $\ell_2$ attacks and ${}$ under"), (INF, "leaves ${}$ and ${}$.")]
)
def test_transfer_between_norms(norm, text):
    problem = Problem.of(3, 2, 0, 0.3, norm=norm)
    least = []
    for test in (2.0, INF):
        low, high = 0.3, 1.5
        for _ in range(3):
            radii = np.linspace(low, high, 25)
            risk = rfrobust.sweep(problem, eps=radii, norm_test=test, eps_test=0.3).adversarial_risk.values
            i = int(np.argmin(risk))
            low, high = radii[max(i - 1, 0)], radii[min(i + 1, 24)]
        least.append(risk.min())
    says(text, *least)


def excess(psi1, loss, eps_test=0.0, **searched):
    best = rfrobust.best_training(Problem.of(psi1, 2, 0, noise=MIX, loss=loss), eps_test=eps_test, **searched)
    return best.risk - 1.872


def test_outliers():
    penalty = excess(0.5, "square", eps=0.0, ridge=None, gradient_penalty=None)
    ridge = excess(0.5, "square", eps=0.0, ridge=None)
    says(r"an excess risk of ${}$, the best ridge ${}$, and", excess(0.5, "square"), ridge)
    says(r"with the best gradient penalty ${}$", penalty)
    losses = [excess(3, loss, ridge=None) for loss in ("square", "huber:0.5", "absolute")]
    says(r"square loss reaches ${}$ with radius and ridge tuned, Huber's", losses[0])
    says(r"$\delta = 0.5$ reaches ${}$ and the absolute loss ${}$", *losses[1:])
    other = excess(3, "absolute", eps=0.0, ridge=None, gradient_penalty=None)
    assert other == pytest.approx(losses[2], rel=1e-7)  # a penalty itself
    huber = Problem.of(3, 2, 0, noise=MIX, loss="huber:0.5")
    tuned = rfrobust.best_training(huber, eps_test=0.0, ridge=None, delta=None)
    assert tuned.at["eps"] == 0.0
    says(r"Huber's loss reaches ${}$, and its best", tuned.risk - 1.872)
    start = rfrobust.solve(3, 2, 0, noise=MIX).excess_risk
    says(r"from its best radius, to ${}$ from ${}$", excess(3, "square"), start)


def test_labels():
    for loss, standard, attacked in (
        ("logistic", r"falls from ${}$ at $N/d = 1$ to ${}$ at $N/d = 100$", "radius $0.1$ from ${}$ to ${}$; with"),
        ("hinge", "with the hinge from ${}$ to ${}$ and", "and from ${}$ to ${}$. There"),
    ):  # fmt: skip
        models = [rfrobust.solve(psi1, 2, 0.1, 0.3, ridge=0.01, loss=loss) for psi1 in (1, 100)]
        says(standard, *(model.standard_risk for model in models))
        says(attacked, *(model.adversarial_risk(0.1) for model in models))
        if loss == "logistic":
            says("falls from ${}$ to ${}$ on the way", *(m.gradient_norm / math.sqrt(m.output_power) for m in models))
    bump = [rfrobust.solve(psi1, 2, 0.1, 0.3, ridge=1e-6, loss="logistic").standard_risk for psi1 in (0.8, 1, 1.26)]
    says("separable: ${}$ at $N/d=0.8$, ${}$ at $1$, ${}$ at $1.26$", *bump)
    widths = np.geomspace(1, 1e4, 9)
    errors = rfrobust.sweep(psi1=widths, psi2=2, eps=0.1, tau=0.3, ridge=0.01, loss="logistic").standard_risk
    assert bool((errors.diff("psi1") < 0).all())


def test_consistent_attacks():
    for psi1, text in ((3, "leave ${}$ of the risk ${}$ at"), (30, "and ${}$ of ${}$ at $N/d = 30$")):
        model = rfrobust.solve(psi1, 2, 0.3, 0.5)
        says(text, model.adversarial_risk(consistent=True), model.adversarial_risk())


def test_gradient_penalty():
    def least(**searched):
        return rfrobust.best_training(3, 2, 0.5, eps_test=0.3, **searched).risk

    says("best radius alone leaves ${}$, the best penalty alone ${}$", least(), least(eps=0.0, gradient_penalty=None))
    both = least(ridge=None), least(eps=0.0, ridge=None, gradient_penalty=None)
    says("with a ridge besides, ${}$ and ${}$", *both)
    for eps_test, text in ((0.3, "(${}$ against ${}$ at test"), (0.0, "clean data (${}$ against ${}$)")):
        attack = excess(3, "huber:0.5", eps_test, ridge=None)
        says(text, excess(3, "huber:0.5", eps_test, eps=0.0, ridge=None, gradient_penalty=None), attack)


@pytest.mark.parametrize(
    ("signal", "row"),
    [
        (rfrobust.BernoulliGauss(0.1), "| a tenth of them, Gaussian | {} | {} | {} | {} |"),
        (rfrobust.BernoulliGauss(1.0), "| Gaussian | {} | {} | {} | {} |"),
        (rfrobust.Rademacher(), "| all of one size | {} | {} | {} | {} |"),
    ],
)
def test_penalty_under_the_maximum_norm(signal, row):
    least = []
    for ridge in (0.0, None):
        least += maximum_norm(signal, 0.3, ridge)
    says(row, *least)


def maximum_norm(signal, eps_test, ridge):
    """Return the least risks under l_inf attacks of training against them, and with a gradient penalty."""
    searched = {"eps_test": eps_test, "norm_test": INF, "ridge": ridge}
    attack, penalty = (Problem.of(3, 2, 0, 0.3, signal=signal, norm=norm) for norm in (INF, 2.0))
    other = rfrobust.best_training(penalty, eps=0.0, gradient_penalty=None, **searched)
    return [rfrobust.best_training(attack, **searched).risk, other.risk]


def test_penalty_under_strong_attacks():
    says("leaves ${}$ of the penalty's ${}$ alone", *maximum_norm(rfrobust.BernoulliGauss(1.0), 0.6, 0.0))
    says("alone, ${}$ of ${}$ with the ridge", *maximum_norm(rfrobust.BernoulliGauss(1.0), 0.6, None))
    says("it is ${}$ against ${}$ with the ridge", *maximum_norm(rfrobust.Rademacher(), 0.6, None))


@pytest.mark.parametrize("signal", [rfrobust.BernoulliGauss(0.1), rfrobust.BernoulliGauss(1.0), rfrobust.Rademacher()])
def test_penalty_dominates_euclidean_attacks_under_every_test_norm(signal):
    a = rfrobust.solve(3, 2, 0.3, 0.5, signal=signal)
    zeros = a.zero_residual_fraction
    penalty = a.k * (1 - zeros - (1 - zeros) * a.V / (1 + a.V))  # eq-equivalent-penalties
    b = rfrobust.solve(3, 2, 0, 0.5, gradient_penalty=penalty, signal=signal)
    for norm in (1.5, 3.0, INF):
        assert b.dual_norm(norm) < a.dual_norm(norm)
        assert b.adversarial_risk(0.3, norm=norm) < a.adversarial_risk(0.3, norm=norm)
