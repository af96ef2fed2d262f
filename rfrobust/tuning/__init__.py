"""Best settings by global search, and the boundaries at which training changes its use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
