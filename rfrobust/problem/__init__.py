"""What is solved: data, features, attack, loss and penalty of one problem."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
