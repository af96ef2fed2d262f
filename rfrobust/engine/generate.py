"""Straight-line kernels from the equations: ``python -m rfrobust.engine.generate`` writes them anew.

The equations run once over expressions that remember how they were made (:mod:`rfrobust.engine.tracing`); what their
outputs need is written out, each shared expression once, as Python for Numba (:mod:`rfrobust.engine.kernels`,
:mod:`rfrobust.engine.system_kernels`) and as JavaScript for the interactive page. A test fails when the written files
are not what this module would write.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..support.files import write_text
from . import equations, systems
from .numbers import Dual
from .records import (
    Averages,
    Coordinates,
    Outputs,
    Overlaps,
    Pair,
    Parameters,
    Probe,
    RadialParameters,
    RadialPart,
    SlopedAverages,
    SlopedCoordinates,
    SlopedOverlaps,
    SlopedProbe,
)
from .tracing import Kernel, Tape, TraceField

ROOT = Path(__file__).parents[2]
PYTHON, SYSTEMS = Path(__file__).with_name("kernels.py"), Path(__file__).with_name("system_kernels.py")
JAVASCRIPT = ROOT / "docs/_static/kernels.js"


#: What a coordinate's problem depends on: curvature, slope along the signal, variance, penalty and smoothing.
FIELD = ("A", "h", "T", "g", "s")


class Trace:
    """The inputs of one traced function, with derivatives in ``unknowns``."""

    def __init__(self, *unknowns: str) -> None:
        self.tape = Tape()
        self.field = TraceField(self.tape)
        self.size = len(unknowns)
        self.unknowns: Any = [self._input(name, i) for i, name in enumerate(unknowns)]
        self.p = RadialParameters(*(self._input(f"p.{name}", None) for name in RadialParameters._fields))

    def _input(self, name: str, index: int | None) -> Dual:
        zero, one = self.tape.lift(0.0), self.tape.lift(1.0)
        gradient = np.array([one if i == index else zero for i in range(self.size)], dtype=object)
        return Dual(self.tape.node("input", name), gradient)

    def inputs(self, names: str) -> Any:
        """Return inputs that do not depend on the unknowns."""
        return [self._input(name, None) for name in names.split(", ")]

    def probe(self) -> Probe:
        """Return what the spike sees, as inputs with their derivatives in the two unknowns."""
        fields = [[self.tape.node("input", f"probe.{name}{end}") for end in ("", "_k", "_l")] for name in Probe._fields]
        return Probe(*(Dual(value, np.array(slopes, dtype=object)) for value, *slopes in fields))

    def call(self, kernel: str, fields: Sequence[str], carriers: dict[str, Dual], values: Sequence[Dual]) -> list[Dual]:
        """Return fields of a kernel at these values, with the derivatives in the carriers that its suffixes name."""
        call = self.tape.node("call", kernel, *(value.value for value in values))

        def output(name: str) -> Dual:
            gradient = sum(x.gradient * self.tape.node("field", call, f"{name}_{end}") for end, x in carriers.items())
            return Dual(self.tape.node("field", call, name), gradient)

        return [output(name) for name in fields]

    def average(self, k: Dual, l: Dual) -> Averages:
        """Return the averages as a call of their kernel."""
        return Averages(*self.call("averages", Averages._fields, {"k": k, "l": l}, (k, l)))

    def overlaps(self, a: Dual, k: Dual, l: Dual) -> Overlaps:
        """Return the overlaps as a call of their kernel."""
        return Overlaps(*self.call("overlaps", Overlaps._fields, {"a": a, "k": k, "l": l}, (a, k, l)))

    def residual_channel(self, s: Dual, V: Dual, p: Dual) -> list[Dual]:
        """Return b^2, a and g as a call of their kernel."""
        return self.call("residual_channel", ("b2", "a", "g"), {"s": s, "V": V, "p": p}, (s, V, p))

    def label_channel(self, log_kappa: Dual, log_Q: Dual, V: Dual, p: Dual) -> list[Dual]:
        """Return b^2, S mhat, a and g as a call of their kernel."""
        carriers = {"c": log_kappa, "Q": log_Q, "V": V, "p": p}
        values = (self.field.exp(log_kappa), self.field.exp(log_Q), V, p)
        return self.call("label_channel", ("b2", "h", "a", "g"), carriers, values)

    def coordinate(self, g: Dual, h: Dual, o: Dual) -> list[Dual]:
        """Return chi, mean, A2, e and es as a call of their kernel."""
        return self.call("coordinate", ("chi", "mean", "A2", "e", "es"), {"g": g, "h": h, "o": o}, (g, h, o))

    def components(self, *values: Dual) -> Coordinates:
        """Return the averages over a coordinate's field as a call of their kernel."""
        carriers = dict(zip(FIELD, values, strict=True))
        return Coordinates(*self.call("components", Coordinates._fields, carriers, values))


