"""An executed notebook as the body of a report: sections, folded code, contents, messages.

The answer and the key figures move to the first screen, and warnings to a folded part at the end.
An error stays where it occurred and is also reported at the top.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from relmark_research.reporting.record.manifest import RECORD_MIME, KeyFigure, key_figure

if TYPE_CHECKING:
    import nbformat

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HEADING = re.compile(r"<h([1-6])([^>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_OBJECT_REPR = re.compile(r"\s*[<\[(].*[>\])]\s*", re.DOTALL)  # <Axes: >, [<Line2D>]: not shown
_STORY_HTML = ('<figure class="rm-', '<details class="rm-')
_PAPERMILL_ERROR = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Entry:
    """A heading in the table of contents."""

    id: str
    text: str
    level: int


@dataclass(frozen=True)
class Failure:
    """The error that stopped a notebook: its message, and the end of its traceback."""

    message: str
    traceback: str = ""


@dataclass
class _Section:
    parts: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass
class Body:
    """The content of a notebook for the template of a report.

    Attributes
    ----------
    title
        Text of the first heading of level 1.
    answer, key_figures
        Recorded for the first screen.
    html
        The sections; text from data is escaped.
    contents
        Headings of levels 2 and 3, in order.
    preparation
        Highlighted code before the first section.
    messages
        Text written to standard error.
    failure
        The error that stopped the notebook, or None.
    left_out
        Questions of which the notebook says that they are left out.
    """

    title: str = ""
    answer: str = ""
    key_figures: list[KeyFigure] = field(default_factory=list)
    html: str = ""
    contents: list[Entry] = field(default_factory=list)
    preparation: str = ""
    messages: str = ""
    failure: Failure | None = None
    left_out: list[str] = field(default_factory=list)
    sections: list[_Section] = field(default_factory=lambda: [_Section()])


def read_body(notebook: "nbformat.NotebookNode") -> Body:
    """Return the content of an executed notebook."""
    body = Body()
    for cell in notebook.cells:
        if _PAPERMILL_ERROR in cell.get("metadata", {}).get("tags", ()):
            continue
        if cell.cell_type == "markdown":
            text = _with_attachments(cell.source, cell.get("attachments", {}))
            _add(body, _without_title(body, markdown(text, trusted=True)))
        elif cell.cell_type == "code":
            for output in cell.get("outputs", ()):
                _add(body, _output(body, output))
            if cell.source.strip():
                body.sections[-1].code.append(cell.source)
    _close(body)
    return body


def markdown(text: str, *, trusted: bool = False) -> str:
    """Return Markdown as HTML; HTML inside it is escaped unless ``trusted``.

    Images that would have to be downloaded are replaced by their alternative text. Formulas of
    trusted text are MathML; elsewhere a dollar is a dollar.
    """
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def block_math(self, text: str) -> str:
            return f"<p>{_mathml(text, display='block')}</p>\n"

        def inline_math(self, text: str) -> str:
            return _mathml(text, display="inline")

        def image(self, text: str, url: str, title: str | None = None) -> str:
            if url.startswith("data:image/"):
                return f'<img src="{escape(url)}" alt="{escape(text)}">'
            return f"<em>{escape(text)}</em>"

    plugins = ["table", "strikethrough", *(["math"] if trusted else [])]
    rendered = mistune.create_markdown(renderer=Renderer(escape=not trusted), plugins=plugins)(text)
    return str(rendered)


def _mathml(tex: str, *, display: str) -> str:
    """Return a formula as MathML, or its TeX as code where it cannot be read."""
    from latex2mathml.converter import convert

    try:
        return str(convert(tex.strip(), display=display))
    except Exception:  # noqa: BLE001 - whatever a parser raises on a formula by hand
        return f"<code>{escape(tex)}</code>"


def _with_attachments(text: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
    """Return Markdown with the images pasted into its cell in place of their names."""
    for name, forms in attachments.items():
        mime = next((each for each in forms if each.startswith("image/")), None)
        if mime:
            image = f"(data:{mime};base64,{''.join(forms[mime].split())})"
            for written in dict.fromkeys((name, quote(name))):
                text = text.replace(f"(attachment:{written})", image)
    return text


def highlighted(code: str) -> str:
    """Return Python code as HTML with the classes of the style sheet."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    inner = highlight(code.strip("\n"), get_lexer_by_name("python"), HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0" aria-label="Code"><code>{inner.rstrip()}</code></pre>'


def _without_title(body: Body, html: str) -> str:
    """Move the first heading of level 1 into the title."""
    match = None if body.title else re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    if match:
        body.title = _text(match[1])
        html = html[: match.start()] + html[match.end() :]
    return html.strip()


