import pytest
from hypothesis import settings

settings.register_profile("rfrobust", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("rfrobust")


@pytest.fixture(autouse=True)
def _quiet_progress(monkeypatch):
    """Progress bars belong to a terminal, not to a test log."""
    monkeypatch.setenv("TQDM_DISABLE", "1")
