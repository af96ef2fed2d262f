"""Every loss and norm of the attack: time per point, and as a multiple of the square loss under l2 attacks."""

import numpy as np

from benchmarks.engine import best_of
from rfrobust.engine import family
from rfrobust.engine.equations import parameters
from rfrobust.problem.activation import RELU
from tests.family_problems import KINDS, NORMS, huber, setting_of

NOISE = {"gaussian": ((0.5,), (1.0,)), "mixture": ((0.3, 3.0), (0.8, 0.2)), "labels": None}
#: (psi1, psi2, eps/eps_c, ridge)
POINTS = [
    (1.0, 2.0, 0.3, 0.01),
    (3.0, 2.0, 0.1, 0.1),
    (0.5, 3.0, 0.6, 0.0),
    (4.0, 1.0, 0.8, 0.03),
    (2.0, 5.0, 0.2, 0.3),
]


def timed(setting, problems):
    """Return the microseconds a point from a rough start, and from the solution at a radius that is 3 percent less."""
    near = [setting.solve(p._replace(eps=0.97 * p.eps), 0.97 * ratio)[-1] for p, ratio in problems]
    x = np.empty(setting.unknowns)

    def cold():
        for p, ratio in problems:
            assert family.solve(x, False, ratio, p, *setting)[0] == family.SOLVED

    def warm():
        for (p, ratio), start in zip(problems, near, strict=True):
            x[:] = start
            assert family.solve(x, True, ratio, p, *setting)[0] == family.SOLVED

    return [1e6 * best_of(20, run) / len(problems) for run in (cold, warm)]


def run() -> None:
    reference = 0.0
    print("                                  cold       warm   cold / square")
    for loss, data, norm in KINDS:
        noise = NOISE[data]
        tau = 0.3 if noise is None else float(np.sqrt(np.dot(np.square(noise[0]), noise[1])))
        setting = setting_of(huber(0.5) if loss == "huber" else loss, noise=noise, norm=NORMS[norm])
        problems = []
        for psi1, psi2, ratio, ridge in POINTS:
            p = parameters(float(psi1), psi2, 0.0, tau, ridge, RELU.constants, 1.0, 0.0, 0.0)
            problems.append((p._replace(eps=ratio * setting.threshold(p)[0]), ratio))
        cold, warm = timed(setting, problems)
        reference = reference or cold
        print(f"{loss:9} {data:9} {norm:6} {cold:9.1f} us {warm:7.1f} us {cold / reference:9.1f}")
