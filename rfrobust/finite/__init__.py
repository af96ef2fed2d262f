"""Finite networks: certified robust training, attacks, risks and Monte Carlo sweeps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
