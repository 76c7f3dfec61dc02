"""Content of a report that a notebook displays: answers, key figures, tables, figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
