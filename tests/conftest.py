import os

# before NumPy is imported: the test workers share the cores, BLAS threads on top would fight over them
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

settings.register_profile("rfrobust", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("rfrobust")


@pytest.fixture(autouse=True)
def _quiet_progress(monkeypatch):
    """Progress bars belong to a terminal, not to a test log."""
    monkeypatch.setenv("TQDM_DISABLE", "1")
