import base64
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relmark_research.errors import ReportError
from relmark_research.reporting.display._table_html import TableLayout, as_html
from relmark_research.tables.export import csv_text

LAYOUT = TableLayout(name="weekly", caption="Purchases <by> week")


def csv_of(html):
    data = re.search(r"base64,([^\"]+)", html)[1]
    return base64.b64decode(data).decode("utf-8-sig")


def test_headers_are_headers_and_numbers_are_aligned():
    frame = pd.DataFrame({"channel": ["mail"], "mean_value": [35.171]}, index=[7])
    html = as_html(frame, {"mean_value": "money"}, LAYOUT)
    assert "<caption>Purchases &lt;by&gt; week</caption>" in html
    assert '<th scope="col">Channel</th><th scope="col" class="rm-number">Mean value</th>' in html
    assert '<th scope="row" class="rm-number">7</th><td>mail</td>' in html
    assert '<td class="rm-number">$35.17</td>' in html


def test_each_format_and_missing_values():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["1997-01-01", None]),
            "part": [0.1234, None],
            "n": [23570, 1],
            "value": [1234567.0, 2.0],
            "good": [True, False],
        }
    )
    html = as_html(
        frame, {"part": "share", "value": "money"}, TableLayout("a", "b", currency="CHF")
    )
    for cell in ("1997-01-01", "12.3%", "23,570", "1,234,567 CHF", "2 CHF", "yes", "no"):
        assert f">{cell}</t" in html
    assert "NaT" not in html
    assert "nan" not in html


def test_long_tables_say_how_many_rows_the_file_has_more():
    html = as_html(pd.DataFrame({"week": range(79)}), {}, LAYOUT)
    assert html.count("<tr>") == 21
    assert "59 more rows are in the file." in html
    assert "1 more row is in the file." in as_html(pd.DataFrame({"w": range(21)}), {}, LAYOUT)
    assert "in the file" not in as_html(pd.DataFrame({"w": range(20)}), {}, LAYOUT)
    assert len(csv_of(html).splitlines()) == 80


def test_markup_in_the_data_is_escaped():
    evil = "</td><script>alert('x')</script>"
    html = as_html(
        pd.DataFrame({evil: [evil]}, index=pd.Index([evil], name=evil + evil)), {}, LAYOUT
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 5


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00")))
def test_text_cells_are_not_formulas_and_numbers_are_numbers(text):
    frame = pd.DataFrame({"note": [text, "end"], "change": [-1.5, 2.0]})
    back = pd.read_csv(io.StringIO(csv_text(frame)), keep_default_na=False)
    cell = str(back["note"].iloc[0])
    assert not cell.startswith(("=", "+", "-", "@", "\t"))
    assert cell.removeprefix("'") == text.removeprefix("'")
    assert back["change"].tolist() == [-1.5, 2.0]


def test_header_cells_are_not_formulas():
    assert csv_text(pd.DataFrame({"@SUM(1)": [1]})).startswith("'@SUM(1)")


def test_indexes_and_nested_columns_become_columns():
    wide = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("n", "mail"), ("n", "web")]))
    wide.index = pd.MultiIndex.from_tuples([("a", 1)], names=["group", "period"])
    html = as_html(wide, {}, LAYOUT)
    (data,) = re.findall(r"base64,([^\"]+)", html)
    assert base64.b64decode(data).decode("utf-8-sig") == "group,period,n mail,n web\na,1,1,2\n"


def test_an_empty_table_is_a_table():
    assert "<tbody></tbody>" in as_html(pd.DataFrame({"a": []}), {}, LAYOUT)


def test_a_wrong_name_suggests_the_closest():
    frame = pd.DataFrame({"value": [1.0]})
    with pytest.raises(ReportError, match=r"no column 'vlaue'.*Did you mean 'value'"):
        as_html(frame, {"vlaue": "money"}, LAYOUT)
    with pytest.raises(ReportError, match=r"no format 'monye'.*Did you mean 'money'"):
        as_html(frame, {"value": "monye"}, LAYOUT)
    with pytest.raises(ReportError, match="unique names"):
        as_html(pd.concat([frame, frame], axis="columns"), {}, LAYOUT)
