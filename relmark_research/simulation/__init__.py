"""Simulated data with known parameters: the sample firm, its tables, and their latent variables."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
