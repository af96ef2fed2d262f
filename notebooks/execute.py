"""Execute every notebook of this folder from scratch, two at a time, and report the time of each.

Fails if one fails or has stored output. ``python notebooks/execute.py NAME ...`` runs only the named ones.
"""

import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent
TIMEOUT = 300  # seconds a cell
# Two notebooks share the cores; BLAS threads on top would fight over them.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def stored_output(notebook: nbformat.NotebookNode) -> bool:
    """Return whether a code cell carries output or an execution count."""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def execute(path: Path) -> tuple[str, float, str]:
    """Run one notebook in memory; return its name, its time and what went wrong, if anything."""
    notebook = nbformat.read(path, as_version=4)
    if stored_output(notebook):
        return path.stem, 0.0, "has stored output; clear it before committing"
    start = time.perf_counter()
    try:
        NotebookClient(notebook, timeout=TIMEOUT, resources={"metadata": {"path": str(HERE)}}).execute()
    except CellExecutionError as error:
        return path.stem, time.perf_counter() - start, re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return path.stem, time.perf_counter() - start, ""


def main(names: list[str]) -> int:
    """Run the notebooks and return the exit code."""
    paths = sorted(HERE.glob("*.ipynb"))
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        print(f"no notebook {sorted(unknown)[0]!r}; there are {', '.join(path.stem for path in paths)}")
        return 2
    start = time.perf_counter()
    failures = 0
    with ThreadPoolExecutor(2) as pool:
        chosen = [path for path in paths if not names or path.stem in names]
        for name, seconds, problem in pool.map(execute, chosen):
            print(f"{name:32s} {seconds:7.1f} s  {'FAILED' if problem else 'ok'}", flush=True)
            if problem:
                failures += 1
                print(problem)
    print(f"{len(chosen)} notebooks, {failures} failed, {time.perf_counter() - start:.1f} s")
    return 1 if failures or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