def _sloped(parts: Sequence[Any]) -> list[Any]:
    return [part.value for part in parts] + [part.gradient[i] for i in range(parts[0].gradient.size) for part in parts]


def _add(
    kernels: dict[str, Kernel], name: str, arguments: str, record: str, doc: str, t: Trace, outputs: Sequence[Any]
) -> None:
    values = [t.tape.lift(x.value if isinstance(x, Dual) else x) for x in outputs]
    kernels[name] = Kernel(arguments, record, doc, values)


def _traced() -> dict[str, Kernel]:
    """Trace every equation."""
    kernels: dict[str, Kernel] = {}
    add = partial(_add, kernels)

    t = Trace("k", "l")
    k, l = t.unknowns
    out = _sloped(equations.closed_averages(k, l, t.p, t.field))
    add("closed_averages", "k, l, p", "SlopedAverages", "Averages of the closed law.", t, out)

    direction = "sigma, metric, explained, weight"
    t = Trace("k", "l")
    out = _sloped(equations.one_direction(*t.unknowns, *t.inputs(direction)))
    doc = "What one eigenvector adds to the averages."
    add("one_direction", f"k, l, {direction}", "SlopedAverages", doc, t, out)

    t = Trace("k", "l")
    k, l = t.unknowns
    out = _sloped(equations.closed_probe(k, l, t.p, t.field))
    add("closed_probe", "k, l, p", "SlopedProbe", "What the spike sees of the closed law.", t, out)

    seen = "sigma, metric, weight"
    t = Trace("k", "l")
    k, l = t.unknowns
    sigma, metric, weight = t.inputs(seen)
    out = _sloped(equations.probe_of_direction(k, l, sigma, metric, weight, t.p))
    doc = "What one eigenvector adds to what the spike sees."
    add("probe_of_direction", f"k, l, {seen}, p", "SlopedProbe", doc, t, out)

    t = Trace("k", "l")
    k, _ = t.unknowns
    (excess,) = t.inputs("excess")
    out = _sloped(equations.radial_averages(k, t.probe(), excess, t.p))
    doc = "What a radial part of the target adds to P and B."
    add("radial_averages", "k, probe, excess, p", "RadialPart", doc, t, out)

    t = Trace()
    doc = "b' J^-2 b of the linear part, E Sigma/J^2 and E 1/J^2 of the closed law."
    add("closed_reach", "p", "", doc, t, equations.closed_reach(t.p, t.field))

    t = Trace()
    doc = "What one eigenvector adds to b' J^-2 b of the linear part, E Sigma/J^2 and E 1/J^2."
    add("reach_of_direction", direction, "", doc, t, equations.reach_of_direction(*t.inputs(direction)))

    t = Trace()
    doc = "What a radial part of the target adds to b' J^-2 b."
    inverse, excess = t.inputs("inverse, excess")
    add("radial_reach", "inverse, excess, p", "", doc, t, [equations.radial_reach(inverse, excess, t.p)])

    t = Trace()
    power, spread = t.inputs("power, spread")
    square = equations.squared_null_threshold(t.p, power, spread, t.field)
    add("squared_null_threshold", "p, power, spread", "", "Square of the null threshold.", t, [square])

    t = Trace()
    gap, mean_sigma, mean_metric = t.inputs("gap, mean_sigma, mean_metric")
    start = equations.cold_start(t.p, gap, mean_sigma, mean_metric, t.field)
    add("cold_start", "p, gap, mean_sigma, mean_metric", "", "Orders of magnitude of log t and log V.", t, start)

    t = Trace("log_t", "log_V")
    log_t, log_V = t.unknowns
    state = equations.balanced(log_t, log_V, t.p, t.average, t.field)
    slopes = [slope for residual in state.residuals for slope in residual.gradient]
    out = [*state.residuals, *slopes, *state[3:]]
    add("balanced", "log_t, log_V, p, law", "Pair", "Both equations of finite psi2.", t, out)

    equation: Any
    for unknown, equation, doc in (
        ("log_k", equations.interpolating, "The interpolator of least gradient."),
        ("log_t", equations.population, "The population, psi2 = inf."),
    ):
        t = Trace(unknown)
        state = equation(*t.unknowns, t.p, t.average, t.field)
        (residual,) = state.residuals
        out = [residual, *residual.gradient, *state[1:]]
        add(equation.__name__, f"{unknown}, p, law", "Single", doc, t, out)

    t = Trace()
    (null,) = t.inputs("null")
    state = equations.least_squares(t.p, null, t.average)
    add("least_squares", "null, p, law", "Single", "Least squares, N < n.", t, [0.0, 0.0, *state[1:]])

    t = Trace()
    doc = "Training observables of a solution with finite V."
    q, V, v = t.inputs("q, V, v")
    add("outputs", "q, V, v", "Outputs", doc, t, equations.outputs(q, V, v, t.field))

    t = Trace()
    v, r, radius = t.inputs("v, r, radius")
    risk = equations.adversarial_risk(v, r, radius, t.field)
    add("adversarial_risk", "v, r, radius", "", "Adversarial risk at a test radius.", t, [risk])
    return kernels


