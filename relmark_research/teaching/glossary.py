"""The concepts of relationship marketing: one sentence each, and their names in six languages.

The entries stand in glossary.yml. A term is marked as unreviewed where it is our own translation
and nobody who teaches the subject in that language has read it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, overload

import pandas as pd

from relmark_research.errors import ParameterError, unknown_name

SOURCE = Path(__file__).with_name("glossary.yml")

LANGUAGES = {
    "en": "English",
    "bg": "Bulgarian",
    "fa": "Persian",
    "ja": "Japanese",
    "nb": "Norwegian",
    "fil": "Filipino",
}
"""Codes of the languages (BCP 47), in the order in which they are shown."""

RIGHT_TO_LEFT = frozenset({"fa"})

# Written apart or together, with the Arabic or the Persian letter: the same word to a reader.
_SAME = str.maketrans({"\u200c": " ", "-": " ", "_": " ", "・": " ", "ي": "ی", "ك": "ک"})


@dataclass(frozen=True)
class Term:
    """What a concept is called in one language.

    Parameters
    ----------
    language
        Code of the language, one of `LANGUAGES`.
    text
        The term.
    others
        Other terms for it in the same language.
    unreviewed
        Whether it is our own translation, which nobody who teaches the subject has read.
    """

    language: str
    text: str
    others: tuple[str, ...] = ()
    unreviewed: bool = False

    def _repr_html_(self) -> str:
        """Return the term in its language and direction."""
        direction = ' dir="rtl"' if self.language in RIGHT_TO_LEFT else ""
        return f'<span lang="{self.language}"{direction}>{escape(self.text)}</span>'


@dataclass(frozen=True, repr=False)
class GlossaryEntry:
    """A concept: its symbol, its definition, where it is computed, and its names.

    Parameters
    ----------
    concept
        The English term.
    definition
        One sentence.
    symbol
        As formulas write it; empty where there is none.
    computed
        Public name that computes it, as it is called after ``import relmark_research as rm``;
        empty where nothing does.
    lesson
        Number of the lesson that explains it, 1 to 12.
    terms
        One term per language, English first.
    """

    concept: str
    definition: str
    symbol: str
    computed: str
    lesson: int
    terms: tuple[Term, ...]

    def term(self, language: str) -> Term:
        """Return the term in a language, given by its code or its English name.

        Raises
        ------
        ParameterError
            If there are no terms in that language.
        """
        codes = {name.lower(): code for code, name in LANGUAGES.items()}
        wanted = codes.get(language.lower(), language)
        for term in self.terms:
            if term.language == wanted:
                return term
        raise ParameterError(unknown_name("language", language, LANGUAGES))

    def __repr__(self) -> str:
        """Return the entry in a few lines of text."""
        head = f"{self.concept}, {self.symbol}" if self.symbol else self.concept
        lines = [head, f"    {self.definition}", f"    {self._where()}"]
        for term in self.terms[1:]:
            mark = "  (unreviewed)" if term.unreviewed else ""
            lines.append(f"    {LANGUAGES[term.language]}: {term.text}{mark}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the entry as HTML, every term in its language and direction."""
        symbol = f", <i>{escape(self.symbol)}</i>" if self.symbol else ""
        items = "".join(
            f"<li>{LANGUAGES[term.language]}: {term._repr_html_()}"
            f"{' <small>(unreviewed)</small>' if term.unreviewed else ''}</li>"
            for term in self.terms[1:]
        )
        return (
            f"<div><p><b>{escape(self.concept)}</b>{symbol}<br>{escape(self.definition)}</p>"
            f"<p>{escape(self._where())}</p><ul>{items}</ul></div>"
        )

    def _where(self) -> str:
        computed = f"rm.{self.computed}, " if self.computed else ""
        return f"{computed}lesson {self.lesson}"


@overload
def glossary(concept: None = None) -> pd.DataFrame: ...


@overload
def glossary(concept: str) -> GlossaryEntry: ...


