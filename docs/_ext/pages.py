"""What the pages need beside Markdown: public names by their short name.

{names}     one directive: public names, a line each, documented from their docstrings
{rm}        a role: the public name, linked to where it is documented
{folded}    a directive: its content behind one click, the argument being what is shown
"""

import inspect

from docutils import nodes
from public_names import canonical, names_in, object_at, path_of, results_of
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole, SphinxDirective


class Names(SphinxDirective):
    """Document public names, one a line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return what autodoc makes of each name, and of what it returns."""
        lines = [name for line in self.content if line.strip() for name in names_in(line.strip())]
        return self.parse_text_to_nodes("\n\n".join(map(self._text, lines)))

    def _text(self, name: str) -> str:
        path = path_of(name)
        found = object_at(path)
        if callable(found):
            self.env.note_dependency(inspect.getfile(found))
        return "\n\n".join(map(_documented, [path, *results_of(path)]))


def _documented(path: str) -> str:
    found = object_at(path)
    kind, options = "function", ""
    if inspect.isclass(found):
        plain = issubclass(found, Exception)
        kind, options = ("exception", "") if plain else ("class", "   :members:\n")
    elif not callable(found):
        return f"```{{eval-rst}}\n.. py:data:: {path}\n   :type: {type(found).__name__}\n```"
    return f"```{{eval-rst}}\n.. auto{kind}:: {path}\n{options}```"


class PublicName(ReferenceRole):
    """A public name by its short name, linked."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return a reference that the Python domain resolves."""
        target = addnodes.pending_xref(
            "",
            nodes.literal(self.rawtext, self.title, classes=["py", "xref"]),
            refdomain="py",
            reftype="obj",
            reftarget=canonical(path_of(self.target)),
            refwarn=True,
            refexplicit=True,
            refdoc=self.env.docname,
        )
        self.set_source_info(target)
        return [target], []


def call_it_rm(app: Sphinx, doctree: nodes.document) -> None:
    """Show names as they are written after ``import relmark_research as rm``."""
    for node in doctree.findall(addnodes.desc_addname):
        if node.astext().startswith("relmark_research."):
            node.children = [nodes.Text("rm." + node.astext().removeprefix("relmark_research."))]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the role."""
    app.add_directive("names", Names)
    app.add_role("rm", PublicName())
    app.connect("doctree-read", call_it_rm)
    app.add_config_value("package_digest", "", "env", types=(str,))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
