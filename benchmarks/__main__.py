"""Run every benchmark, or the ones named: ``python -m benchmarks engine erm``."""

import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__init__", "__main__", "stress")
)


def main(chosen: list[str]) -> None:
    unknown = set(chosen) - set(NAMES)
    if unknown:
        sys.exit(f"unknown benchmark {sorted(unknown)[0]!r}; there are {', '.join(NAMES)}")
    for name in chosen or NAMES:
        print(f"== {name}", flush=True)
        import_module(f"benchmarks.{name}").run()


main(sys.argv[1:])
