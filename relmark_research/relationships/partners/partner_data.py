"""Partners of a firm: their records and their answers to a survey.

Relationship marketing distinguishes four constituencies: customers, employees, marketing partners
(suppliers, distributors, agencies) and the financial community. In the supply chain it studies the
dyads of the firm with supplier, distributor and end customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, check_level, first_rows, unknown_name
from relmark_research.relationships.partners.scales import (
    PARTNER_SCALES,
    Scale,
    check_keying,
    reverse_scored,
)
from relmark_research.stats.intervals import t_quantile
from relmark_research.tables.pseudonyms import pseudonyms
from relmark_research.tables.read_table import open_table
from relmark_research.tables.schemas import PARTNERS, SURVEY, Column, Schema
from relmark_research.units import Day, as_date

CONSTITUENCIES = {
    "customer": "customers", "end customer": "customers",
    "employee": "employees",
    "supplier": "marketing partners", "distributor": "marketing partners",
    "agency": "marketing partners", "dealer": "marketing partners",
    "investor": "financial community", "bank": "financial community",
    "analyst": "financial community",
}  # fmt: skip
"""Constituency by kind of partner."""
DYADS = {
    "supplier": "supplier", "distributor": "distributor", "dealer": "distributor",
    "customer": "end customer", "end customer": "end customer",
}  # fmt: skip
"""Dyad of the supply chain by kind of partner; other kinds are in none."""
TIES = ("social_tie", "economic_tie", "technical_tie")
POSITIVE = ("response_time_days", "transaction_cost")
NO_KIND = "partner"
"""Kind of all partners where the records name none."""
COUNTED = ("transactions_per_year", "commitment_years", "guarantees", *TIES)


@dataclass(frozen=True, repr=False)
class PartnerData:
    """Partner records and survey answers, checked.

    Attributes
    ----------
    records
        Index partner_id (text): constituency (the kind of partner), group (one of the four
        constituencies), dyad, name, and the measures of the record.
    answers
        One row per questionnaire: partner_id, date, and the items, reverse-scored where reversed.
    composites
        Mean of the items by questionnaire and scale, in points; missing where an item is.
    scales
        The scales of the survey.
    notes
        What was left out or noticed, in sentences.
    """

    records: pd.DataFrame
    answers: pd.DataFrame
    composites: pd.DataFrame
    scales: tuple[Scale, ...]
    notes: tuple[str, ...]

    def pseudonymous(self) -> PartnerData:
        """Return the same partners with pseudonyms in place of names and ids."""
        hidden = dict(zip(self.records.index, pseudonyms(self.records.index), strict=True))
        records = self.records.rename(index=hidden).drop(columns="name")
        records.insert(0, "name", records.index)
        answers = self.answers.assign(partner_id=self.answers["partner_id"].map(hidden))
        return replace(self, records=records.rename_axis("partner_id"), answers=answers)

    def _rows(self) -> dict[str, object]:
        return {
            "partners": len(self.records),
            "kinds": self.records["constituency"].nunique(),
            "questionnaires": len(self.answers),
            "scales": ", ".join(scale.name for scale in self.scales),
        }

    def __repr__(self) -> str:
        return one_line("PartnerData", self._rows())

    def _repr_html_(self) -> str:
        return html_table("Partners and their survey", self._rows())


def read_partners(
    partners: Any | None,
    survey: Any | None,
    *,
    scales: Sequence[Scale] = PARTNER_SCALES,
    kinds: Mapping[str, str] | None = None,
    as_of: Day | None = None,
) -> PartnerData:
    """Return the partners with their answers, after all checks.

    Parameters
    ----------
    partners
        One row per partner: partner_id, constituency (kind of partner), commitment_years (length
        of the agreement), guarantees (number), social_tie, economic_tie, technical_tie (strength),
        response_time_days (days to answer an offer, > 0), transaction_cost (money per transaction,
        > 0), transactions_per_year, name; only partner_id is needed, and what lacks is left out.
        None takes the partners of the survey, without a record.
    survey
        One row per questionnaire: partner_id, date, and the items of the scales; None: no survey.
    scales
        The scales of the survey, with their reversed items.
    kinds
        Constituency by kind of partner. None groups the usual kinds (`CONSTITUENCIES`); others are
        groups of their own.
    as_of
        Last day of answers to use; None for all.

    Raises
    ------
    DataError
        If there is neither table, an id is missing or repeated, a measure is missing, negative or
        (cost, time) zero, a kind is not among ``kinds``, a partner of the survey is not in the
        records, an answer is outside its scale, an item is constant, or an item is miskeyed.

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> data.records["group"].value_counts().to_dict()
    {'marketing partners': 68, 'employees': 14, 'financial community': 10}
    """
    if survey is None:
        return _without_survey(partners, kinds)
    sheets = open_table(survey, _survey_schema(scales)).reset_index(drop=True)
    found = sheets[["partner_id"]].drop_duplicates() if partners is None else partners
    records = _records(found, kinds)
    _check_known(sheets["partner_id"], records.index)
    if as_of is not None:
        sheets = sheets[sheets["date"] <= pd.Timestamp(as_date(as_of, name="as_of"))]
    if sheets.empty:
        raise DataError("the survey: found no answers in the period. Check the dates, or as_of.")
    items = reverse_scored(sheets, scales)
    check_keying(sheets, scales)
    composites = pd.DataFrame(
        {scale.name: items[list(scale.items)].mean(axis=1, skipna=False) for scale in scales}
    )
    answers = sheets[["partner_id", "date"]].join(items)
    notes = _notes(records, sheets, items, composites, scales)
    return PartnerData(records, answers, composites, tuple(scales), notes)


def _survey_schema(scales: Sequence[Scale]) -> Schema:
    """Return the schema of a survey with these scales, whose answers are checked with them."""
    own = tuple(column for column in SURVEY.columns if column.type in ("id", "date"))
    items = [Column(item, "number", "an answer") for scale in scales for item in scale.items]
    return replace(SURVEY, columns=own).with_columns(items)


def _without_survey(partners: Any, kinds: Mapping[str, str] | None) -> PartnerData:
    if partners is None:
        raise DataError("expected a table of partners, a survey of them, or both; found neither.")
    records = _records(partners, kinds)
    answers = pd.DataFrame({"partner_id": [], "date": []})
    notes = (f"{len(records):,} partners, without a survey",)
    return PartnerData(records, answers, pd.DataFrame(), (), notes)


def _records(partners: Any, kinds: Mapping[str, str] | None) -> pd.DataFrame:
    partners = open_table(partners, PARTNERS.relaxed().requiring("partner_id"))
    present = [name for name in ("constituency", *POSITIVE, *COUNTED) if name in partners]
    partners = open_table(partners, PARTNERS.requiring(*present))
    if "constituency" not in partners:
        partners = partners.assign(constituency=NO_KIND)
    kind, ids = partners["constituency"], partners["partner_id"]
    wrong = [] if kinds is None else [each for each in kind.unique() if each not in kinds]
    if kinds is not None and wrong:
        words = unknown_name("kind of partner", wrong[0], kinds)
        raise DataError(f"the partners: {words} Rename it, or give kinds=.")
    names = partners["name"].fillna(ids) if "name" in partners else ids
    measures = [name for name in (*POSITIVE, *COUNTED) if name in partners]
    table = partners.assign(
        **{name: partners[name].astype(float) for name in measures},
        name=names.astype(str),
        group=kind.map(dict(CONSTITUENCIES if kinds is None else kinds)).fillna(kind),
        dyad=kind.map(DYADS),
    )
    return table.set_index("partner_id")


def _check_known(ids: pd.Series, known: pd.Index) -> None:
    wrong = ~ids.isin(known)
    if wrong.any():
        raise DataError(
            "the survey: expected answers of partners in the records; found "
            f"{ids[wrong].nunique():,} others in {wrong.sum():,} rows, first "
            f"{first_rows(wrong, ids)}. Add "
            "them to the records, or remove their answers."
        )


def _notes(
    records: pd.DataFrame,
    sheets: pd.DataFrame,
    items: pd.DataFrame,
    composites: pd.DataFrame,
    scales: Sequence[Scale],
) -> tuple[str, ...]:
    nonrespondents = int((~records.index.isin(sheets["partner_id"])).sum())
    incomplete = int(composites.isna().any(axis=1).sum())
    raw = sheets[list(items)].apply(pd.to_numeric)
    uniform = int(((raw.max(axis=1) == raw.min(axis=1)) & raw.notna().all(axis=1)).sum())
    notes = [f"{len(sheets):,} answer sheets of {sheets['partner_id'].nunique():,} partners"]
    if reverse := [item for scale in scales for item in scale.reversed_items]:
        notes.append(f"turned as reversed: {', '.join(reverse)}")
    if nonrespondents:
        notes.append(f"{nonrespondents:,} partners did not answer and are scored at the mean")
    if incomplete:
        notes.append(f"{incomplete:,} sheets lack an item; the scales concerned leave them out")
    if uniform and any(scale.reversed_items for scale in scales):
        notes.append(f"{uniform:,} sheets give every item the same answer, reversed ones included")
    return tuple(notes)


def partner_summary(
    data: PartnerData, *, by: str = "constituency", level: float = 0.95
) -> pd.DataFrame:
    """Return response time, cost, commitments and ties by kind of partner.

    Parameters
    ----------
    data
        Partners and their survey.
    by
        ``"constituency"`` (the kind of partner), ``"group"`` (the four constituencies), ``"dyad"``,
        or another column of the records.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    DataFrame
        Row per kind: partners, transactions (per year), annual_cost (sum of transactions x cost),
        then with _low and _high (Student's t; missing for a single partner) response_days and
        transaction_cost (geometric means), commitment_years, guarantees, social_tie, economic_tie,
        technical_tie (means); those of which the records have the columns.

    Raises
    ------
    DataError
        If there is no such column, or it is empty.

    Examples
    --------
    >>> import relmark_research as rm
    >>> partners, survey = rm.load_sample("partners"), rm.load_sample("partner_survey")
    >>> data = rm.relationships.read_partners(partners, survey)
    >>> partner_summary(data).set_index("constituency")["response_days"].round(1).to_dict()
    {'agency': 4.1, 'distributor': 2.3, 'employee': 1.4, 'investor': 8.2, 'supplier': 3.3}
    """
    check_level(level)
    if by not in data.records:
        raise DataError(unknown_name("column", by, data.records.columns))
    rows = [
        {by: name, **_summary_row(group, level)}
        for name, group in data.records.groupby(by, sort=True, observed=True)
    ]
    if not rows:
        raise DataError(f"no partner has a value in {by}; choose another column of the records.")
    return pd.DataFrame(rows)


def _summary_row(group: pd.DataFrame, level: float) -> dict[str, float]:
    row: dict[str, float] = {"partners": len(group)}
    if "transactions_per_year" in group:
        row["transactions"] = float(group["transactions_per_year"].sum())
    if {"transactions_per_year", "transaction_cost"} <= set(group):
        annual_cost = group["transactions_per_year"] * group["transaction_cost"]
        row["annual_cost"] = float(annual_cost.sum())
    names = {"response_time_days": "response_days"}
    measures = (*POSITIVE, "commitment_years", "guarantees", *TIES)
    for column in [name for name in measures if name in group]:
        values, name = group[column].to_numpy(), names.get(column, column)
        ends = _mean_interval(np.log(values) if column in POSITIVE else values, level)
        ends = np.exp(ends) if column in POSITIVE else ends
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), map(float, ends), strict=True))
    return row


def _mean_interval(values: np.ndarray, level: float) -> np.ndarray:
    n, mean = len(values), values.mean()
    if n < 2:
        return np.array([mean, np.nan, np.nan])
    reach = t_quantile(level, n - 1) * values.std(ddof=1) / np.sqrt(n)
    return np.array([mean, mean - reach, mean + reach])
