"""Who are they? Identify each customer and sum up what the log says of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
