"""The equations, once over any number and as compiled kernels; what features of one's own hand to them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