def _add(body: Body, html: str) -> None:
    """Add HTML to the last section; a heading of level 1 or 2 starts a new one."""
    first, *rest = re.split(r"(?=<h[12][\s>])", html)
    if first.strip():
        body.sections[-1].parts.append(first)
    body.sections.extend(_Section([part]) for part in rest)


def _close(body: Body) -> None:
    """Join the sections with their folded code, and add anchors and contents entries."""
    intro, *others = body.sections
    body.preparation = "".join(map(highlighted, intro.code))
    joined = "".join(_section_html(section) for section in [_Section(intro.parts), *others])
    used: set[str] = set(_ID.findall(joined)) | {"content", "reproduce", "not-complete"}
    body.html = _HEADING.sub(lambda match: _anchored(match, used, body.contents), joined)


def _section_html(section: _Section) -> str:
    if not section.parts:
        return ""
    code = "".join(map(highlighted, section.code))
    summary = "<summary>Show the code</summary>"
    folded = f'<details class="rm-fold rm-code">{summary}{code}</details>' if code else ""
    return f"<section>{''.join(section.parts)}{folded}</section>\n"


def _anchored(heading: re.Match[str], used: set[str], contents: list[Entry]) -> str:
    level, attributes, inner = max(2, int(heading[1])), heading[2], heading[3]
    existing = _ID.search(attributes)
    name = existing[1] if existing else _unused_id(_text(inner), used)
    if level <= 3:
        contents.append(Entry(name, _text(inner), level))
    if not existing:
        attributes += f' id="{name}"'
    linked = inner if "<a " in inner else f'<a href="#{name}">{inner}</a>'
    return f"<h{level}{attributes}>{linked}</h{level}>"


def _unused_id(text: str, used: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "section"
    name, number = slug, 1
    while name in used:
        number += 1
        name = f"{slug}-{number}"
    used.add(name)
    return name


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def _output(body: Body, output: Any) -> str:
    if output.output_type == "stream":
        text = _ANSI.sub("", output.text)
        if output.name == "stderr":
            body.messages += text
            return ""
        return _preformatted(text)
    if output.output_type == "error":
        body.failure = _failure(output)
        return '<p class="rm-error">The run stopped here.</p>'
    record = output.data.get(RECORD_MIME)
    return _record(body, record) if record else _displayed(body, output)


def _record(body: Body, record: dict[str, Any]) -> str:
    kind, text = record.get("kind"), str(record.get("text", ""))
    if kind == "answer":
        body.answer = text
    elif kind == "key_figure":
        body.key_figures.append(key_figure(record))
    elif kind == "finding":
        return f"<h2>{escape(text, quote=False)}</h2>"
    elif kind == "say":
        return markdown(text)
    elif kind == "left_out":
        body.left_out.append(str(record.get("question", "")))
        return f'<p class="rm-left-out">{escape(text, quote=False)}</p>'
    return ""


def _displayed(body: Body, output: Any) -> str:
    return next(_html_forms(body, output.data, output.get("metadata", {})), "")


def _html_forms(body: Body, data: dict[str, str], metadata: dict[str, Any]) -> Iterator[str]:
    """Yield the forms of an output that a page can show, the preferred one first."""
    if "text/html" in data:
        yield _embedded_html(data["text/html"])
    for mime in ("image/svg+xml", "image/png", "image/jpeg"):
        if mime in data:
            yield _image(body, mime, data[mime], metadata.get(mime, {}))
    if "text/markdown" in data:
        yield markdown(data["text/markdown"])
    if not _OBJECT_REPR.fullmatch(data.get("text/plain", "<>")):
        yield _preformatted(data["text/plain"])


def _embedded_html(html: str) -> str:
    if html.lstrip().startswith(_STORY_HTML):
        return html
    return f'<div class="rm-scroll" tabindex="0" role="group" aria-label="Output">{html}</div>'


def _image(body: Body, mime: str, data: str, metadata: dict[str, Any]) -> str:
    """Return an image that `story.figure` did not show; the section heading is its default text."""
    from base64 import b64encode

    encoded = b64encode(data.encode()).decode() if mime.endswith("xml") else "".join(data.split())
    heading = re.search(r"<h2[^>]*>(.*?)</h2>", "".join(body.sections[-1].parts), re.DOTALL)
    alt = metadata.get("alt") or f"Figure: {_text(heading[1]) if heading else 'not described'}"
    return (
        f'<figure class="rm-figure"><img src="data:{mime};base64,{encoded}" '
        f'alt="{escape(str(alt))}"></figure>'
    )


def _preformatted(text: str) -> str:
    if not text.strip():
        return ""
    return f'<pre tabindex="0" aria-label="Output">{escape(text.rstrip(), quote=False)}</pre>'


def _failure(output: Any) -> Failure:
    lines = _ANSI.sub("", "\n".join(output.get("traceback", ()))).rstrip().splitlines()
    return Failure(f"{output.ename}: {output.evalue}", "\n".join(lines[-6:]))
