"""The interactive page in a real browser: its port of the equations, and the page itself moved by its sliders.

Skipped where there is no Chromium; Debian and Ubuntu: ``apt-get install chromium``.
"""

import html
import json
import math
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erfc, owens_t

import rfrobust

DOCS = Path(__file__).resolve().parents[2] / "docs"
STATIC = DOCS / "_static"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000", "--dump-dom"),
]

#: What the page loads before explorer.js, in this order.
ENGINE = ("activations.js", "normal.js", "channels.js", "kernels.js", "equations.js")
LOSSES = ("square", "huber", "absolute", "logistic", "hinge")

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: apt-get install chromium")


def run_page(folder: Path, body: str, fragment: str = "") -> str:
    """Open a page with the given body over file:// and return the text of its element #out."""
    page = folder / "page.html"
    page.write_text(f"<!doctype html><meta charset=utf-8><body>{body}</body>", encoding="utf-8")
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"{page.as_uri()}{fragment}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the page wrote nothing:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return html.unescape(found[1])


ENGINE_SCRIPTS = "".join(f'<script src="{(STATIC / name).as_uri()}"></script>' for name in ENGINE)


def write(expression: str) -> str:
    """Return a script that writes the JSON of an expression, or the error it raised, to #out."""
    return (
        '<pre id="out"></pre><script>const out = document.getElementById("out");'
        f"try {{ out.textContent = JSON.stringify({expression}); }} catch (e) {{ out.textContent = e.stack; }}</script>"
    )


def solved(folder: Path, problems: list[dict], eps_test: float) -> list[list]:
    """Return what the browser makes of problems: risks, norm, zero residuals, training loss, null threshold, phase."""
    # Python writes infinity as JavaScript does
    expression = (
        f"{json.dumps(problems)}.map((p) => {{ const m = rfrobust.solve(p); return [m.risk, "
        f"rfrobust.adversarialRisk(m, {eps_test}), m.r, m.zeros, m.loss, rfrobust.nullThreshold(p), m.phase]; }})"
    )
    return json.loads(run_page(folder, ENGINE_SCRIPTS + write(expression)))


def as_python(problem: dict) -> dict:
    """Return a problem of the page by the arguments of the library."""
    settings = {name: value for name, value in problem.items() if name != "delta"}
    if settings.get("loss") == "huber":
        settings["loss"] = f"huber:{problem['delta']!r}"
    return settings


def expected(problem: dict, eps_test: float) -> list:
    """Return what the library makes of a problem of the page, in the order of :func:`solved`."""
    settings = as_python(problem)
    eps_c = rfrobust.null_threshold(rfrobust.Problem.of(**settings | {"eps": 0.0, "ridge": 0.0}))
    try:
        model = rfrobust.solve(**settings)
    except rfrobust.SolverError as error:
        return [None] * 5 + [eps_c, error.status.name.lower()]
    zeros = 0.0 if model.labels == "sign" else model.zero_residual_fraction
    risks = [model.standard_risk, model.adversarial_risk(eps_test), model.gradient_norm]
    return [*risks, zeros, model.training_loss, eps_c, model.phase.name.lower()]


def random_problem(rng: np.random.Generator, **kind: object) -> dict:
    """Return a problem within the ranges of the sliders."""
    ratios = {"psi1": 10 ** rng.uniform(-1, 1.8), "psi2": 10 ** rng.uniform(-0.7, 1.3)}
    return ratios | {"eps": 10 ** rng.uniform(-1.7, 0.3), "tau": rng.uniform(0, 1.5), **kind}


@needs_browser
def test_the_port_agrees_with_the_library(tmp_path):
    rng = np.random.default_rng(3)
    problems = [random_problem(rng, eps=10 ** rng.uniform(-2, 0.5)) for _ in range(400)]
    problems.append({"psi1": 3.0, "psi2": 2.0, "eps": 1e-3, "tau": 0.5})  # p1 underflows
    problems.append({"psi1": 2.0, "psi2": 2.0, "eps": 0.01, "tau": 0.5})  # the peak
    seen = set()
    for problem, (*values, phase) in zip(problems, solved(tmp_path, problems, 0.7), strict=True):
        *wanted, known = expected(problem, 0.7)
        assert values == pytest.approx(wanted, rel=1e-9, abs=1e-300), problem
        seen.add(phase)
        if phase != "interpolating":  # a matter of the last bit of p0
            assert phase == known
    assert seen == {"null", "regular", "interpolating"}


