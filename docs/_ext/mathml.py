"""Formulas as MathML, made when the site is built: no script, no font, read by screen readers."""

import re
from html import escape
from typing import Any

from docutils import nodes
from latex2mathml import exceptions
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging

log = logging.getLogger(__name__)

REFUSALS = tuple(
    each for each in vars(exceptions).values() if isinstance(each, type) and each is not object
)

_GREEK = re.compile(r"<mi>(&#x003(?:9[1-9A-F]|A[0-9]);)</mi>")  # capitals stand upright


def _mathml(node: nodes.Element, display: str) -> str:
    source = node.astext().replace("{aligned}", "{split}")
    try:
        drawn = convert(source, display=display)
    except REFUSALS as error:
        log.warning("formula not understood: %s: %r", source, error, location=node)
        return f"<code>{escape(source)}</code>"
    drawn = _GREEK.sub(r'<mi mathvariant="normal">\1</mi>', drawn)
    return drawn.replace("<math ", f'<math alttext="{escape(source, quote=True)}" ', 1)


def visit_inline(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.math_block) -> None:
    """Write a formula of its own, which scrolls where the page is narrow."""
    self.body.append(f'<div class="math">{_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
