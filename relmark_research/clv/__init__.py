"""What are they worth? Differentiate customers by what they will buy and spend."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
