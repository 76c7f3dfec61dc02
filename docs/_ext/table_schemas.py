"""The tables that the package reads, as a page: a section per table, a row per column."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from relmark_research.reporting.execution.table_views import page_of_tables


class TableSchemas(SphinxDirective):
    """All tables, from the schemas that the reader checks them by."""

    def run(self) -> list[nodes.Node]:
        """Return the sections as Markdown makes them."""
        text = page_of_tables().replace("## ", "**").replace("\n\nOne row is", "**\n\nOne row is")
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("table-schemas", TableSchemas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