@needs_browser
def test_every_loss_norm_activation_and_ridge_agrees_with_the_library(tmp_path):
    rng = np.random.default_rng(5)
    problems = []
    for loss in LOSSES:
        for norm in (2, math.inf):
            for i in range(16):
                kind = {"loss": loss, "delta": 10 ** rng.uniform(-1.3, 0.7), "norm": norm}
                kind |= {"ridge": 10 ** rng.uniform(-4, 1) if i % 3 else 0.0}
                kind |= {"activation": str(rng.choice(["relu", "tanh", "step", "silu", "abs-linear"]))}
                problems.append(random_problem(rng, **kind))
        for activation in ("identity", "cos", "quadratic")[: 3 if loss in LOSSES[:3] else 1]:  # even ones see no labels
            for ridge in (0.0, 0.0, 0.01, 0.3):
                problems.append(random_problem(rng, loss=loss, delta=0.5, ridge=ridge, activation=activation))
    phases = set()
    for problem, (*values, phase) in zip(problems, solved(tmp_path, problems, 0.7), strict=True):
        *wanted, known = expected(problem, 0.7)
        assert values == [None if x is None else pytest.approx(x, rel=1e-9, abs=1e-14) for x in wanted], problem
        assert phase == known or {phase, known} == {"regular", "interpolating"}, problem
        phases.add(phase)
    assert {"null", "regular", "separable"} <= phases


