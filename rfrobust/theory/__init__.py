"""The limits: solutions, grids, derivatives, thresholds, named limits and special models."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
