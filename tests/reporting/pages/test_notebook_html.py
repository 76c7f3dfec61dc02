import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from relmark_research.reporting.pages._notebook_html import markdown, read_body


def notebook_of(*cells):
    return new_notebook(cells=list(cells))


def displayed(**data):
    return new_code_cell("x", outputs=[new_output("display_data", data=data)])


def test_title_and_records_move_out_of_the_body(notebook):
    body = read_body(notebook)
    assert body.title == "What are our customers worth?"
    assert body.answer.startswith("The customers will bring $1.2 million")
    assert [figure.name for figure in body.key_figures] == ["clv", "alive", "size"]
    for elsewhere in ("<h1", "will bring", "Still active"):
        assert elsewhere not in body.html


def test_contents_list_the_headings_in_order(notebook):
    body = read_body(notebook)
    assert [(entry.text, entry.level) for entry in body.contents] == [
        ("Purchases settle at <400> a week", 2),
        ("How far to trust this", 2),
        ("Prices", 3),
    ]
    for entry in body.contents:
        assert f'<h{entry.level} id="{entry.id}">' in body.html


def test_equal_headings_have_different_anchors():
    body = read_body(notebook_of(new_markdown_cell("## Same\n\n## Same\n\n## 関係\n\n## 信頼")))
    assert [entry.id for entry in body.contents] == ["same", "same-2", "section", "section-2"]


def test_later_level_1_headings_become_level_2():
    body = read_body(notebook_of(new_markdown_cell("# One"), new_markdown_cell("# Two")))
    assert body.title == "One"
    assert body.html.count("<h2") == 1
    assert "<h1" not in body.html


def test_code_is_folded_once_in_each_section(notebook):
    body = read_body(notebook)
    sections = body.html.split("<section>")[1:]
    folds = [section.count("Show the code") for section in sections]
    assert folds == [0, 1, 1]
    assert "# the decline" in sections[1]
    assert "# first" in body.preparation


def test_messages_are_collected_and_object_reprs_dropped(notebook):
    body = read_body(notebook)
    assert body.messages == "UserWarning: noise\n"
    assert "noise\n" not in body.html
    assert "said &lt;aloud&gt;" in body.html
    assert "Axes" not in body.html


def test_paragraphs_are_markdown_without_html(notebook):
    html = read_body(notebook).html
    assert "<strong>4,000</strong>" in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("trusted", [True, False])
def test_markdown_downloads_nothing(trusted):
    assert "<img" not in markdown("![words](https://a.b/c.png)", trusted=trusted)
    assert '<img src="data:image/png;base64,AA==" alt="w">' in markdown(
        "![w](data:image/png;base64,AA==)", trusted=trusted
    )


def test_a_link_cannot_run_a_script():
    assert "javascript:" not in markdown("[x](javascript:alert(1))")


def test_images_have_their_section_as_default_alt_text():
    picture = displayed(**{"image/png": "AA==\n"})
    body = read_body(notebook_of(new_markdown_cell("## Growth <fast>"), picture))
    assert 'alt="Figure: Growth' in body.html
    assert "base64,AA==" in body.html


def test_the_preferred_form_of_an_output_is_shown():
    body = read_body(notebook_of(displayed(**{"text/html": "<b>rich</b>", "text/plain": "plain"})))
    assert "<b>rich</b>" in body.html
    assert "plain" not in body.html


def test_an_error_is_short_and_without_colour_codes():
    trace = [f"line {n}" for n in range(20)] + ["\x1b[31mValueError\x1b[0m: no <b>"]
    error = new_output("error", ename="ValueError", evalue="no <b>", traceback=trace)
    body = read_body(notebook_of(new_code_cell("raise", outputs=[error])))
    assert body.failure is not None
    assert body.failure.message == "ValueError: no <b>"
    assert body.failure.traceback.splitlines()[-1] == "ValueError: no <b>"
    assert len(body.failure.traceback.splitlines()) == 6
    assert "The run stopped here." in body.html


def test_papermills_own_banner_is_left_out():
    banner = new_markdown_cell("<span>An Exception</span>")
    banner.metadata["tags"] = ["papermill-error-cell-tag"]
    assert read_body(notebook_of(banner)).html == ""


def test_figures_share_no_id(notebook):
    ids = re.findall(r'\bid="([^"]+)"', read_body(notebook).html)
    assert len(ids) == len(set(ids))


def test_an_image_pasted_into_a_cell_is_shown():
    cell = new_markdown_cell("![A map](attachment:my%20map.png)\n\n![x](attachment:none.png)")
    cell["attachments"] = {"my map.png": {"image/png": "iVBORw0K\nGgo="}}
    html = read_body(notebook_of(cell)).html
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="A map">' in html
    assert "attachment:" not in html


def test_formulas_of_a_cell_are_mathml():
    cell = new_markdown_cell("The ratio $r_1$:\n\n$$\\frac{a}{b}$$\n\nand after.")
    html = read_body(notebook_of(cell)).html
    assert re.search(r'<math [^>]*display="block"[^>]*>.*<mfrac>', html)
    assert re.search(r'<math [^>]*display="inline"[^>]*>.*<msub>', html)
    assert "$" not in html


def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written():
    html = read_body(notebook_of(new_markdown_cell("$$\\frac{a}{<b$$"))).html
    assert "<b" not in html
    assert "frac" in html


def test_a_dollar_of_a_sentence_is_no_formula():
    assert "$5 to $7" in markdown("They bring $5 to $7 each.")
