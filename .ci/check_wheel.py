"""Build the wheel from the source archive, install it into a clean environment, and use it there alone.

The install is made read-only, so that the compiled-code cache has to find another place.
"""

import os
import stat
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECK = """
import json, pathlib, rfrobust
assert "site-packages" in rfrobust.__file__, rfrobust.__file__
model = rfrobust.solve(psi1=3, psi2=2, eps=0.3, tau=0.5)
assert abs(model.standard_risk - 1.0841356992159414) < 1e-12
assert rfrobust.verify(model).gradient < 1e-8
print("the wheel works:", round(model.adversarial_risk(), 6))
"""


def run(*command: object, **options: object) -> None:
    """Run a command, failing loudly."""
    subprocess.run([str(part) for part in command], check=True, **options)  # type: ignore[call-overload]


with tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch)
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT, stdout=subprocess.DEVNULL)
    (wheel,) = (folder / "dist").glob("*.whl")
    print(f"built {wheel.name}, {wheel.stat().st_size / 1024:.0f} kB")
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    package = next((folder / "env" / "lib").glob("python*/site-packages/rfrobust"))
    for path in [package, *package.rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "NUMBA_CACHE_DIR")} | {
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    run(python, "-c", CHECK, cwd=folder, env=environment)
    run(
        folder / "env" / "bin" / "rfrobust",
        "solve",
        "--psi1",
        3,
        "--psi2",
        2,
        "--eps",
        0.3,
        cwd=folder,
        env=environment,
    )
    for path in [package, *package.rglob("*")]:
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
