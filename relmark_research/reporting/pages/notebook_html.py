"""An executed notebook as the body of a report: sections, folded code, contents, messages.

Records (the answer, the key figures) leave the body for the first screen; warnings leave it for
a folded place at the end; an error stays where it happened and is reported on top.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from relmark_research.reporting.record.manifest import RECORD_MIME, KeyFigure, key_figure

if TYPE_CHECKING:
    import nbformat

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_HEADING = re.compile(r"<h([1-6])([^>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_REPR = re.compile(
    r"\s*[<\[(].*[>\])]\s*", re.DOTALL
)  # <Axes: >, [<Line2D>]: of no use to a reader
_OURS = ('<figure class="rm-', '<details class="rm-')
_PAPERMILL_ERROR = "papermill-error-cell-tag"


@dataclass(frozen=True)
class Entry:
    """A heading in the contents list."""

    id: str
    text: str
    level: int


@dataclass(frozen=True)
class Failure:
    """Where a notebook broke: the error in a line, and the end of its traceback."""

    words: str
    traceback: str = ""


@dataclass
class _Section:
    parts: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass
class Body:
    """What a notebook says, ready for the template.

    Attributes
    ----------
    title
        Text of the first heading of the first level.
    html
        The sections; escaped where it came from data.
    contents
        Headings of the second and third level, in order.
    preparation
        Highlighted code that comes before the first section.
    messages
        What was written to standard error.
    """

    title: str = ""
    answer: str = ""
    key_figures: list[KeyFigure] = field(default_factory=list)
    html: str = ""
    contents: list[Entry] = field(default_factory=list)
    preparation: str = ""
    messages: str = ""
    failure: Failure | None = None
    sections: list[_Section] = field(default_factory=lambda: [_Section()])


def read_body(notebook: "nbformat.NotebookNode") -> Body:
    """Return what an executed notebook says, its parts set apart."""
    body = Body()
    for cell in notebook.cells:
        if _PAPERMILL_ERROR in cell.get("metadata", {}).get("tags", ()):
            continue
        if cell.cell_type == "markdown":
            _add(body, _without_title(body, markdown(cell.source, trusted=True)))
        elif cell.cell_type == "code":
            for output in cell.get("outputs", ()):
                _add(body, _output(body, output))
            if cell.source.strip():
                body.sections[-1].code.append(cell.source)
    _close(body)
    return body


def markdown(text: str, *, trusted: bool = False) -> str:
    """Return Markdown as HTML; unless trusted, HTML in it is shown, not obeyed.

    Pictures that would have to be fetched are replaced by their words.
    """
    import mistune

    class Renderer(mistune.HTMLRenderer):
        def image(self, text: str, url: str, title: str | None = None) -> str:
            if url.startswith("data:image/"):
                return f'<img src="{escape(url)}" alt="{escape(text)}">'
            return f"<em>{escape(text)}</em>"

    rendered = mistune.create_markdown(
        renderer=Renderer(escape=not trusted), plugins=["table", "strikethrough"]
    )(text)
    return str(rendered)


def highlighted(code: str) -> str:
    """Return Python code as HTML with the classes that the style sheet colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    inner = highlight(code.strip("\n"), get_lexer_by_name("python"), HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0" aria-label="Code"><code>{inner.rstrip()}</code></pre>'


def _without_title(body: Body, html: str) -> str:
    """Take the first heading of the first level as the title; later ones step down."""
    found = None if body.title else re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    if found:
        body.title = _text(found[1])
        html = html[: found.start()] + html[found.end() :]
    return html.strip()


def _add(body: Body, html: str) -> None:
    """Put HTML into the last section; a heading of the first two levels begins a new one."""
    first, *rest = re.split(r"(?=<h[12][\s>])", html)
    if first.strip():
        body.sections[-1].parts.append(first)
    body.sections.extend(_Section([part]) for part in rest)


def _close(body: Body) -> None:
    """Join the sections, fold their code, give every heading its place in the contents."""
    intro, *others = body.sections
    body.preparation = "".join(map(highlighted, intro.code))
    joined = "".join(_wrapped(section) for section in [_Section(intro.parts), *others])
    used: set[str] = set(_ID.findall(joined)) | {"content", "reproduce", "not-complete"}
    body.html = _HEADING.sub(lambda found: _anchored(found, used, body.contents), joined)


def _wrapped(section: _Section) -> str:
    if not section.parts:
        return ""
    code = "".join(map(highlighted, section.code))
    fold = "<summary>Show the code</summary>"
    folded = f'<details class="rm-fold rm-code">{fold}{code}</details>' if code else ""
    return f"<section>{''.join(section.parts)}{folded}</section>\n"


def _anchored(found: re.Match[str], used: set[str], contents: list[Entry]) -> str:
    level, attributes, inner = max(2, int(found[1])), found[2], found[3]
    given = _ID.search(attributes)
    name = given[1] if given else _free_id(_text(inner), used)
    if level <= 3:
        contents.append(Entry(name, _text(inner), level))
    if not given:
        attributes += f' id="{name}"'
    linked = inner if "<a " in inner else f'<a href="#{name}">{inner}</a>'
    return f"<h{level}{attributes}>{linked}</h{level}>"


def _free_id(text: str, used: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "section"
    name, turn = slug, 1
    while name in used:
        turn += 1
        name = f"{slug}-{turn}"
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
    return ""


def _displayed(body: Body, output: Any) -> str:
    return next(_forms(body, output.data, output.get("metadata", {})), "")


def _forms(body: Body, data: dict[str, str], metadata: dict[str, Any]) -> Iterator[str]:
    """The forms of an output that a page can show, the best one first."""
    if "text/html" in data:
        yield _html(data["text/html"])
    for mime in ("image/svg+xml", "image/png", "image/jpeg"):
        if mime in data:
            yield _image(body, mime, data[mime], metadata.get(mime, {}))
    if "text/markdown" in data:
        yield markdown(data["text/markdown"])
    if not _REPR.fullmatch(data.get("text/plain", "<>")):
        yield _preformatted(data["text/plain"])


def _html(html: str) -> str:
    if html.lstrip().startswith(_OURS):
        return html
    return f'<div class="rm-scroll" tabindex="0" role="group" aria-label="Output">{html}</div>'


def _image(body: Body, mime: str, data: str, metadata: dict[str, Any]) -> str:
    """A picture that was not shown by `story.figure`; named after its section, if by nothing."""
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
