"""Write docs/_static/activations.js, the moments of the built-in activations for the interactive page.

Run ``python docs/activations.py`` when :mod:`rfrobust.problem.catalogue` has changed; a test finds a stale file.
"""

import json
from pathlib import Path

from rfrobust.problem.catalogue import TABLE, built_in

PATH = Path(__file__).with_name("_static") / "activations.js"
HEAD = """/* Generated from rfrobust/problem/catalogue.py by `python docs/activations.py`: do not edit. */
"use strict";

"""


def moments() -> dict[str, dict[str, float | str]]:
    """Return formula, mu1, mu2 and rho of the built-in activations."""
    made = {name: (entry, built_in(name)) for name, entry in TABLE.items()}
    return {
        name: {"formula": entry.formula, "mu1": at.mu1, "mu2": at.mu2, "rho": at.rho}
        for name, (entry, at) in made.items()
    }


if __name__ == "__main__":
    rows = "".join(f"  {json.dumps(name)}: {json.dumps(row)},\n" for name, row in moments().items())
    PATH.write_text(f"{HEAD}const activations = {{\n{rows}}};\n", encoding="utf-8")
