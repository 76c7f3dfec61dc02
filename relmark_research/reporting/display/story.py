"""The content of a report: functions that a notebook calls for answers, findings and figures.

Each function shows its content with IPython's display, in a form for JupyterLab and a form for
the template of the report.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from relmark_research import formats as number_formats
from relmark_research.errors import ConvergenceError, DataError, LadderError, ReportError
from relmark_research.evidence import Claim
from relmark_research.reporting.display._customer_rows import left_out_sentence, with_pseudonyms
from relmark_research.reporting.display._narrow_figure import draw_narrow
from relmark_research.reporting.display._svg import draw, inline_svg
from relmark_research.reporting.display._table_html import TableLayout, as_html
from relmark_research.reporting.display.downloads import save_figure
from relmark_research.reporting.privacy.redaction import Redactor
from relmark_research.reporting.record.manifest import RECORD_MIME, issued_forecast
from relmark_research.reporting.record.secrets import Scrubber

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from relmark_research.clv.prediction.total_forecast import TotalForecast

# in its own tag, because JupyterLab would read a dollar as the start of a formula
_DOLLAR = "<span>&#36;</span>"
_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_SENTENCE_END = re.compile(r"[.] +(?=[A-Z])|[.]$")
_Found = TypeVar("_Found")


def answer(sentence: str | Claim | Sequence[Claim]) -> None:
    """Show the answer of the report, one or two sentences with numbers and their range.

    Parameters
    ----------
    sentence
        Plain text, or claims, of which is said what their evidence carries; it is shown in large
        type below the question.

    Raises
    ------
    ReportError
        The sentence is empty.
    """
    said, claims = _said(sentence)
    text = _single_line("an answer", said)
    _show({"kind": "answer", "text": text, **claims}, f"**{_escape_markdown(text)}**")


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
    """Record a key figure: shown on the first screen, stored in the manifest, compared by run.

    Parameters
    ----------
    name
        Stable identifier: lower-case letters, digits, ``_`` and ``-``.
    value, low, high
        The estimate and its interval, in ``unit``; a value that does not exist is None or NaN.
    unit
        A currency code (``"USD"``), ``"share"`` (of one), or what is counted (``"customers"``).
    label
        Name for readers; the default is the name with spaces.
    meaning
        A short explanation.

    Raises
    ------
    ReportError
        The name is not an identifier, or the lower bound exceeds the upper bound.
    """
    _check_name(name)
    value, low, high = _finite(value), _finite(low), _finite(high)
    if low is not None and high is not None and low > high:
        raise ReportError(
            f"key figure {name!r}: expected low <= high; found low={low}, high={high}. Swap them."
        )
    form = number_formats.formatter(unit)
    label = label or name.replace("_", " ").replace("-", " ").capitalize()
    fields = {"name": name, "value": value, "low": low, "high": high, "unit": unit}
    fields |= {
        "label": label,
        "meaning": meaning,
        "text": number_formats.estimate(value, low, high, form),
    }
    line = f"{label}: {number_formats.with_interval(value, low, high, form)}"
    _show(
        {"kind": "key_figure", **fields},
        _escape_markdown(f"{line}. {meaning}" if meaning else line),
    )


def record_forecast(name: str, forecast: "TotalForecast", *, unit: str = "") -> None:
    """Record a forecast in the ledger, so that later runs of the recipe compare it with the actual.

    Parameters
    ----------
    name
        Stable identifier: lower-case letters, digits, ``_`` and ``-``.
    forecast
        A prediction, as `rm.forecast_total` returns it.
    unit
        The currency code of a forecast of value (``"USD"``).

    Raises
    ------
    ReportError
        The name is not an identifier, or the forecast is no prediction with a range and an end.
    """
    _check_name(name)
    parts = (forecast.low, forecast.high, forecast.level, forecast.origin, forecast.end)
    if forecast.kind != "prediction" or any(part is None for part in parts):
        raise ReportError(
            f"forecast {name!r}: expected a prediction with a range, an origin and an end; found "
            f"{forecast!r}. Use rm.forecast_total(log, horizon=...)."
        )
    issued = issued_forecast(
        {
            "name": name,
            "measure": forecast.measure,
            "origin": str(forecast.origin),
            "end": str(forecast.end),
            "expected": forecast.expected,
            "low": forecast.low,
            "high": forecast.high,
            "level": forecast.level,
            "customers": forecast.n_customers,
            "models": {model: float(weight) for model, weight in forecast.models.items()},
            "unit": unit,
            "factor": forecast.factor,
        }
    )
    form = number_formats.formatter(unit)
    said = number_formats.with_interval(issued.expected, issued.low, issued.high, form)
    _show(
        {"kind": "forecast", **asdict(issued)},
        _escape_markdown(f"Forecast of {issued.measure} until {issued.end}, recorded: {said}"),
    )


def finding(sentence: str | Claim) -> None:
    """Start a section with a heading that states a finding.

    Parameters
    ----------
    sentence
        Plain text without a full stop, such as ``f"{share(x)} of customers bring half"``, or a
        claim, of which is said what its evidence carries.
    """
    said, claims = _said(sentence)
    text = _single_line("a finding", said)
    _show({"kind": "finding", "text": text, **claims}, f"## {_escape_markdown(text)}")


def say(sentence: str | Claim | Sequence[Claim]) -> None:
    """Show a paragraph of Markdown, or claims as a paragraph.

    HTML inside it is escaped, and ``$`` is a dollar sign, not the start of a formula.
    """
    said, claims = _said(sentence)
    text = _not_empty("a paragraph", said)
    fields = {"kind": "say", "text": text, **claims}
    _show(fields, text.replace("<", "&lt;").replace("$", _DOLLAR))


def left_out(question: str, reason: str) -> None:
    """Say that a question has no section in this report, and what would answer it.

    Parameters
    ----------
    question
        The question, such as ``"Where are prospects lost?"``.
    reason
        What is missing, such as ``"there is no table of prospects"``: without a full stop.
    """
    question = _single_line("a question", question)
    reason = _single_line("a reason", reason)
    text = f"Left out: {question} This report has no answer because {reason}."
    fields = {"kind": "left_out", "text": text, "question": question, "reason": reason}
    _show(fields, _escape_markdown(text))


def attempt(question: str, analysis: Callable[[], _Found]) -> _Found | None:
    """Return what an analysis gives, or say why its question is left out and return None.

    Parameters
    ----------
    question
        The question that the analysis answers, such as ``"Which segments buy again?"``.
    analysis
        A function without arguments: ``lambda: rm.whale_curve(account)``. Where it refuses the
        data, or a fit does not converge, the first sentence of its message is the reason; a wrong
        parameter or any other error is raised.
    """
    try:
        return analysis()
    except (DataError, ConvergenceError, LadderError) as error:
        left_out(question, _SENTENCE_END.split(" ".join(str(error).split()))[0])
    return None


def figure(
    drawing: "Axes | Figure | Any", *, alt: str, name: str, caption: str | None = None
) -> None:
    """Show a figure as inline SVG in the page's typeface and colours, and close it.

    A run also saves it as an SVG and a PNG file.

    Parameters
    ----------
    drawing
        Axes, an array of them, or a Figure.
    alt
        Description of the figure for readers who cannot see it.
    name
        Identifier of the figure in its report.
    caption
        A line below the figure, or None.

    Raises
    ------
    ReportError
        ``alt`` is empty, or ``name`` is not an identifier.
    """
    from matplotlib import pyplot

    _check_name(name)
    description = _single_line(f"alt text for figure {name!r}", alt)
    parent, scrub = _parent_figure(drawing), Scrubber.from_environment()
    _scrub_texts(parent, scrub)
    svg = draw(parent, name)
    layout = parent.get_layout_engine()
    inline = scrub(inline_svg(svg, name=name, alt=description))
    links = save_figure(parent, svg, name)
    small = draw_narrow(parent, name, layout)
    pyplot.close(parent)
    if small:
        small = scrub(inline_svg(small, name=f"{name}-narrow", alt=description))
        inline = (
            f'<div class="rm-wide">{inline}</div>'
            f'<div class="rm-narrow" style="display: none">{small}</div>'
        )
    caption_html = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    _show_html(
        f'<figure class="rm-figure" id="figure-{name}">'
        f'<div class="rm-scroll" tabindex="0" role="group" aria-label="Figure: {escape(name)}">'
        f"{inline}</div>{caption_html}{links}</figure>",
        description,
    )


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    name: str,
    formats: Mapping[str, str] | None = None,
    currency: str = "USD",
    open: bool = False,  # noqa: A002 (the name of the HTML attribute)
    clear_ids: bool = False,
) -> None:
    """Show a folded table with downloads of all its rows as CSV and Parquet.

    Ids of customers are replaced by pseudonyms: in a column or an index with a usual name, such as
    ``customer_id``, or with the name of the recipe's column of customers. Where there is no key for
    pseudonyms, one sentence stands in place of such a table.

    Parameters
    ----------
    frame
        The table; a named index becomes its first column. The first 20 rows are shown.
    caption
        Description of the table.
    name
        Identifier of the table in its report, and the name of the CSV file.
    formats
        Column to ``"money"``, ``"share"``, ``"count"``, ``"number"``, ``"date"`` or ``"text"``;
        the type of the column decides for the others.
    currency
        Currency code of the columns with money.
    open
        Whether the table is shown open.
    clear_ids
        Whether ids and e-mail addresses are shown as they are.

    Raises
    ------
    ReportError
        A format or a column in ``formats`` does not exist.
    """
    _check_name(name)
    shown = frame if clear_ids else with_pseudonyms(frame, None)
    if shown is None:
        say(Claim(statement=left_out_sentence(caption), design="method"))
        return
    layout = TableLayout(name, caption, currency, open, clear_ids)
    frame = shown
    _show_html(as_html(frame, formats or {}, layout), f"{caption}\n{frame.head(20)}")


def _scrub_texts(figure: "Figure", scrub: Scrubber) -> None:
    """Remove secrets, ids and addresses from a figure, because an image cannot be scrubbed."""
    from matplotlib.text import Text

    redactor, ticks = Redactor.from_environment(), _tick_labels(figure)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and (written := text.get_text()):
            redacted = redactor.label if text in ticks else redactor.text
            clean = redacted(scrub(written))
            if clean != written:
                text.set_text(clean)


def _tick_labels(figure: "Figure") -> set["Text"]:
    """Return the labels of the ticks of numbers; those of named categories are not among them."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter

    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    named = (StrCategoryFormatter, FixedFormatter)
    of_numbers = [axis for axis in axes if not isinstance(axis.get_major_formatter(), named)]
    return {label for axis in of_numbers for label in axis.get_ticklabels(which="both")}


