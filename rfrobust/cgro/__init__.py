"""Clean generalization with robust overfitting: how adversarial training of a patch model ends in memorization."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
