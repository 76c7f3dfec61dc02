from . import story

__all__ = ["story"]
