"""Who are the customers? Reading and auditing the log, linking ids, describing the base."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
