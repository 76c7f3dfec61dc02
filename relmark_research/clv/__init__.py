"""What are customers worth? Models of purchases and spend, forecasts and lifetime values."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