def _add_component(kernels: dict[str, Kernel], name: str, *law: float) -> None:
    """Add what one component of the signal's law does; its share, deviation and centre are arguments or fixed."""
    t = Trace(*FIELD)
    part = [] if law else ["share", "deviation", "centre"]
    values: Any = law or t.inputs(", ".join(part))
    arguments: Any = [*t.unknowns, *values, t.p, *t.inputs("norm.exponent"), t.coordinate, t.field]
    out = systems.component(*arguments)
    doc = "What one component of the signal's law adds to the averages over a coordinate's field."
    _add(kernels, name, ", ".join([*FIELD, *part, "p", "norm"]), "SlopedCoordinates", doc, t, _sloped(out))


def _traced_systems() -> dict[str, Kernel]:
    """Trace the equations of every loss and norm."""
    kernels: dict[str, Kernel] = {}
    add = partial(_add, kernels)

    t = Trace("a", "k", "l")
    a, k, l = t.unknowns
    out = _sloped(equations.closed_overlaps(a, k, l, t.p, t.field))
    add("closed_overlaps", "a, k, l, p", "SlopedOverlaps", "Overlaps of the closed law.", t, out)

    direction = "sigma, metric, explained, weight"
    t = Trace("a", "k", "l")
    out = _sloped(equations.one_overlap(*t.unknowns, *t.inputs(direction)))
    doc = "What one eigenvector adds to the overlaps."
    add("one_overlap", f"a, k, l, {direction}", "SlopedOverlaps", doc, t, out)

    _add_component(kernels, "component")
    for kind, names, data in (
        ("residual", ("log_s", "log_r", "log_V"), "noise"),
        ("label", ("log_kappa", "log_Q", "log_r", "log_V"), "margin"),
    ):
        for shape, extra, more in (("spectral", (), "law"), ("coordinate", ("log_t", "log_zeta"), "norm")):
            t = Trace(*names, *extra)
            if shape == "spectral":
                geometry: Any = partial(systems.spectral, p=t.p, overlaps=t.overlaps, F=t.field)
            else:
                geometry = partial(
                    systems.coordinates, p=t.p, dual=t.inputs("norm.exponent")[0], components=t.components, F=t.field
                )
            system: Any = getattr(systems, f"{kind}_system")
            network = system(t.unknowns, t.p, getattr(t, f"{kind}_channel"), geometry, t.field)
            slopes = [slope for residual in network.residuals for slope in residual.gradient]
            out = [*network.residuals, *slopes, network.m, network.excess, network.Q]
            arguments = f"{', '.join([*names, *extra])}, p, {more}, {data}, loss, jet"
            add(f"{kind}_{shape}", arguments, "", f"The equations of {kind}s, {shape}.", t, out)

    t = Trace("log_zeta", "log_r", "log_gamma")
    b2, h, dual = t.inputs("b2, h, norm.exponent")
    log_zeta, log_r, log_gamma = t.unknowns
    residuals = systems.null_system(log_zeta, log_r, log_gamma, t.p, b2, h, dual, t.components, t.field)
    out = [*residuals, *(slope for residual in residuals for slope in residual.gradient)]
    doc = "The null threshold of l_p attacks."
    add("null_coordinate", "log_zeta, log_r, log_gamma, p, b2, h, norm", "", doc, t, out)
    return kernels


