"""Plots of response curves, marginal returns, customer equity and budget allocation."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
