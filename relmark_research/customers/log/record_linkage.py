"""Identification beyond an id column: ids that share an e-mail, a phone or a card are one person.

Ids are the nodes of a graph, each shared identifier joins them, and a person is a connected
component. Identifiers are normalised first; one that too many ids share (a shop's own telephone,
none@example.com) joins nobody, and the audit says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.tables.pseudonyms import pseudonyms

if TYPE_CHECKING:
    import ibis.expr.types as ir

KINDS = ("email", "phone", "loyalty")


@dataclass(frozen=True)
class CustomerLinks:
    """Which ids are one person.

    Attributes
    ----------
    people
        Series: customer_id -> person, the least of the person's ids.
    audit
        Row per kind of identifier: check, rows, action, examples; ids in it are pseudonyms.
    merged
        Row per person of several ids: person, ids (how many), by (what joined them).
    """

    people: pd.Series
    audit: pd.DataFrame
    merged: pd.DataFrame

    def apply(self, customer_ids: pd.Series) -> pd.Series:
        """Return the person of each id, the id itself where it is not known."""
        text = customer_ids.astype(str)
        return text.map(self.people).fillna(text).rename(str(customer_ids.name))


def people_of(rows: ir.Table, links: CustomerLinks) -> ir.Table:
    """Return a log's rows, lazily, with the ids of one person made one."""
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
    most: int = 10,
) -> CustomerLinks:
    """Join the ids that share an identifier.

    Parameters
    ----------
    table
        Rows of a CRM; an id may have several.
    customer
        Column with the id, read as text.
    identifiers
        Column to kind: ``"email"``, ``"phone"`` or ``"loyalty"``; None takes the columns of these
        names.
    country
        Calling code such as ``"359"`` for phones that begin with a single 0; None leaves them.
    most
        An identifier of more ids than this joins nobody, > 1.

    Returns
    -------
    CustomerLinks
        People, and the audit of what joined them.

    Raises
    ------
    DataError
        Where a column is missing or there is no identifier.
    ParameterError
        Where a kind is not known.

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
    kinds = _kinds(table, customer, identifiers, most)
    ids = table[customer].astype("string").str.strip()
    names = pd.Index(sorted(ids.dropna().unique()))
    found = [
        _shared(ids, _NORMAL[kind](table[column], country), column, most)
        for column, kind in kinds.items()
    ]
    pairs = pd.concat([links for links, _ in found], ignore_index=True)
    people = _components(names, pairs)
    audit = pd.DataFrame([line for _, lines in found for line in lines])
    return CustomerLinks(people, audit, _merged(people, pairs))


def normal_email(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return e-mail addresses in small letters, missing where there is none."""
    text = values.astype("string").str.strip().str.lower().str.removeprefix("mailto:")
    return text.where(text.str.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", na=False))


def normal_phone(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return phone numbers as digits with the country's code, missing below seven digits."""
    text = values.astype("string").str.strip().str.replace("(0)", "", regex=False)
    digits = text.str.replace(r"[^0-9]", "", regex=True)
    abroad = text.str.startswith("+", na=False) | digits.str.startswith("00", na=False)
    if country is not None:
        home = digits.str.startswith("0", na=False) & ~abroad
        digits = digits.mask(home, country + digits.str.lstrip("0"))
    digits = digits.mask(abroad, digits.str.lstrip("0"))
    return digits.where(digits.str.fullmatch(r"[0-9]{7,15}", na=False))


def normal_loyalty(values: pd.Series, country: str | None = None) -> pd.Series:
    """Return loyalty numbers in capitals without spaces and signs, missing where blank."""
    text = values.astype("string").str.upper().str.replace(r"[^0-9A-Z]", "", regex=True)
    return text.where(text.str.fullmatch(r"(?!0+$).{3,}", na=False))


_NORMAL = {"email": normal_email, "phone": normal_phone, "loyalty": normal_loyalty}


def _kinds(
    table: pd.DataFrame, customer: str, identifiers: Mapping[str, str] | None, most: int
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
            f"there is nothing to link by: no column {', '.join(KINDS)}. "
            "Say which column is what: identifiers={'Mail': 'email'}."
        )
    if most < 2:
        raise ParameterError(f"most must be 2 ids or more; found {most!r}.")
    return dict(identifiers)


def _shared(
    ids: pd.Series, normal: pd.Series, column: str, most: int
) -> tuple[pd.DataFrame, list[dict]]:
    """Return the pairs that an identifier joins (first id, other id, by) and its audit lines."""
    known = pd.DataFrame({"id": ids, "value": normal}).dropna().drop_duplicates()
    sizes = known.groupby("value")["id"].transform("size")
    joining = known[(sizes > 1) & (sizes <= most)].sort_values(["value", "id"])
    first = joining.groupby("value")["id"].transform("first")
    pairs = pd.DataFrame({"first": first, "other": joining["id"], "by": column})
    pairs = pairs[pairs["first"] != pairs["other"]]
    crowded = known[sizes > most]
    lines = [
        _line(f"{column}: blank or not readable", int(normal.isna().sum()), "joins nobody"),
        _line(f"{column}: ids joined to another", len(pairs), "one person", pairs["other"]),
        _line(
            f"{column}: ids whose value more than {most} share", len(crowded), "joins nobody",
            crowded["id"],
        ),
    ]  # fmt: skip
    return pairs, lines


def _line(check: str, rows: int, action: str, ids: pd.Series | None = None) -> dict:
    shown = "" if ids is None else ", ".join(pseudonyms(ids.head(3)))
    return {"check": check, "rows": rows, "action": action, "examples": shown}


def _components(names: pd.Index, pairs: pd.DataFrame) -> pd.Series:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(names)
    first, other = (names.get_indexer(pd.Index(pairs[side])) for side in ("first", "other"))
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (first, other)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    least = pd.Series(names).groupby(label).transform("first")  # names are sorted
    return pd.Series(least.astype(str).to_numpy(), index=names.astype(str), name="person")


def _merged(people: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    joined = pairs.assign(person=pairs["other"].astype(str).map(people))
    by = joined.groupby("person")["by"].agg(lambda found: ", ".join(sorted(set(found))))
    ids = people.value_counts()
    table = pd.DataFrame({"ids": ids[ids > 1]}).rename_axis("person").join(by.rename("by"))
    return table.reset_index().sort_values(["ids", "person"], ascending=[False, True])
