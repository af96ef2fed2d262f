"""Every number on docs/findings is read from the page and recomputed; no number is left that nothing here produces.

A claim quotes the page with ``{}`` where its numbers stand, and computes them; a table is claimed by its header and
computed row by row. What is left must be one of the settings in ``GIVEN``.
"""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from scipy.optimize import brentq

import rfrobust
from rfrobust.problem.catalogue import built_in
from rfrobust.tuning import boundaries, radius_curves, width_transition
from tests import reference

PAGE = (Path(__file__).resolve().parents[2] / "docs/findings.md").read_text(encoding="utf-8")
NUMBER = r"(-?\d+(?:\.\d+)?)"
#: What the page sets rather than finds, and names that contain digits.
GIVEN = (
    r"```.*?```", r"!\[.*?\)", r"`[^`]*`", r"Theorem 4\.2", r"40-digit", r"\$10\^\{-7\}\$", r"10 draws", r"\$0\^\+\$",
    r"\\psi_1 = 0", r"\\psi_[12]", r"r\^2", r"\\(var)?epsilon \\to 0\^\+", r"\(u; p\) = 0", r"\^\{-1\}", r"1/N",
    r"\\mu_[12](\^2)?", r"\\rho\^2", r"\\sqrt2", r"\\sum_\{j\\ge2\}", r"a_1", r"a_j\^2",
    r"(N/d|n/d|d|\\tau|\\varepsilon|\\varepsilon_\{test\}) = [\d.]+", r"test radius [\d.]+",
)  # fmt: skip


def solve(psi1: float, eps: float, **options):
    return rfrobust.solve(psi1, 2, eps, 0.5, **options)


def train(psi1: float, eps_test: float, **options) -> rfrobust.tuning.Optimum:
    return rfrobust.best_training(psi1, 2, 0.5, eps_test=eps_test, **options)


def least_norm(psi1: float):
    return solve(psi1, 0, ridge=boundaries.VANISHING_RIDGE)


def simulated(psi1: float, eps: float, eps_test: float, ridge: float = 0.0) -> list[float]:
    """Return mean and standard error of the adversarial risk of finite networks."""
    data = rfrobust.simulate(
        psi1=psi1, psi2=2, eps=eps, tau=0.5, ridge=ridge, eps_test=eps_test, d=150, replicates=10, seed=5
    )
    means = rfrobust.summary(data)
    return [float(means.adversarial_risk), float(means.adversarial_risk_se)]


def best_radius(psi1: float, eps_test: float) -> str | float:
    """Return the best radius, or 0+ where no radius does better than the limit."""
    best = train(psi1, eps_test)
    if best.risk >= solve(psi1, 0).adversarial_risk(eps_test) * (1 - 1e-12):
        return "$0^+$"
    return best.at["eps"]


CLAIMS: dict[str, tuple[Callable, bool]] = {}
TABLES: dict[str, Callable] = {}


def claim(text: str, slow: bool = False):
    def register(compute: Callable) -> Callable:
        CLAIMS[text] = compute, slow
        return compute

    return register


def table(header: str):
    def register(compute: Callable) -> Callable:
        TABLES[header] = compute
        return compute

    return register


def pattern(text: str) -> re.Pattern:
    """Return the expression that finds a claim, whatever the line breaks."""
    parts = [r"\s+".join(map(re.escape, part.split(" "))) for part in text.split("{}")]
    return re.compile(NUMBER.join(parts))


