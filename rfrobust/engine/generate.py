"""Straight-line kernels from the equations: ``python -m rfrobust.engine.generate`` writes them anew.

The equations run once over expressions that remember how they were made; what their outputs need is written out, each
shared expression once, as Python for Numba (:mod:`rfrobust.engine.kernels`) and as JavaScript for the interactive page.
A test fails when the written files are not what this module would write.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..support.files import write_text
from . import equations
from .gaussian import GaussianParts
from .numbers import Dual, Field
from .records import (
    Averages,
    Outputs,
    Pair,
    Parameters,
    Probe,
    RadialParameters,
    RadialPart,
    SlopedAverages,
    SlopedProbe,
)

ROOT = Path(__file__).parents[2]
PYTHON = Path(__file__).with_name("kernels.py")
JAVASCRIPT = ROOT / "docs/_static/kernels.js"

#: Longest operand of an expression; a longer one gets a name.
LONGEST = 48


class Expression:
    """A node of the graph of a computation; equal computations are the same node."""

    __slots__ = ("args", "kind", "tape")

    def __init__(self, tape: "Tape", kind: str, args: tuple[Any, ...]) -> None:
        self.tape, self.kind, self.args = tape, kind, args

    def __neg__(self) -> "Expression":
        return self.tape.negative(self)


def _operator(kind: str, *, swapped: bool) -> Callable[[Expression, Any], Expression]:
    def apply(x: Expression, y: Any) -> Expression:
        pair = (x, x.tape.lift(y))
        return x.tape.binary(kind, *(reversed(pair) if swapped else pair))

    return apply


for _name, _kind in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/")):
    setattr(Expression, f"__{_name}__", _operator(_kind, swapped=False))
    setattr(Expression, f"__r{_name}__", _operator(_kind, swapped=True))


class Tape:
    """Makes the nodes of one function, each once, and simplifies what multiplies by 0 or 1 or adds 0."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[Any, ...], Expression] = {}

    def node(self, kind: str, *args: Any) -> Expression:
        """Return the node of this kind with these arguments (nodes, or plain values for leaves)."""
        key = (kind, *(id(arg) if isinstance(arg, Expression) else repr(arg) for arg in args))
        if key not in self._nodes:
            self._nodes[key] = Expression(self, kind, args)
        return self._nodes[key]

    def lift(self, value: Any) -> Expression:
        """Return a number as a node."""
        return value if isinstance(value, Expression) else self.node("number", float(value))

    def negative(self, x: Expression) -> Expression:
        """Return -x."""
        if x.kind == "number":
            return self.lift(-x.args[0] + 0.0)
        return x.args[0] if x.kind == "neg" else self.node("neg", x)

    def binary(self, kind: str, x: Expression, y: Expression) -> Expression:
        """Return x + y, x - y, x * y or x / y."""
        a = x.args[0] if x.kind == "number" else None
        b = y.args[0] if y.kind == "number" else None
        if a is not None and b is not None:
            return self.lift({"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else math.nan}[kind])
        if kind == "+":
            if a == 0.0:
                return y
            if b == 0.0:
                return x
            if y.kind == "neg":
                return self.binary("-", x, y.args[0])
        elif kind == "-":
            if b == 0.0:
                return x
            if a == 0.0:
                return self.negative(y)
            if y.kind == "neg":
                return self.binary("+", x, y.args[0])
        elif a == 0.0 or (kind == "*" and b == 0.0):
            return self.lift(0.0)
        elif b == 1.0:
            return x
        elif kind == "*" and a == 1.0:
            return y
        elif x.kind == "neg" or y.kind == "neg":
            bare = [node.args[0] if node.kind == "neg" else node for node in (x, y)]
            value = self.binary(kind, *bare)
            return value if x.kind == y.kind else self.negative(value)
        return self.node(kind, x, y)


class TraceField(Field):
    """Expressions; both sides of a choice are traced."""

    pi = math.pi

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def exp_value(self, x: Any) -> Any:
        """Return e^x."""
        return self.tape.node("exp", x)

    def log_value(self, x: Any) -> Any:
        """Return log x."""
        return self.tape.node("log", x)

    def sqrt_value(self, x: Any) -> Any:
        """Return the square root."""
        return self.tape.node("sqrt", x) if isinstance(x, Expression) else math.sqrt(x)

    def gaussian_values(self, s: Any) -> Any:
        """Return p0, p1, phi, m, A."""
        call = self.tape.node("call", "gaussian_parts", s)
        return tuple(self.tape.node("field", call, name) for name in GaussianParts._fields)

    def if_at_least(self, x: Dual, bound: float, then: Callable[[], Dual], other: Callable[[], Dual]) -> Dual:
        """Return the choice, in value and in every derivative."""
        first, second = then(), other()

        def choose(a: Any, b: Any) -> Expression:
            a, b = self.tape.lift(a), self.tape.lift(b)
            return a if a is b else self.tape.node("choose", x.value, self.tape.lift(bound), a, b)

        pairs = zip(first.gradient, second.gradient, strict=True)
        return Dual(choose(first.value, second.value), np.array([choose(a, b) for a, b in pairs], dtype=object))


class Language(NamedTuple):
    """How statements look: an assignment, a choice, the module of functions, the calls of other kernels."""

    assign: str
    choose: str
    module: str
    calls: dict[str, str]


_PYTHON = Language(
    "    {} = {}", "{2} if {0} >= {1} else {3}", "math",
    {"gaussian_parts": "gaussian_parts({})", "averages": "averages({}, p, law)"},
)  # fmt: skip
# on the page the law is always the closed one
_JAVASCRIPT = Language(
    "  const {} = {};", "{0} >= {1} ? {2} : {3}", "Math",
    {"gaussian_parts": "rfrobust.gaussianParts({})", "averages": "closedAverages({}, p)"},
)  # fmt: skip


class Writer:
    """Writes expressions as statements of one language, shared or long ones as names of their own."""

    def __init__(self, outputs: Sequence[Expression], language: Language) -> None:
        self.language = language
        self.lines: list[str] = []
        self._text: dict[int, str] = {}
        self._uses: dict[int, int] = {}
        for output in outputs:
            self._use(output)
        self.values = [self.write(output) for output in outputs]

    def _use(self, node: Expression) -> None:
        self._uses[id(node)] = self._uses.get(id(node), 0) + 1
        if self._uses[id(node)] == 1:
            for arg in node.args:
                if isinstance(arg, Expression):
                    self._use(arg)

    def write(self, node: Expression) -> str:
        """Return the text of a node, after the statements that it needs."""
        if id(node) not in self._text:
            text = self._fresh(node)
            leaf = node.kind in ("number", "input", "field")
            if node.kind == "call" or (not leaf and (self._uses[id(node)] > 1 or len(text) > LONGEST)):
                name = f"{'c' if node.kind == 'call' else 'x'}{len(self.lines) + 1}"
                self.lines.append(self.language.assign.format(name, text))
                text = name
            self._text[id(node)] = text
        return self._text[id(node)]

    def _fresh(self, node: Expression) -> str:
        kind, args = node.kind, node.args
        if kind in ("number", "input"):
            return str(args[0])
        if kind == "field":
            return f"{self.write(args[0])}.{args[1]}"
        if kind == "call":
            return self.language.calls[args[0]].format(", ".join(self.write(arg) for arg in args[1:]))
        parts = [self._operand(arg) for arg in args]
        if kind == "neg":
            return f"-{parts[0]}"
        if kind in "+-*/":
            return f"{parts[0]} {kind} {parts[1]}"
        if kind == "choose":
            return self.language.choose.format(*parts)
        return f"{self.language.module}.{kind}({self.write(args[0])})"

    def _operand(self, node: Expression) -> str:
        text = self.write(node)
        return f"({text})" if " " in text or text.startswith("-") else text


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

    def average(self, k: Dual, l: Dual) -> Averages:
        """Return the averages as a call of their kernel."""
        call = self.tape.node("call", "averages", k.value, l.value)

        def output(name: str) -> Dual:
            field, by_k, by_l = (self.tape.node("field", call, name + end) for end in ("", "_k", "_l"))
            return Dual(field, k.gradient * by_k + l.gradient * by_l)

        return Averages(*(output(name) for name in Averages._fields))


def _sloped(parts: Sequence[Any]) -> list[Any]:
    return [part.value for part in parts] + [part.gradient[i] for i in (0, 1) for part in parts]


class Kernel(NamedTuple):
    """One kernel to be written: its arguments, the record it returns ("": a tuple), what it is, its traced outputs."""

    arguments: str
    record: str
    doc: str
    outputs: list[Expression]

    def python(self, name: str) -> str:
        """Return the kernel as a compiled function."""
        writer = Writer(self.outputs, _PYTHON)
        body = "\n".join([f'    """{self.doc}"""', *writer.lines])
        fields = "".join(f"        {value},\n" for value in writer.values)
        returned = f"{self.record}(\n{fields}    )" if self.record else ", ".join(writer.values)
        return f"@inner\ndef {name}({self.arguments}):\n{body}\n    return {returned}\n"

    def javascript(self, name: str, fields: Sequence[str]) -> str:
        """Return the kernel as a function that returns an object."""
        writer = Writer(self.outputs, _JAVASCRIPT)
        entries = "".join(f"    {field}: {value},\n" for field, value in zip(fields, writer.values, strict=True))
        head = f"/* {self.doc} */\nfunction {name}({self.arguments.removesuffix(', law')}) {{"
        return "\n".join([head, *writer.lines, f"  return {{\n{entries}  }};\n}}\n"])


def _traced() -> dict[str, Kernel]:
    """Trace every equation."""
    kernels: dict[str, Kernel] = {}

    def add(name: str, arguments: str, record: str, doc: str, t: Trace, outputs: Sequence[Any]) -> None:
        values = [t.tape.lift(x.value if isinstance(x, Dual) else x) for x in outputs]
        kernels[name] = Kernel(arguments, record, doc, values)

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
    out = [*state.residuals, *slopes, state.k, state.standard_risk, state.squared_norm]
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
    kernels = _traced()
    chosen = {
        "closed_averages": ("closedAverages", SlopedAverages._fields),
        "closed_reach": ("closedReach", ("power", "spread", "inverse")),
        "squared_null_threshold": ("squaredNullThreshold", ("value",)),
        "cold_start": ("coldStart", ("log_t", "log_V")),
        "balanced": ("balanced", Pair._fields),
        "outputs": ("outputs", Outputs._fields),
        "adversarial_risk": ("adversarialRisk", ("value",)),
    }
    parts = [kernels[name].javascript(*names) for name, names in chosen.items()]
    header = (
        "/* Generated from rfrobust/engine/equations.py by `python -m rfrobust.engine.generate`: do not edit.\n"
        " * Needs rfrobust.gaussianParts of equations.js. */\n"
        '"use strict";\n'
    )
    exported = ", ".join(name for name, _ in chosen.values())
    return f"{header}\nconst kernels = (() => {{\n\n{chr(10).join(parts)}\nreturn {{ {exported} }};\n}})();\n"


if __name__ == "__main__":
    write_text(python_text(), PYTHON)
    write_text(javascript_text(), JAVASCRIPT)
