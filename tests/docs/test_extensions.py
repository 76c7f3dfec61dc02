"""The site's own parts: formulas, lessons as pages, names and where they are documented."""

import importlib
import sys
from pathlib import Path

import pytest

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_ext"

pytest.importorskip("sphinx", reason="the site's packages are missing; `make docs` adds them")


@pytest.fixture(scope="module")
def part():
    """Import one of the site's parts by its name."""
    sys.path.insert(0, str(EXTENSIONS))
    yield importlib.import_module
    sys.path.remove(str(EXTENSIONS))


def test_a_formula_becomes_mathml_and_keeps_its_source(part):
    from docutils import nodes

    drawn = part("mathml")._mathml(nodes.math("", r"\Gamma(r) < 1"), "inline")
    assert drawn.startswith("<math ")
    assert r'alttext="\Gamma(r) &lt; 1"' in drawn
    assert '<mi mathvariant="normal">&#x00393;</mi>' in drawn


def test_lines_of_a_formula_are_aligned(part):
    from docutils import nodes

    source = r"\begin{aligned} a &= b \\ c &= d \end{aligned}"
    drawn = part("mathml")._mathml(nodes.math_block("", source), "block")
    assert drawn.count("<mtr>") == 2
    assert "<mi>&</mi>" not in drawn


def test_solutions_and_hints_of_a_lesson_are_folded(part):
    cells = [
        {"cell_type": "code", "metadata": {"tags": ["solution"]}, "source": "x = 1"},
        {"cell_type": "code", "metadata": {"tags": ["check"]}, "source": "check('1.1', x)"},
        {"cell_type": "markdown", "metadata": {"tags": ["hint"]}, "source": "Think."},
        {
            "cell_type": "markdown",
            "metadata": {"tags": ["hint"]},
            "source": "<details>Think.</details>",
        },
    ]
    page = part("lessons")._page({"cells": cells})["cells"]
    assert "hide-cell" in page[0]["metadata"]["tags"]
    assert page[0]["metadata"]["mystnb"]["code_prompt_show"] == "Solution"
    assert page[1]["metadata"]["tags"] == ["check"]
    assert page[2]["source"].startswith("<details><summary>Hint</summary>")
    assert page[3]["source"] == "<details>Think.</details>"


@pytest.mark.parametrize(
    ("source", "hidden"),
    [("say(f'{x}')", True), ("x = 1\nsay(f'{x}')", False), ("figure(ax)", False), ("", False)],
)
def test_code_that_only_speaks_is_not_shown(part, source, hidden):
    cell = {"cell_type": "code", "metadata": {"tags": ["call"]}, "source": source}
    tags = part("lessons")._page({"cells": [cell]})["cells"][0]["metadata"]["tags"]
    assert ("remove-input" in tags) is hidden


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("forecast", "relmark_research.forecast"),
        ("tier_table", "relmark_research.economics.tier_table"),
        ("clv.PurchaseModel", "relmark_research.clv.PurchaseModel"),
    ],
)
def test_a_name_is_documented_at_its_shortest_public_path(part, name, path):
    assert part("pages").path_of(name) == path


def test_an_inherited_method_is_documented_with_the_class_that_has_it(part):
    pages = part("pages")
    inherited = "relmark_research.BGNBD.conditional_expected_purchases"
    assert pages.canonical(inherited).startswith("relmark_research.clv.PurchaseModel.")
    assert pages.canonical("relmark_research.BGNBD.p_alive") == "relmark_research.BGNBD.p_alive"


def test_every_result_has_a_public_name_of_its_own(part):
    names = part("public_names")
    public = [names.path_of(name) for folder in names._packages() for name in folder.__all__]
    assert [path for path in public if names.results_of(path)] == []
