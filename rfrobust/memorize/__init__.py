"""Overfitted networks that still generalize, by explicit construction (docs/memorize.md)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
