from . import files, story, svg, table_display

__all__ = ["files", "story", "svg", "table_display"]
