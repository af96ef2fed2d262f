"""The interactive page in a real browser: its port of the equations, and the page itself moved by its sliders.

Skipped where there is no Chromium; Debian and Ubuntu: ``apt-get install chromium``.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.special import erfc

import rfrobust

DOCS = Path(__file__).resolve().parents[2] / "docs"
STATIC = DOCS / "_static"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=20000", "--dump-dom"),
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: apt-get install chromium")


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


def script(name: str) -> str:
    return f'<script src="{(STATIC / name).as_uri()}"></script>'


def write(expression: str) -> str:
    """Return a script that writes the JSON of an expression, or the error it raised, to #out."""
    return (
        '<pre id="out"></pre><script>const out = document.getElementById("out");'
        f"try {{ out.textContent = JSON.stringify({expression}); }} catch (e) {{ out.textContent = e.stack; }}</script>"
    )


def test_the_port_agrees_with_the_library(tmp_path):
    rng = np.random.default_rng(3)
    problems = [
        {"psi1": 10 ** rng.uniform(-1, 1.8), "psi2": 10 ** rng.uniform(-0.7, 1.3), "eps": 10 ** rng.uniform(-2, 0.5),
         "tau": rng.uniform(0, 1.5)}
        for _ in range(400)
    ]  # fmt: skip
    problems.append({"psi1": 3.0, "psi2": 2.0, "eps": 1e-3, "tau": 0.5})  # p1 underflows
    problems.append({"psi1": 2.0, "psi2": 2.0, "eps": 0.01, "tau": 0.5})  # the peak
    text = run_page(
        tmp_path,
        script("kernels.js")
        + script("equations.js")
        + write(
            f"{json.dumps(problems)}.map((p) => {{ const m = rfrobust.solve(p); "
            "return [m.v, m.r, m.p0, m.loss, rfrobust.adversarialRisk(m, 0.7), rfrobust.nullThreshold(p), m.phase]; })"
        ),
    )
    seen = set()
    for problem, (*values, phase) in zip(problems, json.loads(text), strict=True):
        model = rfrobust.solve(**problem)
        eps_c = rfrobust.null_threshold(problem["psi1"], problem["psi2"], problem["tau"])
        expected = [model.standard_risk, model.gradient_norm, model.zero_residual_fraction, model.training_loss]
        expected += [model.adversarial_risk(0.7), eps_c]
        assert values == pytest.approx(expected, rel=1e-9, abs=1e-300), problem
        seen.add(phase)
        if phase != "interpolating":  # a matter of the last bit of p0
            assert phase == model.phase.name.lower()
    assert seen == {"null", "regular", "interpolating"}


def test_erfc_of_the_port(tmp_path):
    points = [0.0, 1e-9, 0.3, 1.0, 1.999, 2.0, 2.001, 3.5, 8.0, 20.0, 26.0, 50.0]
    values = json.loads(
        run_page(
            tmp_path, script("kernels.js") + script("equations.js") + write(f"{json.dumps(points)}.map(rfrobust.erfc)")
        )
    )
    assert values == pytest.approx(erfc(points).tolist(), rel=1e-13, abs=0)


def readout(text: str) -> dict[str, float]:
    return {name.strip(): float(value) for name, value in re.findall(r"([a-z ]+) (\d+\.\d+)", text)}


@pytest.mark.parametrize(
    ("fragment", "start"),
    [
        ("", ((3, 2, 0.3, 0.5), 0.3)),
        ("0.5", ((1, 2, 0.4, 0.3), 0.5)),
        ("bad", ((1, 2, 0.4, 0.3), 0.3)),  # what the address gets wrong takes its initial value
    ],
)
def test_the_page_follows_its_address_and_its_sliders(tmp_path, fragment, start):
    move = """(() => {
      const page = document.getElementById("risk-explorer"), texts = [page.querySelector(".readout").textContent];
      const before = page.querySelector("#by-width path").getAttribute("d");
      const set = (id, value) => {
        const slider = document.getElementById(id);
        slider.value = value;
        slider.dispatchEvent(new Event("input", {bubbles: true}));
        slider.dispatchEvent(new Event("change", {bubbles: true}));
      };
      set("psi1", Math.log(8)); set("psi2", Math.log(3)); set("eps", Math.log(0.6));
      set("eps_test", 0.9); set("tau", 0.2);
      texts.push(page.querySelector(".readout").textContent);
      return {texts, moved: before !== page.querySelector("#by-width path").getAttribute("d"),
        bad: page.innerHTML.includes("NaN"), curves: page.querySelectorAll("path.curve").length, hash: location.hash};
    })()"""
    body = re.search(r"```\{raw\} html\n(.*?)```", (DOCS / "explorer.md").read_text(), re.DOTALL)[1]
    body = body.replace("_static", STATIC.as_uri()) + write(move)
    if fragment:
        fragment = f"#psi1=1&psi2=2&eps=0.4&eps_test={fragment}&tau=0.3"
    result = json.loads(run_page(tmp_path, body, fragment))
    settings = [start, ((8, 3, 0.6, 0.2), 0.9)]
    for text, (problem, eps_test) in zip(result["texts"], settings, strict=True):
        model = rfrobust.solve(*problem)
        shown = readout(text)
        expected = {
            "adversarial risk": model.adversarial_risk(eps_test),
            "standard risk": model.standard_risk,
            "gradient norm": model.gradient_norm,
            "zero training residuals": model.zero_residual_fraction,
            "null threshold": rfrobust.null_threshold(problem[0], problem[1], problem[3]),
        }
        assert shown == pytest.approx(expected, abs=1.5e-6)
        assert text.endswith("regular phase")
    assert result["moved"]
    assert not result["bad"]
    assert result["curves"] == 4
    assert result["hash"] == "#psi1=8&psi2=3&eps=0.6&eps_test=0.9&tau=0.2"
