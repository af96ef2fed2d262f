"""What the documentation shows is executed: docstring examples, and the fenced examples of README and docs/.

In Markdown, a block ``python`` directly followed by a block ``text`` shows a program and what it prints; a block
``console`` shows commands after ``$`` with their output. ``...`` in an output stands for anything.
"""

import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import rfrobust

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
MODULES = ["rfrobust"] + [
    info.name for info in pkgutil.walk_packages(rfrobust.__path__, "rfrobust.") if not info.name.endswith("__main__")
]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/howto").glob("*.md"))]
#: Pages whose programs train networks for seconds.
SLOW = ("wide.md", "cgro.md", "simulation.md")
#: The last digits of a residual depend on the processor's elementary functions.
BLUR = re.compile(r"residual [\d.e+-]+ after")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(kind: str) -> list:
    """Return (page, line) labelled examples: (program, output) pairs or console transcripts."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = list(FENCE.finditer(text))
        for i, block in enumerate(blocks):
            label = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
            if block[1] == kind == "console":
                found.append(pytest.param(block[2], id=label))
            if block[1] == kind == "python":
                follower = blocks[i + 1] if i + 1 < len(blocks) else None
                shown = follower and follower[1] == "text" and not text[block.end() : follower.start()].strip()
                marks = [pytest.mark.slow] if page.name in SLOW else []
                found.append(pytest.param(block[2], follower[2] if shown else None, id=label, marks=marks))
    return found


def assert_output(expected: str, got: str) -> None:
    expected, got = (BLUR.sub("residual ... after", text) for text in (expected, got))
    example = doctest.Example("", expected)
    checker = doctest.OutputChecker()
    assert checker.check_output(expected, got, OPTIONS), checker.output_difference(example, got, OPTIONS)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS, raise_on_error=False)
    assert result.failed == 0


@pytest.mark.parametrize(("program", "output"), examples("python"))
def test_programs_in_pages(program, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        exec(compile(program, "<example>", "exec"), {"__name__": "__main__"})
    if output is not None:
        assert_output(output, stdout.getvalue())


@pytest.mark.parametrize("transcript", examples("console"))
def test_commands_in_pages(transcript, tmp_path):
    parts = re.split(r"^\$ ", transcript, flags=re.MULTILINE)
    assert not parts[0].strip(), "a console block starts with a command"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    for part in parts[1:]:
        command, _, expected = part.replace("\\\n", " ").partition("\n")
        program, *arguments = shlex.split(command, comments=True)
        assert program == "rfrobust", f"only rfrobust commands are executed, got {program!r}"
        done = subprocess.run(
            [sys.executable, "-m", "rfrobust", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert_output(expected, done.stdout)


def test_there_are_examples():
    assert len(examples("python")) >= 5
    assert len(examples("console")) >= 2
