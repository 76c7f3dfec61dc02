"""Record linkage: ids that share an e-mail address, a phone or a loyalty number are one person.

Ids are the nodes of a graph, a shared identifier is an edge, and a person is a connected component.
Identifiers are normalised first. An identifier that too many ids share (a shop's own telephone,
none@example.com) makes no link, and the audit counts its ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables.given_tables import frame_of_source
from relmark_research.tables.pseudonyms import has_key, pseudonyms
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column

if TYPE_CHECKING:
    import ibis.expr.types as ir

KINDS = ("email", "phone", "loyalty")


@dataclass(frozen=True, repr=False)
class CustomerLinks:
    """The person to whom each id belongs.

    Attributes
    ----------
    people
        Series: customer_id -> person, the first of the person's ids in sorted order.
    audit
        Row per kind of identifier: check, rows, action, examples; ids in it are pseudonyms.
    merged
        Row per person with several ids: person, ids (their number), by (the linking columns).
    """

    people: pd.Series
    audit: pd.DataFrame
    merged: pd.DataFrame

    def apply(self, customer_ids: pd.Series) -> pd.Series:
        """Return the person of each id, or the id itself where it is unknown."""
        text = read_values(customer_ids, Column("customer_id", "id", "the customer"))
        return text.map(self.people).fillna(text).rename(str(customer_ids.name))

    def __repr__(self) -> str:
        return one_line("CustomerLinks", self._facts())

    def _repr_html_(self) -> str:
        return html_table("Linked customers", self._facts())

    def _facts(self) -> dict[str, object]:
        return {
            "ids": len(self.people),
            "people": int(self.people.nunique()),
            "people with several ids": len(self.merged),
        }


def with_person_ids(rows: ir.Table, links: CustomerLinks) -> ir.Table:
    """Return a log's rows, lazily, with each id replaced by that of its person."""
    import ibis

    people = links.people.rename("person").rename_axis("customer_id").reset_index()
    joined = rows.left_join(ibis.memtable(people), "customer_id")
    own = [name for name in rows.columns if name not in ("customer_id", "key")]
    return joined.select(*own, customer_id=joined.person.fill_null(joined.customer_id))


def link_customers(
    table: pd.DataFrame,
    *,
    customer: str = "customer_id",
    identifiers: Mapping[str, str] | None = None,
    country: str | None = None,
    max_ids: int = 10,
) -> CustomerLinks:
    """Link the ids that share an identifier.

    Parameters
    ----------
    table
        Rows of a CRM; an id may have several rows.
    customer
        Column of the id, read as text.
    identifiers
        Column to kind: ``"email"``, ``"phone"`` or ``"loyalty"``; None takes the columns of these
        names.
    country
        Calling code such as ``"359"`` for phone numbers that begin with a single 0; None leaves
        them unchanged.
    max_ids
        An identifier shared by more ids than this makes no link; a whole number > 1.

    Returns
    -------
    CustomerLinks
        The person of each id, and the audit of the links.

    Raises
    ------
    DataError
        Where a column is missing or there is no identifier.
    ParameterError
        Where a kind is unknown.

    Examples
    --------
    >>> crm = pd.DataFrame({
    ...     "customer_id": ["007", "12", "31", "40"],
    ...     "email": ["J.Bond@Mi6.uk", " j.bond@mi6.uk ", None, "m@mi6.uk"],
    ...     "phone": [None, "+44 20 7930 9007", "0044 (0)20 7930 9007", "1"],
    ... })
    >>> link_customers(crm).people.to_dict()
    {'007': '007', '12': '007', '31': '007', '40': '40'}
    """
    table = frame_of_source(table, "customers")
    kinds = _identifier_kinds(table, customer, identifiers, max_ids)
    table = read_columns(table, dict.fromkeys((customer, *kinds), "id"), name="customers")
    ids = table[customer]
    names = pd.Index(sorted(ids.dropna().unique()))
    found = [
        _links(ids, _NORMALISE[kind](table[column], country), column, max_ids)
        for column, kind in kinds.items()
    ]
    pairs = pd.concat([pairs for pairs, _ in found], ignore_index=True)
    people = _components(names, pairs)
    audit = pd.DataFrame([line for _, lines in found for line in lines])
    return CustomerLinks(people, audit, _merged(people, pairs))


