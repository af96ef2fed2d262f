"""Straight-line kernels from the equations: ``python -m rfrobust.engine.generate`` writes them anew.

The equations run once over expressions that remember how they were made; what their outputs need is written out, each
shared expression once, as Python for Numba (:mod:`rfrobust.engine.kernels`) and as JavaScript for the interactive page.
A test fails when the written files are not what this module would write.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import equations
from .gaussian import GaussianParts
from .numbers import Dual, Field
from .records import Averages, Outputs, Pair, Parameters, SlopedAverages, State

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

    def _binary(self, kind: str, other: Any, *, swap: bool = False) -> "Expression":
        other = self.tape.lift(other)
        return self.tape.binary(kind, other, self) if swap else self.tape.binary(kind, self, other)

    def __add__(self, other: Any) -> "Expression":
        return self._binary("+", other)

    def __radd__(self, other: Any) -> "Expression":
        return self._binary("+", other, swap=True)

    def __sub__(self, other: Any) -> "Expression":
        return self._binary("-", other)

    def __rsub__(self, other: Any) -> "Expression":
        return self._binary("-", other, swap=True)

    def __mul__(self, other: Any) -> "Expression":
        return self._binary("*", other)

    def __rmul__(self, other: Any) -> "Expression":
        return self._binary("*", other, swap=True)

    def __truediv__(self, other: Any) -> "Expression":
        return self._binary("/", other)

    def __rtruediv__(self, other: Any) -> "Expression":
        return self._binary("/", other, swap=True)

    def __neg__(self) -> "Expression":
        return self.tape.negative(self)


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
        return Dual(
            choose(first.value, second.value), np.array([choose(a, b) for a, b in pairs], dtype=object)
        )


class Writer:
    """Writes expressions as statements of one language, shared or long ones as names of their own."""

    def __init__(self, outputs: Sequence[Expression], language: "Language", indent: str) -> None:
        self.language, self.indent = language, indent
        self.lines: list[str] = []
        self._text: dict[int, str] = {}
        self._uses: dict[int, int] = {}
        self._count = 0
        for output in outputs:
            self._use(output)

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
                self._count += 1
                name = f"{'c' if node.kind == 'call' else 'x'}{self._count}"
                self.lines.append(self.language.assign(self.indent, name, text))
                text = name
            self._text[id(node)] = text
        return self._text[id(node)]

    def _fresh(self, node: Expression) -> str:
        kind, args = node.kind, node.args
        if kind == "number":
            return repr(args[0])
        if kind == "input":
            return str(args[0])
        if kind == "field":
            return f"{self.write(args[0])}.{args[1]}"
        if kind == "call":
            return self.language.call(args[0], [self.write(arg) for arg in args[1:]])
        parts = [self._operand(arg) for arg in args]
        if kind == "neg":
            return f"-{parts[0]}"
        if kind in "+-*/":
            return f"{parts[0]} {kind} {parts[1]}"
        if kind == "choose":
            return self.language.choose(*parts)
        return self.language.function(kind, self.write(args[0]))

    def _operand(self, node: Expression) -> str:
        text = self.write(node)
        return f"({text})" if " " in text or text.startswith("-") else text


class Language:
    """Python for Numba."""

    def assign(self, indent: str, name: str, text: str) -> str:
        """Return a statement that names a value."""
        return f"{indent}{name} = {text}"

    def function(self, name: str, argument: str) -> str:
        """Return a call of exp, log or sqrt."""
        return f"math.{name}({argument})"

    def call(self, name: str, arguments: list[str]) -> str:
        """Return a call of another kernel."""
        return f"{name}({', '.join([*arguments, 'p', 'law'] if name == 'averages' else arguments)})"

    def choose(self, x: str, bound: str, a: str, b: str) -> str:
        """Return a choice."""
        return f"{a} if {x} >= {bound} else {b}"


class JavaScript(Language):
    """JavaScript of the interactive page, where the law is always the closed one."""

    def assign(self, indent: str, name: str, text: str) -> str:
        """Return a statement that names a value."""
        return f"{indent}const {name} = {text};"

    def function(self, name: str, argument: str) -> str:
        """Return a call of exp, log or sqrt."""
        return f"Math.{name}({argument})"

    def call(self, name: str, arguments: list[str]) -> str:
        """Return a call of another function."""
        camel = {"averages": "closedAverages", "gaussian_parts": "rfrobust.gaussianParts"}[name]
        return f"{camel}({', '.join([*arguments, 'p'] if name == 'averages' else arguments)})"

    def choose(self, x: str, bound: str, a: str, b: str) -> str:
        """Return a choice."""
        return f"{x} >= {bound} ? {a} : {b}"


class Trace:
    """The inputs of one traced function, with derivatives in ``unknowns``."""

    def __init__(self, *unknowns: str) -> None:
        self.tape = Tape()
        self.field = TraceField(self.tape)
        self.size = len(unknowns)
        self.unknowns: Any = [self._input(name, i) for i, name in enumerate(unknowns)]
        self.p = Parameters(*(self.input(f"p.{name}") for name in Parameters._fields))

    def _input(self, name: str, index: int | None) -> Dual:
        zero, one = self.tape.lift(0.0), self.tape.lift(1.0)
        gradient = np.array([one if i == index else zero for i in range(self.size)], dtype=object)
        return Dual(self.tape.node("input", name), gradient)

    def input(self, name: str) -> Dual:
        """Return an input that does not depend on the unknowns."""
        return self._input(name, None)

    def average(self, k: Dual, l: Dual) -> Averages:
        """Return the averages as a call of their kernel."""
        call = self.tape.node("call", "averages", k.value, l.value)

        def output(name: str) -> Dual:
            field, by_k, by_l = (self.tape.node("field", call, name + end) for end in ("", "_k", "_l"))
            return Dual(field, k.gradient * by_k + l.gradient * by_l)

        return Averages(*(output(name) for name in Averages._fields))


def _pair(state: State) -> list[Any]:
    first, second = state.residuals
    values = (state.k, state.standard_risk, state.squared_norm)
    return [first.value, second.value, *first.gradient, *second.gradient, *(part.value for part in values)]


def _single(state: State) -> list[Any]:
    (first,) = state.residuals
    return [first.value, *first.gradient, *(part.value for part in state[1:])]


def _sloped(parts: Averages) -> list[Any]:
    return [part.value for part in parts] + [part.gradient[i] for i in (0, 1) for part in parts]


class Kernel:
    """One kernel to be written: its name, what it returns and the traced outputs."""

    def __init__(
        self, name: str, arguments: Sequence[str], record: str, doc: str, trace: Trace, outputs: Sequence[Any]
    ) -> None:
        self.name, self.arguments, self.record, self.doc = name, arguments, record, doc
        self.outputs = [trace.tape.lift(output) for output in outputs]

    def python(self) -> str:
        """Return the kernel as a compiled function."""
        writer = Writer(self.outputs, Language(), "    ")
        values = [writer.write(output) for output in self.outputs]
        body = "\n".join([f'    """{self.doc}"""', *writer.lines])
        fields = "".join(f"        {value},\n" for value in values)
        returned = f"{self.record}(\n{fields}    )" if self.record else ", ".join(values)
        return f"@inner\ndef {self.name}({', '.join(self.arguments)}):\n{body}\n    return {returned}\n"

    def javascript(self, name: str, fields: Sequence[str]) -> str:
        """Return the kernel as a function that returns an object."""
        writer = Writer(self.outputs, JavaScript(), "  ")
        values = [writer.write(output) for output in self.outputs]
        arguments = ", ".join(argument for argument in self.arguments if argument != "law")
        entries = "".join(f"    {field}: {value},\n" for field, value in zip(fields, values, strict=True))
        body = "\n".join([f"function {name}({arguments}) {{", *writer.lines])
        return f"/* {self.doc} */\n{body}\n  return {{\n{entries}  }};\n}}\n"


def _traced() -> dict[str, Kernel]:
    """Trace every equation."""
    kernels: dict[str, Kernel] = {}

    def add(name: str, arguments: Sequence[str], record: str, doc: str, trace: Trace, out: Sequence[Any]) -> None:
        kernels[name] = Kernel(name, arguments, record, doc, trace, out)

    t = Trace("k", "l")
    k, l = t.unknowns
    out = _sloped(equations.closed_averages(k, l, t.p, t.field))
    add("closed_averages", ("k", "l", "p"), "SlopedAverages", "Averages of the closed law.", t, out)

    t = Trace("k", "l")
    entries: Any = [t.input(name) for name in ("sigma", "metric", "explained", "weight")]
    out = _sloped(equations.one_direction(*t.unknowns, *entries))
    arguments = ("k", "l", "sigma", "metric", "explained", "weight")
    add("one_direction", arguments, "SlopedAverages", "What one eigenvector adds to the averages.", t, out)

    t = Trace()
    pair = equations.closed_reach(t.p, t.field)
    add("closed_reach", ("p",), "", "b' J^-2 b and E Sigma/J^2 of the closed law.", t, [x.value for x in pair])

    t = Trace()
    entries = [t.input(name) for name in ("sigma", "metric", "explained", "weight")]
    pair = equations.reach_of_direction(*entries)
    doc = "What one eigenvector adds to b' J^-2 b and E Sigma/J^2."
    add("reach_of_direction", arguments[2:], "", doc, t, [x.value for x in pair])

    t = Trace()
    power, spread = t.input("power"), t.input("spread")
    square = equations.squared_null_threshold(t.p, power, spread, t.field)
    add("squared_null_threshold", ("p", "power", "spread"), "", "Square of the null threshold.", t, [square.value])

    t = Trace("log_t", "log_V")
    log_t, log_V = t.unknowns
    out = _pair(equations.balanced(log_t, log_V, t.p, t.average, t.field))
    add("balanced", ("log_t", "log_V", "p", "law"), "Pair", "Both equations of finite psi2.", t, out)

    equation: Any
    for unknown, equation, doc in (
        ("log_k", equations.interpolating, "The interpolator of least gradient."),
        ("log_l", equations.ridge_only, "The square loss without attack, with a ridge."),
        ("log_t", equations.population, "The population, psi2 = inf."),
    ):
        t = Trace(unknown)
        out = _single(equation(*t.unknowns, t.p, t.average, t.field))
        add(equation.__name__, (unknown, "p", "law"), "Single", doc, t, out)

    t = Trace()
    state = equations.least_squares(t.p, t.input("null"), t.average)
    out = [0.0, 0.0, *(x.value for x in state[1:])]
    add("least_squares", ("null", "p", "law"), "Single", "Least squares, N < n.", t, out)

    t = Trace()
    q, V, v = (t.input(name) for name in ("q", "V", "v"))
    out = [x.value for x in equations.outputs(q, V, v, t.field)]
    add("outputs", ("q", "V", "v"), "Outputs", "Training observables of a solution with finite V.", t, out)

    t = Trace()
    v, r, radius = (t.input(name) for name in ("v", "r", "radius"))
    risk = equations.adversarial_risk(v, r, radius, t.field)
    add("adversarial_risk", ("v", "r", "radius"), "", "Adversarial risk at a test radius.", t, [risk.value])
    return kernels


_PYTHON_HEADER = '''"""The equations as kernels; do not edit.