_SYSTEMS_HEADER = '''"""The equations of every loss and norm as kernels; do not edit.

Generated by ``python -m rfrobust.engine.generate`` from :mod:`rfrobust.engine.systems`.
"""

import math

from ..support.jit import inner
from .channels import label_channel, residual_channel
from .coordinates import coordinate
from .records import SlopedCoordinates, SlopedOverlaps


'''

_OVERLAPS = '''@inner
def overlaps(a, k, l, p, law):
    """Overlaps of a law, None being the closed one."""
    if law is None:  # pruned where the type of law decides
        return closed_overlaps(a, k, l, p)
{starts}
    for i in range(law.sigma.size):
        part = one_overlap(a, k, l, law.sigma[i], law.metric[i], law.explained[i], law.weights[i])
{sums}
    return SlopedOverlaps({names})
'''

_COMPONENTS = '''@inner
def components({field}, p, norm):
    """Averages over the law of a coordinate's field."""
{starts}
    for i in range(norm.shares.size):
        part = component({field}, norm.shares[i], norm.deviations[i], norm.centres[i], p, norm)
{sums}
    return SlopedCoordinates({names})
'''


def systems_text() -> str:
    """Return the module :mod:`rfrobust.engine.system_kernels`."""
    loops = []
    for text, fields in ((_OVERLAPS, SlopedOverlaps._fields), (_COMPONENTS, SlopedCoordinates._fields)):
        starts = "\n".join(f"    {name} = {'law.unexplained' if name == 'B' else '0.0'}" for name in fields)
        sums = "\n".join(f"        {name} += part.{name}" for name in fields)
        loops.append(text.format(starts=starts, sums=sums, names=", ".join(fields), field=", ".join(FIELD)))
    parts = [kernel.python(name) for name, kernel in _traced_systems().items()]
    return _SYSTEMS_HEADER + "\n\n".join([*parts[:2], loops[0], parts[2], loops[1], *parts[3:]])


_PYTHON_HEADER = '''"""The equations as kernels; do not edit.

Generated by ``python -m rfrobust.engine.generate`` from :mod:`rfrobust.engine.equations`.
"""

import math

from ..support.jit import inner
from .gaussian import gaussian_parts
from .records import Outputs, Pair, RadialPart, Single, SlopedAverages, SlopedProbe


'''

