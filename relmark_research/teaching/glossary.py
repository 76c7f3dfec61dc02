"""The glossary of relationship marketing: definitions, and terms in six languages.

The entries are stored in glossary.yml. A term is marked as unreviewed if it is our own translation
and no teacher of the subject in that language has reviewed it.
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
"""Codes of the languages (BCP 47), in display order."""

RIGHT_TO_LEFT = frozenset({"fa"})

# spacing, hyphens, and Arabic instead of Persian letters make no difference
_EQUIVALENT = str.maketrans({"\u200c": " ", "-": " ", "_": " ", "・": " ", "ي": "ی", "ك": "ک"})


@dataclass(frozen=True)
class Term:
    """The term for a concept in one language.

    Parameters
    ----------
    language
        Code of the language, one of `LANGUAGES`.
    text
        The term.
    others
        Other terms for it in the same language.
    unreviewed
        Whether it is our own translation that no teacher of the subject has reviewed.
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
    """A concept: its symbol, its definition, the function that computes it, and its terms.

    Parameters
    ----------
    concept
        The English term.
    definition
        One sentence.
    symbol
        Symbol in formulas; empty if there is none.
    computed
        Public name that computes it, after ``import relmark_research as rm``; empty if there is
        none.
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
        """Return the term in a language.

        Parameters
        ----------
        language
            Code or English name of the language.

        Raises
        ------
        ParameterError
            The glossary does not have the language.
        """
        codes = {name.lower(): code for code, name in LANGUAGES.items()}
        code = codes.get(language.lower(), language)
        for term in self.terms:
            if term.language == code:
                return term
        raise ParameterError(unknown_name("language", language, LANGUAGES))

    def __repr__(self) -> str:
        """Return the entry in a few lines of text."""
        head = f"{self.concept}, {self.symbol}" if self.symbol else self.concept
        lines = [head, f"    {self.definition}", f"    {self._location()}"]
        for term in self.terms[1:]:
            mark = "  (unreviewed)" if term.unreviewed else ""
            lines.append(f"    {LANGUAGES[term.language]}: {term.text}{mark}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the entry as HTML with the language and the direction of every term."""
        symbol = f", <i>{escape(self.symbol)}</i>" if self.symbol else ""
        items = "".join(
            f"<li>{LANGUAGES[term.language]}: {term._repr_html_()}"
            f"{' <small>(unreviewed)</small>' if term.unreviewed else ''}</li>"
            for term in self.terms[1:]
        )
        return (
            f"<div><p><b>{escape(self.concept)}</b>{symbol}<br>{escape(self.definition)}</p>"
            f"<p>{escape(self._location())}</p><ul>{items}</ul></div>"
        )

    def _location(self) -> str:
        computed = f"rm.{self.computed}, " if self.computed else ""
        return f"{computed}lesson {self.lesson}"


@overload
def glossary(concept: None = None) -> pd.DataFrame: ...


@overload
def glossary(concept: str) -> GlossaryEntry: ...


def glossary(concept: str | None = None) -> GlossaryEntry | pd.DataFrame:
    """Return a concept by its term in any of six languages, or the whole glossary.

    Parameters
    ----------
    concept
        A term in English, Bulgarian, Persian, Japanese, Norwegian or Filipino, or a symbol such as
        ``"t_x"``; case, spaces and hyphens do not matter. None returns all concepts.

    Returns
    -------
    GlossaryEntry or DataFrame
        The entry; or a table with index concept, and symbol, definition, computed, lesson, a
        column of terms per language (bg, fa, ja, nb, fil) and unreviewed, the codes of the
        languages whose term is our own translation.

    Raises
    ------
    ParameterError
        No entry has that term; the message suggests the closest.

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
    entry = _by_term().get(_normalised(concept)) if isinstance(concept, str) else None
    if entry is None:
        raise ParameterError(_unknown_concept(concept))
    return entry


@functools.cache
def entries() -> tuple[GlossaryEntry, ...]:
    """Return all entries, in the order of the lessons."""
    import yaml

    concepts = yaml.safe_load(SOURCE.read_text("utf-8"))["concepts"]
    return tuple(_entry(each) for each in concepts)


def _entry(fields: Mapping[str, Any]) -> GlossaryEntry:
    terms = {"en": [fields["concept"], *fields.get("also", ())]}
    terms |= {code: _as_list(fields[code]) for code in LANGUAGES if code != "en"}
    reviewed = {"en", *fields.get("reviewed", ())}
    return GlossaryEntry(
        concept=fields["concept"],
        definition=fields["definition"],
        symbol=fields.get("symbol", ""),
        computed=fields.get("computed", ""),
        lesson=fields["lesson"],
        terms=tuple(
            Term(code, texts[0], tuple(texts[1:]), unreviewed=code not in reviewed)
            for code, texts in terms.items()
        ),
    )


def _as_list(terms: str | list[str]) -> list[str]:
    return [terms] if isinstance(terms, str) else terms


@functools.cache
def _by_term() -> dict[str, GlossaryEntry]:
    """Return the entries by normalised term and symbol; a term has priority over a symbol."""
    terms = {_normalised(text): entry for entry in entries() for text in _all_terms(entry)}
    symbols = {_normalised(entry.symbol): entry for entry in entries() if entry.symbol}
    return symbols | terms


def _all_terms(entry: GlossaryEntry) -> Iterator[str]:
    for term in entry.terms:
        yield term.text
        yield from term.others


def _normalised(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().translate(_EQUIVALENT).split())


def _unknown_concept(concept: object) -> str:
    """Return an error message with the closest entries."""
    from difflib import get_close_matches

    if not isinstance(concept, str):
        return f"a concept is a text such as 'recency'; found {concept!r}."
    near = get_close_matches(_normalised(concept), list(_by_term()), n=3, cutoff=0.5)
    concepts = dict.fromkeys(_by_term()[term].concept for term in near)
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
