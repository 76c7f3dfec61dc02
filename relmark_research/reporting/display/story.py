"""What a notebook calls to speak: its answer, its figures, its findings, and what lies behind.

Everything goes through IPython's display, in a form that the report's template knows and that
JupyterLab shows as well.
"""

import math
import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research import formats as numbers
from relmark_research.errors import ReportError
from relmark_research.reporting.display.files import save_figure
from relmark_research.reporting.display.svg import draw, inline_svg
from relmark_research.reporting.display.table_display import Layout, as_html
from relmark_research.reporting.record.manifest import RECORD_MIME
from relmark_research.reporting.record.secrets import Scrubber

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOLLAR = (
    "<span>&#36;</span>"  # alone in its tag, or JupyterLab takes it for the start of a formula
)
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def answer(sentence: str) -> None:
    """Say the report's answer, in one or two sentences with their numbers and range.

    Parameters
    ----------
    sentence
        Plain text; it is shown large under the question.

    Raises
    ------
    ReportError
        If there is nothing in it.
    """
    text = _spoken("an answer", sentence)
    _show({"kind": "answer", "text": text}, f"**{_literal(text)}**")


def record(
    name: str,
    value: float | None,
    *,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    label: str = "",
    meaning: str = "",
) -> None:
    """Record a key figure: shown on the first screen, kept in the manifest, compared between runs.

    Parameters
    ----------
    name
        Stable identifier: small letters, digits, ``_`` and ``-``.
    value, low, high
        The estimate and its interval, in ``unit``; a value that does not exist is None or NaN.
    unit
        A currency's code (``"USD"``), ``"share"`` (of one), or what is counted (``"customers"``).
    label
        What a reader calls it; made from the name where it is missing.
    meaning
        A few words that say what it means.

    Raises
    ------
    ReportError
        If the name is none, or the interval is upside down.
    """
    _check_name(name)
    value, low, high = _number(value), _number(low), _number(high)
    if low is not None and high is not None and low > high:
        raise ReportError(
            f"key figure {name!r}: expected low <= high, found low={low} and high={high}; swap them"
        )
    form = numbers.formatter(unit)
    label = label or name.replace("_", " ").replace("-", " ").capitalize()
    fields = {"name": name, "value": value, "low": low, "high": high, "unit": unit}
    fields |= {"label": label, "meaning": meaning, "text": numbers.estimate(value, low, high, form)}
    line = f"{label}: {numbers.with_interval(value, low, high, form)}"
    _show({"kind": "key_figure", **fields}, _literal(f"{line}. {meaning}" if meaning else line))


def finding(sentence: str) -> None:
    """Begin a section whose heading states what the run found.

    Parameters
    ----------
    sentence
        Plain text without a full stop, such as ``f"{share(x)} of customers bring half"``.
    """
    text = _spoken("a finding", sentence)
    _show({"kind": "finding", "text": text}, f"## {_literal(text)}")


def say(sentence: str) -> None:
    """Say a paragraph: Markdown, with its numbers filled in by the run.

    HTML in it is shown, never obeyed, and ``$`` is a dollar, never the start of a formula.
    """
    text = _spoken("a paragraph", sentence)
    _show({"kind": "say", "text": text}, text.replace("<", "&lt;").replace("$", _DOLLAR))


def figure(
    drawing: "Axes | Figure | Any", *, alt: str, name: str, caption: str | None = None
) -> None:
    """Show a figure as inline SVG in the page's typeface and colours, and close it.

    In a run it is kept as an SVG and a PNG file as well.

    Parameters
    ----------
    drawing
        Axes, an array of them, or a Figure.
    alt
        What the figure shows, in words, for readers who do not see it; required.
    name
        Identifier of the figure in its report.
    caption
        A line below it; None for none.

    Raises
    ------
    ReportError
        If ``alt`` is empty or ``name`` is no identifier.
    """
    from matplotlib import pyplot

    _check_name(name)
    words = _spoken(f"words for figure {name!r} (alt)", alt)
    whole, scrub = _whole(drawing), Scrubber.in_force()
    _write_over(whole, scrub)
    text = draw(whole, name)
    drawn = scrub(inline_svg(text, name=name, alt=words))
    links = save_figure(whole, text, name)
    pyplot.close(whole)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    _show_html(
        f'<figure class="rm-figure" id="figure-{name}">'
        f'<div class="rm-scroll" tabindex="0" role="group" aria-label="Figure: {escape(name)}">'
        f"{drawn}</div>{below}{links}</figure>",
        words,
    )


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    name: str,
    formats: Mapping[str, str] | None = None,
    currency: str = "USD",
    open: bool = False,  # noqa: A002 (the word that HTML has for it)
) -> None:
    """Show a table behind one click, with all of it as files to download: CSV and Parquet.

    Parameters
    ----------
    frame
        The table; a named index becomes its first column. The first 20 rows are shown.
    caption
        What the table holds.
    name
        Identifier of the table in its report, and the name of the CSV file.
    formats
        Column to ``"money"``, ``"share"``, ``"count"``, ``"number"``, ``"date"`` or ``"text"``;
        other columns are shown by their type.
    currency
        The code for columns of money.
    open
        Whether it is unfolded from the start.

    Raises
    ------
    ReportError
        If a format or a column in ``formats`` is unknown.
    """
    _check_name(name)
    layout = Layout(name=name, caption=caption, currency=currency, open=open)
    _show_html(as_html(frame, formats or {}, layout), f"{caption}\n{frame.head(20)}")


def _write_over(figure: "Figure", scrub: Scrubber) -> None:
    """Take secrets out of a figure's texts, as a picture cannot be scrubbed."""
    from matplotlib.text import Text

    for text in figure.findobj(Text) if scrub.spellings else ():
        if isinstance(text, Text):
            text.set_text(scrub(text.get_text()))


def _whole(drawing: Any) -> "Figure":
    """The figure of Axes, of an array of them, of a part of a figure, or of itself."""
    if not hasattr(drawing, "figure"):
        drawing = next(iter(getattr(drawing, "flat", drawing)))
    figure: Figure = drawing.figure
    return figure


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ReportError(
            f"expected a name of small letters, digits, _ and -, starting with a letter, "
            f"found {name!r}; try {_suggestion(name)!r}"
        )


def _suggestion(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_0123456789") or "figure"


def _spoken(what: str, sentence: str) -> str:
    text = " ".join(sentence.split()) if what != "a paragraph" else sentence.strip()
    if not text:
        raise ReportError(f"expected {what}, found nothing; say it in a sentence")
    return text


def _number(value: float | None) -> float | None:
    """A float that JSON can hold, None for what does not exist."""
    if value is None or value is pd.NA:
        return None
    given = float(value)
    return given if math.isfinite(given) else None


def _literal(text: str) -> str:
    """Text that Markdown shows as it is; dollars would otherwise start a formula."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text).replace("$", _DOLLAR)


def _show(fields: dict[str, Any], markdown: str) -> None:
    from IPython.display import display

    plain = str(fields.get("text", ""))
    display({RECORD_MIME: fields, "text/markdown": markdown, "text/plain": plain}, raw=True)


def _show_html(html: str, plain: str) -> None:
    from IPython.display import display

    display({"text/html": html, "text/plain": plain}, raw=True)
