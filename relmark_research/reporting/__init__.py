"""Recipes in, reports out: everything between a YAML file and a page that a person reads."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