def glossary(concept: str | None = None) -> GlossaryEntry | pd.DataFrame:
    """Look up a concept by its name in any of six languages, or give the whole glossary.

    Parameters
    ----------
    concept
        A term in English, Bulgarian, Persian, Japanese, Norwegian or Filipino, or a symbol such as
        ``"t_x"``; capitals, spaces and hyphens do not matter. None: all concepts.

    Returns
    -------
    GlossaryEntry or DataFrame
        The entry; or a table with index concept, and symbol, definition, computed, lesson, a
        column of terms per language (bg, fa, ja, nb, fil) and unreviewed, the codes of the
        languages whose term is our own translation.

    Raises
    ------
    ParameterError
        If no entry has that name; the sentence says which is nearest.

    Examples
    --------
    >>> import relmark_research as rm
    >>> rm.glossary("churn")
    churn
        Customers' leaving; its rate is the share of those at risk who leave in a period.
        rm.retention_curve, lesson 3
        Bulgarian: отлив на клиенти  (unreviewed)
        Persian: ریزش مشتری
        Japanese: 顧客離れ  (unreviewed)
        Norwegian: kundefrafall  (unreviewed)
        Filipino: pag-alis ng mga kostumer  (unreviewed)
    >>> rm.glossary("lønnsomhet").concept
    'profitability'
    >>> rm.glossary().loc["recency", "symbol"]
    't_x'
    """
    if concept is None:
        return _table()
    known = _names()
    found = known.get(_plain(concept)) if isinstance(concept, str) else None
    if found is None:
        raise ParameterError(_unknown(concept))
    return found


@functools.cache
def entries() -> tuple[GlossaryEntry, ...]:
    """Return all entries, in the order of the lessons."""
    import yaml

    read = yaml.safe_load(SOURCE.read_text("utf-8"))["concepts"]
    return tuple(_entry(each) for each in read)


def _entry(fields: Mapping[str, Any]) -> GlossaryEntry:
    named = {"en": [fields["concept"], *fields.get("also", ())]}
    named |= {code: _listed(fields[code]) for code in LANGUAGES if code != "en"}
    given = {"en", *fields.get("given", ())}
    return GlossaryEntry(
        concept=fields["concept"],
        definition=fields["definition"],
        symbol=fields.get("symbol", ""),
        computed=fields.get("computed", ""),
        lesson=fields["lesson"],
        terms=tuple(
            Term(code, texts[0], tuple(texts[1:]), unreviewed=code not in given)
            for code, texts in named.items()
        ),
    )


def _listed(terms: str | list[str]) -> list[str]:
    return [terms] if isinstance(terms, str) else terms


@functools.cache
def _names() -> dict[str, GlossaryEntry]:
    """Every spelling under which an entry is found; a term comes before a symbol."""
    terms = {_plain(text): entry for entry in entries() for text in _spellings(entry)}
    symbols = {_plain(entry.symbol): entry for entry in entries() if entry.symbol}
    return symbols | terms


def _spellings(entry: GlossaryEntry) -> Iterator[str]:
    for term in entry.terms:
        yield term.text
        yield from term.others


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().translate(_SAME).split())


def _unknown(concept: object) -> str:
    """Say what was looked for and which entries are nearest, not all eighty of them."""
    from difflib import get_close_matches

    if not isinstance(concept, str):
        return f"a concept is a text such as 'recency'; found {concept!r}."
    near = get_close_matches(_plain(concept), list(_names()), n=3, cutoff=0.5)
    concepts = dict.fromkeys(_names()[name].concept for name in near)
    hint = f"did you mean {' or '.join(map(repr, concepts))}? " if concepts else ""
    return (
        f"no concept {concept!r} among the {len(entries())} of the glossary; "
        f"{hint}rm.glossary() lists them all."
    )


def _table() -> pd.DataFrame:
    rows = [
        {
            "concept": entry.concept,
            "symbol": entry.symbol,
            "definition": entry.definition,
            "computed": entry.computed,
            "lesson": entry.lesson,
            **{term.language: term.text for term in entry.terms[1:]},
            "unreviewed": " ".join(term.language for term in entry.terms if term.unreviewed),
        }
        for entry in entries()
    ]
    return pd.DataFrame(rows).set_index("concept")
