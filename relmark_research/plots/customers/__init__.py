"""Plots of the customer base: growth, purchase counts, cohorts, retention, RFM."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