def _parent_figure(drawing: Any) -> "Figure":
    """Return the figure of Axes, of an array of them, or of a part of a figure."""
    if not hasattr(drawing, "figure"):
        drawing = next(iter(getattr(drawing, "flat", drawing)))
    figure: Figure = drawing.figure
    return figure


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ReportError(
            "expected a name of lower-case letters, digits, _ and -, starting with a letter; "
            f"found {name!r}. Try {_suggestion(name)!r}."
        )


def _suggestion(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_0123456789") or "figure"


def _said(sentence: str | Claim | Sequence[Claim]) -> tuple[str, dict[str, Any]]:
    """Return what is said, and the claims as a field of a record; no field for plain text."""
    if isinstance(sentence, str):
        return sentence, {}
    claims = [sentence] if isinstance(sentence, Claim) else list(sentence)
    records = [{"text": each.text} | each.as_record() for each in claims]
    return " ".join(each.text for each in claims), {"claims": records}


def _single_line(expected: str, sentence: str) -> str:
    return _not_empty(expected, " ".join(sentence.split()))


def _not_empty(expected: str, sentence: str) -> str:
    text = sentence.strip()
    if not text:
        raise ReportError(f"expected {expected}; found an empty text. Write a sentence.")
    return text


def _finite(value: float | None) -> float | None:
    """Return a finite float, or None if the value does not exist."""
    if value is None or value is pd.NA:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _escape_markdown(text: str) -> str:
    """Return text that Markdown shows literally, dollar signs included."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text).replace("$", _DOLLAR)


def _show(fields: dict[str, Any], markdown: str) -> None:
    from IPython.display import display

    text = str(fields.get("text", ""))
    display({RECORD_MIME: fields, "text/markdown": markdown, "text/plain": text}, raw=True)


def _show_html(html: str, text: str) -> None:
    from IPython.display import display

    display({"text/html": html, "text/plain": text}, raw=True)
