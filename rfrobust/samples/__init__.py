"""A user's own samples: what training on them will give, predicted from covariances."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
