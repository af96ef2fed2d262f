"""Exact high-dimensional asymptotics of adversarial training for random features regression.

The stub ``__init__.pyi`` lists the public names, sorted by topic; each is imported on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
