"""The glossary: complete entries, terms found in every language, existing computed names."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import FrozenInstanceError
from functools import reduce

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from relmark_research.teaching.glossary import LANGUAGES, GlossaryEntry, entries

ENTRIES = entries()
SCRIPTS = {"bg": "CYRILLIC", "fa": "ARABIC", "ja": ("HIRAGANA", "KATAKANA", "CJK")}

# Terms from the description of the domain.
REVIEWED = {
    "relationship marketing": {"bg": "маркетинг на взаимоотношенията", "fa": "بازاریابی رابطه‌ای"},
    "profitability": {"fa": "سودآوری", "ja": "収益性", "nb": "lønnsomhet"},
    "churn": {"fa": "ریزش مشتری"},
    "advocate": {"fa": "مبلغ برند"},
    "frequency": {"bg": "честота на покупката", "ja": "購入の頻度", "fil": "dalas ng pagbili"},
    "conversion funnel": {"ja": "コンバージョンファネル"},
    "data-base marketing": {"nb": "databasemarkedsføring"},
    "trust": {"bg": "доверие", "ja": "信頼", "nb": "tillit"},
}


def ids(entry):
    return entry.concept if isinstance(entry, GlossaryEntry) else None


def test_size_and_order_of_the_glossary():
    lessons = [entry.lesson for entry in ENTRIES]
    assert 60 <= len(ENTRIES) <= 90
    assert lessons == sorted(lessons)
    assert set(lessons) == set(range(1, 13))


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_an_entry_is_one_sentence_and_has_a_term_in_every_language(entry):
    assert re.fullmatch(r"[^.]+\.", entry.definition)
    assert entry.definition[0].isupper()
    assert [term.language for term in entry.terms] == list(LANGUAGES)
    assert all(term.text.strip() == term.text != "" for term in entry.terms)
    assert entry.term("English").text == entry.concept


@pytest.mark.parametrize("entry", ENTRIES, ids=ids)
def test_a_term_is_written_in_its_own_script(entry):
    for code, script in SCRIPTS.items():
        names = [unicodedata.name(letter) for letter in entry.term(code).text if letter.isalpha()]
        own = [name for name in names if name.startswith(script)]
        assert len(own) >= len(names) - 3, names  # RFM stays RFM
    assert all(unicodedata.name(c, "") != "ARABIC LETTER YEH" for c in entry.term("fa").text)


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.computed], ids=ids)
def test_the_computing_name_exists_and_is_public(entry):
    found = reduce(getattr, entry.computed.split("."), rm)
    assert found.__doc__ or not callable(found)
    first, *rest = entry.computed.split(".")
    assert first in rm.__all__
    if first in ("clv", "customers", "economics", "ladder", "relationships"):
        assert rest[0] in getattr(rm, first).__all__


def test_most_concepts_are_computed_somewhere():
    assert sum(bool(entry.computed) for entry in ENTRIES) >= 0.85 * len(ENTRIES)


def test_every_term_of_every_language_finds_its_entry():
    for entry in ENTRIES:
        for term in entry.terms:
            for text in (term.text, *term.others):
                assert rm.glossary(text).concept == entry.concept, text


def test_no_term_means_two_things():
    owners = defaultdict(set)
    for entry in ENTRIES:
        for term in entry.terms:
            for text in (term.text, *term.others):
                owners[text.casefold()].add(entry.concept)
    assert {text: found for text, found in owners.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("term", "concept"),
    [
        ("Recency", "recency"),
        ("t_x", "recency"),
        ("CLV", "customer lifetime value"),
        ("monetary_value", "monetary value"),
        ("first time customer", "first-time customer"),
        ("بازاریابی رابطه ای", "relationship marketing"),  # a space for the half-space
        ("شريك", "partner"),  # with the Arabic letters
        ("リレーションシップマーケティング", "relationship marketing"),
        ("ﾘﾋﾟｰﾀｰ", "repeat customer"),  # half-width
        ("ЛОЯЛНОСТ", "loyalty"),
    ],
)
def test_equivalent_spellings_are_found(term, concept):
    assert rm.glossary(term).concept == concept


def test_an_unknown_term_suggests_the_closest():
    with pytest.raises(ParameterError, match=r"no concept 'recencey' .* did you mean 'recency'"):
        rm.glossary("recencey")
    with pytest.raises(ParameterError, match=r"no concept 'qqq' .*rm\.glossary\(\) lists them"):
        rm.glossary("qqq")
    with pytest.raises(ParameterError, match="a concept is a text"):
        rm.glossary(3)


@pytest.mark.parametrize(("concept", "terms"), REVIEWED.items())
def test_reviewed_terms_are_marked_as_reviewed(concept, terms):
    entry = rm.glossary(concept)
    for code, text in terms.items():
        assert entry.term(code).text == text
        assert not entry.term(code).unreviewed


def test_unreviewed_terms_are_marked_in_every_form():
    entry = rm.glossary("churn")
    assert entry.term("fa").unreviewed is False
    assert entry.term("Japanese").unreviewed is True
    assert repr(entry).count("(unreviewed)") == entry._repr_html_().count("(unreviewed)") == 4
    assert rm.glossary().loc["churn", "unreviewed"] == "bg ja nb fil"


def test_html_has_language_and_direction_and_is_escaped():
    html = rm.glossary("churn")._repr_html_()
    assert '<span lang="fa" dir="rtl">ریزش مشتری</span>' in html
    assert html.count("lang=") == 5
    assert "dir=" not in rm.glossary("churn").term("ja")._repr_html_()
    symbol = rm.glossary("churn rate")._repr_html_()
    assert "<i>1 - r_t</i>" in symbol
    odd = GlossaryEntry("a<b", "Is <it>.", "x", "", 1, ENTRIES[0].terms)
    assert "<it>" not in odd._repr_html_()


def test_an_entry_is_frozen_and_knows_its_languages():
    entry = rm.glossary("recency")
    with pytest.raises(FrozenInstanceError):
        entry.lesson = 3
    with pytest.raises(ParameterError, match="no language 'Finnish'"):
        entry.term("Finnish")


def test_the_whole_glossary_is_a_table():
    table = rm.glossary()
    assert isinstance(table, pd.DataFrame)
    assert table.index.name == "concept"
    assert table.index.is_unique
    columns = ["symbol", "definition", "computed", "lesson", "bg", "fa", "ja", "nb", "fil"]
    assert list(table) == [*columns, "unreviewed"]
    assert len(table) == len(ENTRIES)