_AVERAGES = '''@inner
def probed(k, l, p, law):
    """What the spike sees of a law, None being the closed one."""
    if law is None:  # pruned where the type of law decides
        return closed_probe(k, l, p)
{probe_starts}
    for i in range(law.sigma.size):
        part = probe_of_direction(k, l, law.sigma[i], law.metric[i], law.weights[i], p)
{probe_sums}
    return SlopedProbe({probe_names})


@inner
def averages(k, l, p, law):
    """Averages of a law, None being the closed one."""
    if law is None:  # pruned where the type of law decides
        of = closed_averages(k, l, p)
    else:
{starts}
        for i in range(law.sigma.size):
            part = one_direction(k, l, law.sigma[i], law.metric[i], law.explained[i], law.weights[i])
{sums}
        of = SlopedAverages({names})
    if len(p) == {plain}:  # pruned where the type of p decides: nothing is learned of a radial part
        return of
    excess = p.psi1 if law is None else law.excess
    part = radial_averages(k, probed(k, l, p, law), excess, p)
    return SlopedAverages(
{totals}
    )
'''


def python_text() -> str:
    """Return the module :mod:`rfrobust.engine.kernels`."""
    kernels = _traced()
    del kernels["adversarial_risk"]  # of arrays, not of kernels
    starts = {"E1c": "law.null", "B": "law.unexplained"}
    radial = [f" + part.{name}" if name in RadialPart._fields else "" for name in SlopedAverages._fields]
    pairs = zip(SlopedAverages._fields, radial, strict=True)
    loops = _AVERAGES.format(
        plain=len(Parameters._fields),
        totals="\n".join(f"        of.{name}{more}," for name, more in pairs),
        starts="\n".join(f"        {name} = {starts.get(name, '0.0')}" for name in SlopedAverages._fields),
        sums="\n".join(f"            {name} += part.{name}" for name in SlopedAverages._fields),
        names=", ".join(SlopedAverages._fields),
        probe_starts="\n".join(f"    {name} = 0.0" for name in SlopedProbe._fields),
        probe_sums="\n".join(f"        {name} += part.{name}" for name in SlopedProbe._fields),
        probe_names=", ".join(SlopedProbe._fields),
    )
    parts = [kernel.python(name) for name, kernel in kernels.items()]
    return _PYTHON_HEADER + "\n\n".join([*parts[:5], loops, *parts[5:]])


def javascript_text() -> str:
    """Return the script docs/_static/kernels.js."""
    kernels = _traced() | _traced_systems()
    _add_component(kernels, "components", 1.0, 1.0, 0.0)  # a Gaussian signal
    chosen: dict[str, tuple[str, Sequence[str]]] = {
        "closed_averages": ("closedAverages", SlopedAverages._fields),
        "closed_reach": ("closedReach", ("power", "spread", "inverse")),
        "squared_null_threshold": ("squaredNullThreshold", ("value",)),
        "cold_start": ("coldStart", ("log_t", "log_V")),
        "balanced": ("balanced", Pair._fields),
        "outputs": ("outputs", Outputs._fields),
        "adversarial_risk": ("adversarialRisk", ("value",)),
        "closed_overlaps": ("closedOverlaps", SlopedOverlaps._fields),
        "components": ("components", SlopedCoordinates._fields),
        "residual_spectral": ("residualSpectral", ()),
        "residual_coordinate": ("residualCoordinate", ()),
        "label_spectral": ("labelSpectral", ()),
        "label_coordinate": ("labelCoordinate", ()),
        "null_coordinate": ("nullCoordinate", ()),
    }
    parts = [kernels[name].javascript(*names) for name, names in chosen.items()]
    header = (
        "/* Generated from rfrobust/engine/equations.py and systems.py by `python -m rfrobust.engine.generate`:\n"
        " * do not edit. Needs normal.js and channels.js. */\n"
        '"use strict";\n'
    )
    exported = ", ".join(name for name, _ in chosen.values())
    return f"{header}\nconst kernels = (() => {{\n\n{chr(10).join(parts)}\nreturn {{ {exported} }};\n}})();\n"


if __name__ == "__main__":
    write_text(python_text(), PYTHON)
    write_text(systems_text(), SYSTEMS)
    write_text(javascript_text(), JAVASCRIPT)
