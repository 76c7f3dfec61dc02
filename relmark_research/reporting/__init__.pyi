from .display import story

__all__ = ["story"]