Generated by ``python -m rfrobust.engine.generate`` from :mod:`rfrobust.engine.equations`.
"""

import math

from ..support.jit import inner
from .gaussian import gaussian_parts
from .records import Outputs, Pair, Single, SlopedAverages


'''

_AVERAGES = '''@inner
def averages(k, l, p, law):
    """Averages of a law, None being the closed one."""
    if law is None:  # pruned where the type of law decides
        return closed_averages(k, l, p)
{starts}
    for i in range(law.sigma.size):
        part = one_direction(k, l, law.sigma[i], law.metric[i], law.explained[i], law.weights[i])
{sums}
    return SlopedAverages({names})
'''


def python_text() -> str:
    """Return the module :mod:`rfrobust.engine.kernels`."""
    kernels = _traced()
    del kernels["adversarial_risk"]  # of arrays, not of kernels
    starts = {"E1c": "law.null", "B": "law.unexplained"}
    loop = _AVERAGES.format(
        starts="\n".join(f"    {name} = {starts.get(name, '0.0')}" for name in SlopedAverages._fields),
        sums="\n".join(f"        {name} += part.{name}" for name in SlopedAverages._fields),
        names=", ".join(SlopedAverages._fields),
    )
    parts = [kernel.python() for kernel in kernels.values()]
    return _PYTHON_HEADER + "\n\n".join([*parts[:2], loop, *parts[2:]])


def javascript_text() -> str:
    """Return the script docs/_static/kernels.js."""
    kernels = _traced()
    chosen = {
        "closed_averages": ("closedAverages", SlopedAverages._fields),
        "closed_reach": ("closedReach", ("power", "spread")),
        "squared_null_threshold": ("squaredNullThreshold", ("value",)),
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
    PYTHON.write_text(python_text())
    JAVASCRIPT.write_text(javascript_text())