@needs_browser
def test_a_curve_is_its_points_and_ends_where_labels_are_separable(tmp_path):
    problems = [
        {"psi1": 1.0, "psi2": 2.0, "eps": 0.3, "tau": 0.5, "ridge": ridge, "loss": loss, "delta": 0.5, "norm": norm}
        for loss in LOSSES for norm in (2, math.inf) for ridge in (0.0, 0.1)
    ]  # fmt: skip
    expression = (
        f"{json.dumps(problems)}.flatMap((p) => [['psi1', 0.1, 60], ['eps', 0.02, 2]].map(([name, low, high]) => {{"
        "const x = Array.from({length: 160}, (_, i) => low * (high / low) ** (i / 159));"
        "const of = rfrobust.curve(p, name, x), some = x.map((_, i) => i).filter((i) => i % 9 === 4);"
        "return {phases: of.map(({phase}) => phase), off: Math.max(...some.map((i) => {"
        "const m = rfrobust.solve({...p, [name]: x[i]});"
        "return m.phase === of[i].phase ? Math.abs(m.risk / of[i].risk - 1) || 0 : Infinity; }))}; }))"
    )
    curves = json.loads(run_page(tmp_path, ENGINE_SCRIPTS + write(expression)))
    separable = []
    for i, curve in enumerate(curves):
        problem, phases = problems[i // 2], curve["phases"]
        assert curve["off"] < 1e-9, problem
        assert "unsolved" not in phases, problem
        separable.append("separable" in phases)
        assert separable[-1] == (problem["loss"] in ("logistic", "hinge") and problem["ridge"] == 0.0), problem
        sides = [phase == "separable" for phase in (reversed(phases) if i % 2 else phases)]
        assert sides == sorted(sides)  # wide networks, small radii
    assert sum(separable) == 8


@needs_browser
def test_functions_of_the_normal_distribution(tmp_path):
    points = [0.0, 1e-9, 0.3, 1.0, 1.999, 2.0, 2.001, 3.5, 8.0, 20.0, 26.0, 50.0]
    pairs = [(h, a) for h in (0.0, 0.01, 0.7, 3.0, 8.0) for a in (0.0, 0.2, 1.0, 3.0, 100.0)]
    expression = f"[{json.dumps(points)}.map(normal.erfc), {json.dumps(pairs)}.map(([h, a]) => normal.owenT(h, a))]"
    tails, owen = json.loads(run_page(tmp_path, ENGINE_SCRIPTS + write(expression)))
    assert tails == pytest.approx(erfc(points).tolist(), rel=1e-13, abs=0)
    assert owen == pytest.approx([owens_t(*pair) for pair in pairs], rel=0, abs=1e-15)


@needs_browser
@pytest.mark.slow
def test_a_curve_takes_less_than_100_milliseconds(tmp_path):
    expression = (
        f"{json.dumps(LOSSES)}.flatMap((loss) => [2, Infinity].map((norm) => {{"
        "const times = [], axes = [['psi1', 0.1, 60], ['eps', 0.02, 2]];"
        "for (const tau of [0.2, 0.5, 0.8]) for (const [name, low, high] of axes) {"
        "const x = Array.from({length: 160}, (_, i) => low * (high / low) ** (i / 159));"
        "times.push(Math.min(...[0, 1, 2].map(() => {"  # the best of three: the machine does other things too
        "const began = performance.now();"
        "rfrobust.curve({psi1: 3, psi2: 2, eps: 0.3, tau, ridge: 0.1, loss, delta: 0.5, norm}, name, x);"
        "return performance.now() - began; }))); }"
        "return [loss, norm, times.sort((a, b) => a - b)[3]]; }))"
    )
    medians = json.loads(run_page(tmp_path, ENGINE_SCRIPTS + write(expression)))
    print("\n".join(f"{loss:9} {'l2' if norm else 'l_inf'} {time:6.1f} ms" for loss, norm, time in medians))
    assert all(time < 100.0 for *_, time in medians), medians


def test_moments_of_activations_are_fresh():
    # python docs/activations.py writes them
    made = runpy.run_path(str(DOCS / "activations.py"))
    text = made["PATH"].read_text(encoding="utf-8")
    written = json.loads(re.sub(r",\s*}$", "}", re.search(r"const activations = (.*);", text, re.DOTALL)[1]))
    assert written.keys() == rfrobust.problem.catalogue.TABLE.keys()
    for name, row in made["moments"]().items():
        formula, numbers = written[name].pop("formula"), written[name]
        assert formula == row.pop("formula")
        assert numbers == pytest.approx(row, rel=1e-13, abs=0)


def readout(text: str) -> dict[str, float]:
    return {name.strip(): float(value) for name, value in re.findall(r"([a-z ]+) (\d+\.\d+)", text)}


def open_page(folder: Path, expression: str, fragment: str = "") -> dict:
    """Return what an expression finds on the page of the documentation."""
    body = re.search(r"```\{raw\} html\n(.*?)```", (DOCS / "explorer.md").read_text(), re.DOTALL)[1]
    return json.loads(run_page(folder, body.replace("_static", STATIC.as_uri()) + write(expression), fragment))


SET = """const page = document.getElementById("risk-explorer"), texts = [page.querySelector(".readout").textContent];
      const set = (id, value) => {
        const control = document.getElementById(id);
        control.value = value;
        control.dispatchEvent(new Event("input", {bubbles: true}));
        control.dispatchEvent(new Event("change", {bubbles: true}));
      };"""


@needs_browser
@pytest.mark.parametrize(
    ("fragment", "start"),
    [
        ("", ((3, 2, 0.3, 0.5), 0.3)),
        ("0.5", ((1, 2, 0.4, 0.3), 0.5)),
        ("bad", ((1, 2, 0.4, 0.3), 0.3)),  # what the address gets wrong takes its initial value
    ],
)
def test_the_page_follows_its_address_and_its_sliders(tmp_path, fragment, start):
    move = f"""(() => {{
      {SET}
      const before = page.querySelector("#by-width path").getAttribute("d");
      set("psi1", Math.log(8)); set("psi2", Math.log(3)); set("eps", Math.log(0.6));
      set("eps_test", 0.9); set("tau", 0.2);
      texts.push(page.querySelector(".readout").textContent);
      return {{texts, moved: before !== page.querySelector("#by-width path").getAttribute("d"),
        bad: page.innerHTML.includes("NaN"), curves: page.querySelectorAll("path.curve").length, hash: location.hash}};
    }})()"""
    if fragment:
        fragment = f"#psi1=1&psi2=2&eps=0.4&eps_test={fragment}&tau=0.3"
    result = open_page(tmp_path, move, fragment)
    settings = [start, ((8, 3, 0.6, 0.2), 0.9)]
    for text, (problem, eps_test) in zip(result["texts"], settings, strict=True):
        model = rfrobust.solve(*problem)
        shown = readout(text)
        numbers = {
            "adversarial risk": model.adversarial_risk(eps_test),
            "standard risk": model.standard_risk,
            "gradient norm": model.gradient_norm,
            "zero training residuals": model.zero_residual_fraction,
            "null threshold": rfrobust.null_threshold(problem[0], problem[1], problem[3]),
        }
        assert shown == pytest.approx(numbers, abs=1.5e-6)
        assert text.endswith("regular phase")
    assert result["moved"]
    assert not result["bad"]
    assert result["curves"] == 4
    rest = "ridge=0&delta=1&loss=square&norm=2&activation=relu"
    assert result["hash"] == f"#psi1=8&psi2=3&eps=0.6&eps_test=0.9&tau=0.2&{rest}"


@needs_browser
def test_the_page_shows_labels_norms_and_where_nothing_is(tmp_path):
    move = f"""(() => {{
      {SET}
      const titles = () => [...page.querySelectorAll("svg > text:not([text-anchor])")].map((node) => node.textContent);
      const shown = [titles()], note = page.querySelector(".note").textContent;
      const hidden = [document.getElementById("delta").parentNode.hidden];
      const next = (id, value) => {{
        set(id, value);
        texts.push(page.querySelector(".readout").textContent);
      }};
      next("ridge", -100);
      const stretches = page.querySelectorAll("rect.separable").length;
      next("activation", "identity");
      set("norm", "2"); set("activation", "cos"); texts.push(page.querySelector(".readout").textContent);
      set("activation", "gelu"); set("ridge", Math.log(0.01)); next("loss", "huber");
      hidden.push(document.getElementById("delta").parentNode.hidden);
      shown.push(titles());
      return {{texts, shown, hidden, note, stretches, bad: page.innerHTML.includes("NaN"), hash: location.hash}};
    }})()"""
    fragment = "#psi1=3&psi2=2&eps=0.4&eps_test=0.2&tau=0.3&ridge=0.1&delta=0.4&loss=logistic&norm=inf&activation=tanh"
    result = open_page(tmp_path, move, fragment)
    labels, separable, refused, even, huber = result["texts"]
    model = rfrobust.solve(3, 2, 0.4, 0.3, ridge=0.1, loss="logistic", norm=math.inf, activation="tanh")
    numbers = {
        "error under attack": model.adversarial_risk(0.2),
        "standard error": model.standard_risk,
        "gradient norm": model.gradient_norm,
        "training loss": model.training_loss,
        "null threshold": rfrobust.null_threshold(3, 2, 0.3, loss="logistic", norm=math.inf, activation="tanh"),
    }
    assert readout(labels) == pytest.approx(numbers, abs=1.5e-6)
    assert readout(separable) == pytest.approx({"null threshold": numbers["null threshold"]}, abs=1.5e-6)
    assert "no finite network is best" in separable
    assert result["stretches"] == 2
    assert "need an activation" in refused
    assert "learns nothing of labels" in even
    model = rfrobust.solve(3, 2, 0.4, 0.3, ridge=0.01, loss="huber:0.4", activation="gelu")
    assert readout(huber)["adversarial risk"] == pytest.approx(model.adversarial_risk(0.2), abs=1.5e-6)
    assert result["shown"] == [
        [f"{what} against {by}" for by in ("width", "training radius")] for what in ("error rate", "risk")
    ]
    assert result["hidden"] == [True, False]
    assert result["note"].startswith("σ(u) = tanh(u): μ₁ = 0.606, μ₂ = 0.166, ρ = 0.312.")
    assert not result["bad"]
    assert result["hash"].endswith("&tau=0.3&ridge=0.01&delta=0.4&loss=huber&norm=2&activation=gelu")
