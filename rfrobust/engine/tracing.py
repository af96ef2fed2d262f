"""Expressions that remember how they were made, and their text in Python for Numba and in JavaScript."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .gaussian import GaussianParts
from .numbers import Dual, Field

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
    {
        "gaussian_parts": "gaussian_parts({})", "averages": "averages({}, p, law)", "overlaps": "overlaps({}, p, law)",
        "residual_channel": "residual_channel({}, noise, loss, jet)",
        "label_channel": "label_channel({}, margin, loss, jet)", "coordinate": "coordinate({}, norm)",
        "components": "components({}, p, norm)",
    },
)  # fmt: skip
_JAVASCRIPT = Language(
    "  const {} = {};", "{0} >= {1} ? {2} : {3}", "Math",
    {
        "gaussian_parts": "normal.gaussianParts({})", "averages": "closedAverages({}, p)",
        "overlaps": "closedOverlaps({}, p)", "residual_channel": "channels.residual({}, p, loss)",
        "label_channel": "channels.label({}, loss)", "coordinate": "channels.coordinate({})",
        "components": "components({}, p, norm)",
    },
)  # fmt: skip
#: Arguments without a choice on the page: the law is the closed one, noise is Gaussian, labels have losses of margins.
_SETTLED = {"law", "noise", "margin", "jet"}


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
        """Return the kernel as a function that returns an object of these fields, an array if there are none."""
        writer = Writer(self.outputs, _JAVASCRIPT)
        arguments = ", ".join(argument for argument in self.arguments.split(", ") if argument not in _SETTLED)
        entries, (start, end) = writer.values, "[]"
        if fields:
            entries, (start, end) = [f"{field}: {value}" for field, value in zip(fields, entries, strict=True)], "{}"
        listed = "".join(f"    {entry},\n" for entry in entries)
        head = f"/* {self.doc} */\nfunction {name}({arguments}) {{"
        return "\n".join([head, *writer.lines, f"  return {start}\n{listed}  {end};\n}}\n"])
