"""Wide networks under adversarial training: kernels, the linearized flow and Adv-NTK."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
