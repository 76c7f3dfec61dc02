"""Recipes and reports: from a YAML file to pages of HTML, with each notebook in its own process."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