def agrees(shown: str, value: float) -> bool:
    """Return whether a number is shown as it rounds, a last digit of rounding apart."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5001 * 10.0**-digits


# --- Train far above the test radius, or not at all


@table(r"| $\varepsilon_{test}$ | $N/d = 1$ | $N/d = 3$ | $N/d = 10$ | $N/d = 20$ |")
def best_radii(eps_test):
    return [best_radius(psi1, float(eps_test)) for psi1 in (1, 3, 10, 20)]


@claim(r"it is {} at $N/d = 16$, {} at $N/d = 16.5$, and $0^+$ from $N/d = {}$ on")
def best_radius_along_the_width():
    first = next(psi1 for psi1 in range(10, 40) if best_radius(psi1, 0.1) == "$0^+$")
    assert all(best_radius(psi1, 0.1) == "$0^+$" for psi1 in (first, 30, 100))
    return best_radius(16, 0.1), best_radius(16.5, 0.1), first


@claim(
    r"this is the difference between $AR = {}$ (training at 0.3, worse than the {} of predicting zero) and $AR = {}$"
)
def same_radius_against_best():
    return solve(3, 0.3).adversarial_risk(), train(3, 0.3).null_risk, train(3, 0.3).risk


@claim(r"give ${} \pm {}$ and ${} \pm {}$. The reason is", slow=True)
def simulated_same_radius_and_best():
    return simulated(3, 0.3, 0.3) + simulated(3, train(3, 0.3).at["eps"], 0.3)


@claim(r"$\varepsilon_{test} = 0.4$ the search finds {}")
def unlimited_data():
    return [rfrobust.best_training(3, math.inf, 0.5, eps_test=0.4).at["eps"]]


# --- A ridge does most of it


@table(r"| $\varepsilon_{test}$ | best radius, no ridge | best ridge, square loss | both | at |")
def strategies(eps_test):
    at = float(eps_test)
    both = train(3, at, ridge=None)
    place = rf"$\varepsilon = {both.at['eps']:.3g}$, $\lambda = {both.at['ridge']:.3f}$"
    return [train(3, at).risk, train(3, at, eps=0.0, ridge=None).risk, both.risk, place]


@claim("helps by {} percent at 0.3 and {} percent at 0.5")
def gain_of_a_radius_beside_a_ridge():
    for eps_test in (0.3, 0.5):
        yield 100 * (1 - train(3, eps_test, ridge=None).risk / train(3, eps_test, eps=0.0, ridge=None).risk)


@claim(r"at 0.3: ${} \pm {}$ (ridge) and ${} \pm {}$ (both), against {} and {};", slow=True)
def simulated_ridge_and_both():
    ridge, both = train(3, 0.3, eps=0.0, ridge=None), train(3, 0.3, ridge=None)
    means = simulated(3, 0.0, 0.3, ridge.at["ridge"]) + simulated(3, both.at["eps"], 0.3, both.at["ridge"])
    return [*means, ridge.risk, both.risk]


@claim(r"at $N/d = 1$ from {} to {}, with $\varepsilon = {}$, $\lambda = {}$. At $N/d = 3$ it does not")
def standard_risk_lowered_by_attacks():
    ridge, both = train(1, 0.0, eps=0.0, ridge=None), train(1, 0.0, ridge=None)
    assert train(3, 0.0, ridge=None).at["eps"] == 0.0
    return ridge.risk, both.risk, both.at["eps"], both.at["ridge"]


# --- Where overparametrization starts to hurt


@claim(
    r"It is {} here, {} at $\tau = 0.2$; a fixed ridge of 0.5 raises it to {}. The best width jumps at "
    r"$\varepsilon_*$: "
    r"from $N/d = {}$ to predicting zero; at $n/d = 4$ ($\varepsilon_* = {}$) to $N/d = {}$"
)
def transitions():
    here, four = width_transition(2, 0.5), width_transition(4, 0.5)
    assert rfrobust.best_width(2, here * 1.0001, 0.5).null
    before, after = rfrobust.best_width(2, here * 0.9999, 0.5), rfrobust.best_width(4, four * 1.0001, 0.5)
    others = width_transition(2, 0.2), width_transition(2, 0.5, ridge=0.5)
    return here, *others, before.at["psi1"], four, after.at["psi1"]


@table(r"| $\varepsilon$ | $10^{-4}$ | $10^{-3}$ | 0.003 | 0.1 |")
def best_widths(row):
    best = [rfrobust.best_width(2, eps, 0.5) for eps in (1e-4, 1e-3, 0.003, 0.1)]
    return [each.at["psi1"] if row == "best $N/d$" else each.risk for each in best]


@claim(
    r"$N/d = 1$: ${} \pm {}$ (theory {}), 7.6: ${} \pm {}$ ({}), 20: ${} \pm {}$ ({}). The last lies {} "
    r"standard errors, "
    r"{} percent, below the limit",
    slow=True,
)
def simulated_widths():
    found = []
    for psi1 in (1, 7.6, 20):
        found += [*simulated(psi1, 0.1, 0.1), solve(psi1, 0.1).adversarial_risk()]
    mean, se, theory = found[-3:]
    return [*found, (theory - mean) / se, 100 * (1 - mean / theory)]


@table("| $N/d$ | 10 | 100 | 1000 | 10000 |")
def vanishing_radius_against_least_norm(row):
    kind = least_norm if "least norm" in row else lambda psi1: solve(psi1, 0)
    return [kind(psi1).standard_risk for psi1 in (10, 100, 1000, 10000)]


@claim("$N r^2/d$ tends to {}")
def decay_of_the_gradient():
    limit = rfrobust.theory.wide_gradient_decay(2, 0.5) ** 2
    assert 1e7 * solve(1e7, 0).gradient_norm ** 2 == pytest.approx(limit, rel=1e-5)
    return [limit]


# --- Boundaries


@claim(
    r"above $N/d = {}$ only against strong attacks: the wide standard network is the more robust one. From "
    r"$N/d = {}$ to "
    r"{} training at the test radius is worse than predicting zero at every radius: at these ends the standard risk of "
    r"$\varepsilon \to 0^+$ is {}."
)
def boundaries_along_the_width():
    def against_standard(psi1: float) -> float:
        return solve(psi1, 0).standard_risk - least_norm(psi1).standard_risk

    def against_zero(psi1: float) -> float:
        return solve(psi1, 0).standard_risk - 1.25

    ends = brentq(against_standard, 2.5, 6), brentq(against_zero, 0.3, 1.5), brentq(against_zero, 2.2, 6)
    crossing, low, high = ends
    always = radius_curves([low * 1.001, 1, 1.9, 2.1, high * 0.999], 2, 0.5)
    assert np.isnan(always.worse_than_zero).all()
    assert always.worse_at_small_eps.all()
    assert np.isnan(always.beats_standard).all()
    assert not always.standard_better_at_small_eps.any()
    outside = radius_curves([low / 1.02, high * 1.02, crossing * 1.02], 2, 0.5)
    assert not outside.worse_at_small_eps.any()
    assert outside.standard_better_at_small_eps.values.tolist() == [False, False, True]
    return *ends, 1 + 0.5**2


@claim("located by a scan of {} radii and then to rounding; differences below $10^{{}}$ count as zero")
def scan_of_the_boundaries():
    return boundaries.SCAN.size, math.log10(boundaries.FLAT)


# --- The activation that resists best


@table(r"| activation | $\mu_1/\mu_2$ | $\rho/\mu_2$ | best $\varepsilon$ | $AR$ | $AR$ with ridge |")
def activations(names):
    rows = []
    for name in names.split(", "):
        activation = built_in({"step-like": "step"}.get(name, name.lower()))
        radius, both = (train(3, 0.3, activation=activation, ridge=ridge) for ridge in (0.0, None))
        linear = activation.mu2 == 0.0
        rows.append([
            r"$\infty$" if linear else activation.mu1 / activation.mu2,
            "" if linear or radius.null else activation.rho / activation.mu2,
            "" if radius.null else radius.at["eps"],
            radius.risk,
            both.risk,
        ])  # fmt: skip
    assert rows == [rows[0]] * len(rows)
    return rows[0]


@claim(
    r"At ReLU's own $\mu_1/\mu_2$ and $N/d = 10$, $\varepsilon = 0.1$, the best $\rho/\mu_2$ is {} with $AR = "
    r"{}$, against "
    r"ReLU's {}"
)
def best_roughness():
    relu = built_in("relu")
    best = rfrobust.best_activation(10, 2, 0.1, 0.5, mu1_over_mu2=relu.mu1 / relu.mu2)
    return best.optimum.at["rho_over_mu2"], best.optimum.risk, best.built_in["relu"]


# --- Sensitivities and certificates


@claim(r"$d\,AR/d\varepsilon = {}$ at fixed test radius")
def slope_in_the_radius():
    def risk(eps: float) -> mp.mpf:
        v, r2, *_ = reference.polish(solve(3, eps))
        return v + 2 * mp.sqrt(2 / mp.pi) * mp.sqrt(r2 * v) * 0.3 + r2 * mp.mpf(0.3) ** 2

    slope = float(rfrobust.gradient(solve(3, 0.3)).adversarial_risk.sel(parameter="eps"))
    low, high = 0.3 - 2.0**-20, 0.3 + 2.0**-20
    with mp.workdps(40):
        exact = float((risk(high) - risk(low)) / (high - low))
    assert slope == pytest.approx(exact, rel=1e-7)
    assert np.isnan(rfrobust.gradient(solve(3, 0)).standard_risk.sel(parameter="ridge"))
    return [slope]


def random_points(count: int) -> Iterator[rfrobust.Equilibrium]:
    """Draw problems from the ranges that the page names, a tenth of them in each of the two limits."""
    rng = np.random.default_rng(4)
    for _ in range(count):
        psi1, psi2 = 10 ** rng.uniform(-2, 2, 2)
        eps = 10 ** rng.uniform(-4, np.log10(30))
        tau = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-3, 1)
        ridge = 0.0 if rng.random() < 0.5 else 10 ** rng.uniform(-8, 2)
        limit = rng.random()
        yield rfrobust.solve(psi1, math.inf if limit < 0.1 else psi2, 0.0 if limit > 0.9 else eps, tau, ridge=ridge)


@claim(
    r"Of {} random points with $\psi \in [10^{{}}, 10^{}]$, $\varepsilon \in [10^{{}}, {}]$, $\tau \in \{0\} \cup "
    r"[10^{{}}, {}]$, $\lambda \in \{0\} \cup [10^{{}}, 10^{}]$, the limits $\varepsilon = 0$ and $\psi_2 = "
    r"\infty$ mixed "
    r"in, {} were proved. The double-precision results are within $10^{{}}$ "
    r"(median) and $10^{{}}$ (worst;",
    slow=True,
)
def certificates():
    pytest.importorskip("flint")
    certificates = [rfrobust.certify(model) for model in random_points(600)]
    errors = np.array([each.relative_error for each in certificates])
    bounds = [math.ceil(math.log10(error)) for error in (np.median(errors), errors.max())]
    return 600, -2, 2, -4, 30, -3, 10, -8, 2, sum(each.proved for each in certificates), *bounds


# --- The page against all of these


def rows_of(header: str) -> list[tuple[str, list[str]]]:
    """Return the rows of a table: first cell and the others."""
    lines = PAGE[PAGE.index(header) :].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines[: lines.index("")]]
    return [(first, others) for first, *others in rows]


@pytest.mark.parametrize(
    ("text", "compute"),
    [
        pytest.param(text, compute, id=compute.__name__, marks=[pytest.mark.slow] if slow else [])
        for text, (compute, slow) in CLAIMS.items()
    ],
)
def test_numbers_in_the_text(text, compute):
    found = pattern(text).search(PAGE)
    assert found, text
    values = list(compute())
    assert len(values) == len(found.groups())
    assert [shown for shown, value in zip(found.groups(), values, strict=True) if not agrees(shown, value)] == [], (
        values
    )


@pytest.mark.parametrize(
    ("compute", "first", "others"),
    [
        pytest.param(compute, first, others, id=f"{compute.__name__}-{first}")
        for header, compute in TABLES.items()
        for first, others in rows_of(header)
    ],
)
def test_numbers_in_the_tables(compute, first, others):
    values = compute(first)
    assert len(values) == len(others)
    for shown, value in zip(others, values, strict=True):
        if isinstance(value, str):
            assert shown == value
        else:
            assert agrees(shown, value), (shown, value)


def test_no_number_is_left():
    left = PAGE
    for header in TABLES:
        start = left.index(header)
        left = left[:start] + left[left.index("\n\n", start) :]
    for text in CLAIMS:
        left = pattern(text).sub("", left)
    for given in GIVEN:
        left = re.sub(given, "", left, flags=re.DOTALL)
    assert re.findall(r".*\d.*", left) == []