def normalise_email(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return e-mail addresses in lower case, missing where there is no valid one."""
    text = values.astype("string").str.strip().str.lower().str.removeprefix("mailto:")
    return text.where(text.str.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", na=False))


def normalise_phone(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return phone numbers as digits with the calling code, missing below seven digits."""
    text = values.astype("string").str.strip().str.replace("(0)", "", regex=False)
    digits = text.str.replace(r"[^0-9]", "", regex=True)
    international = text.str.startswith("+", na=False) | digits.str.startswith("00", na=False)
    if country is not None:
        national = digits.str.startswith("0", na=False) & ~international
        digits = digits.mask(national, country + digits.str.lstrip("0"))
    digits = digits.mask(international, digits.str.lstrip("0"))
    return digits.where(digits.str.fullmatch(r"[0-9]{7,15}", na=False))


def normalise_loyalty(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return loyalty numbers in upper case without spaces and punctuation, missing where blank."""
    text = values.astype("string").str.upper().str.replace(r"[^0-9A-Z]", "", regex=True)
    return text.where(text.str.fullmatch(r"(?!0+$).{3,}", na=False))


_NORMALISE = {"email": normalise_email, "phone": normalise_phone, "loyalty": normalise_loyalty}


def _identifier_kinds(
    table: pd.DataFrame, customer: str, identifiers: Mapping[str, str] | None, max_ids: int
) -> dict[str, str]:
    if identifiers is None:
        identifiers = {name: name for name in KINDS if name in table.columns}
    for name in (customer, *identifiers):
        if name not in table.columns:
            raise DataError(unknown_name("column", name, table.columns))
    for kind in identifiers.values():
        if kind not in KINDS:
            raise ParameterError(unknown_name("kind of identifier", kind, KINDS))
    if not identifiers:
        raise DataError(
            f"expected an identifier to link by; found no column {', '.join(KINDS)}. "
            "Give the columns and their kinds: identifiers={'Mail': 'email'}."
        )
    if max_ids < 2:
        raise ParameterError(f"max_ids must be 2 or more; found {max_ids!r}.")
    return dict(identifiers)


def _links(
    ids: pd.Series, normal: pd.Series, column: str, max_ids: int
) -> tuple[pd.DataFrame, list[dict]]:
    """Return the pairs that an identifier links (first id, other id, by) and its audit lines."""
    known = pd.DataFrame({"id": ids, "value": normal}).dropna().drop_duplicates()
    sizes = known.groupby("value")["id"].transform("size")
    linking = known[(sizes > 1) & (sizes <= max_ids)].sort_values(["value", "id"])
    first = linking.groupby("value")["id"].transform("first")
    pairs = pd.DataFrame({"first": first, "other": linking["id"], "by": column})
    pairs = pairs[pairs["first"] != pairs["other"]]
    overshared = known[sizes > max_ids]
    lines = [
        _line(f"{column}: blank or invalid", int(normal.isna().sum()), "no link"),
        _line(f"{column}: ids linked to another", len(pairs), "one person", pairs["other"]),
        _line(
            f"{column}: ids whose value more than {max_ids} share", len(overshared), "no link",
            overshared["id"],
        ),
    ]  # fmt: skip
    return pairs, lines


def _line(check: str, rows: int, action: str, ids: pd.Series | None = None) -> dict:
    shown = "" if ids is None or not has_key() else ", ".join(pseudonyms(ids.head(3)))
    return {"check": check, "rows": rows, "action": action, "examples": shown}


def _components(names: pd.Index, pairs: pd.DataFrame) -> pd.Series:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(names)
    first, other = (names.get_indexer(pd.Index(pairs[side])) for side in ("first", "other"))
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (first, other)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    person = pd.Series(names).groupby(label).transform("first")  # names are sorted
    return pd.Series(person.astype(str).to_numpy(), index=names.astype(str), name="person")


def _merged(people: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    linked = pairs.assign(person=pairs["other"].astype(str).map(people))
    by = linked.groupby("person")["by"].agg(lambda found: ", ".join(sorted(set(found))))
    ids = people.value_counts()
    table = pd.DataFrame({"ids": ids[ids > 1]}).rename_axis("person").join(by.rename("by"))
    return table.reset_index().sort_values(["ids", "person"], ascending=[False, True])
