"""The glossary as a page: a heading per concept, its definition, and its terms in six languages."""

from html import escape

from docutils import nodes
from lessons import SOURCE as LESSONS
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from relmark_research.teaching.glossary import LANGUAGES, GlossaryEntry, entries


class GlossaryEntries(SphinxDirective):
    """All entries of the glossary, by lesson."""

    def run(self) -> list[nodes.Node]:
        """Return the entries as Markdown makes them."""
        return self.parse_text_to_nodes("\n\n".join(map(_entry, entries())))


def _entry(entry: GlossaryEntry) -> str:
    anchor = "term-" + "".join(c if c.isalnum() else "-" for c in entry.concept.lower())
    symbol = f", *{entry.symbol}*".replace("_", r"\_").replace("|", r"\|") if entry.symbol else ""
    return "\n".join(
        [
            f"({anchor})=",
            "```{eval-rst}",
            f".. rubric:: {entry.concept}",
            "   :class: term",
            "```",
            f"{entry.definition}{' Written' + symbol[1:] + '.' if symbol else ''}",
            f"{_where(entry)}",
            "",
            _terms(entry),
        ]
    )


def _where(entry: GlossaryEntry) -> str:
    computed = f"{{rm}}`{entry.computed}` · " if entry.computed else ""
    pages = sorted(LESSONS.glob(f"{entry.lesson:02d}_*.ipynb"))
    lesson = f"lesson {entry.lesson}"
    link = f"[{lesson}](lessons/{pages[0].name})" if pages else lesson
    return f"\n{computed}{link}"


def _terms(entry: GlossaryEntry) -> str:
    items = []
    for term in entry.terms[1:]:
        others = "".join(f"; {escape(other)}" for other in term.others)
        mark = ' <abbr title="our translation, unreviewed">†</abbr>' if term.unreviewed else ""
        direction = ' dir="rtl"' if term.language == "fa" else ""
        items.append(
            f"<div><dt>{LANGUAGES[term.language]}</dt>"
            f'<dd><span lang="{term.language}"{direction}>{escape(term.text)}{others}</span>{mark}'
            "</dd></div>"
        )
    return f'```{{raw}} html\n<dl class="terms">{"".join(items)}</dl>\n```\n'


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("glossary-entries", GlossaryEntries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
