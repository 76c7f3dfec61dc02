import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.customers.log.record_linkage import (
    _links,
    normalise_email,
    normalise_loyalty,
    normalise_phone,
)
from relmark_research.errors import DataError, ParameterError


@pytest.mark.parametrize(
    ("normal", "same", "none"),
    [
        (normalise_email, [" A.B@X.org", "a.b@x.ORG ", "mailto:a.b@x.org"], ["", "a.b", "a b@c.d"]),
        (normalise_phone, ["+44 20 7930 9007", "0044-20-79309007", "+44 (0)20 7930 9007"], ["112"]),
        (normalise_loyalty, ["ab-12 34", "AB1234", "ab 12/34"], ["", "00", "000000", None]),
    ],
)  # fmt: skip
def test_writings_of_one_identifier_are_one(normal, same, none):
    assert normal(pd.Series(same)).unique().size == 1
    assert normal(pd.Series(none, dtype="object")).isna().all()


def test_phones_at_home_get_the_countrys_code():
    home = normalise_phone(pd.Series(["088 812 3456", "+359 88 812 3456"]), "359")
    assert home.unique().size == 1


def by_search(pairs, ids):
    """Connected components by walking, to check scipy's use by."""
    near = {who: set() for who in ids}
    for a, b in pairs:
        near[a].add(b)
        near[b].add(a)
    person = {}
    for start in sorted(ids):
        todo = [start]
        while todo:
            who = todo.pop()
            if who not in person:
                person[who] = start
                todo += near[who]
    return person


rows = st.lists(
    st.tuples(st.integers(0, 14).map(str), st.sampled_from([None, *"pqrstuv"])),
    min_size=1,
    max_size=25,
)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(rows)
def test_people_are_the_connected_components(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "name"])
    table["email"] = [f"{name}@x.org" if name else None for _, name in rows]
    links = rm.link_customers(table, max_ids=15)
    pairs = [(a, b) for a, x in rows for b, y in rows if x is not None and x == y]
    assert links.people.to_dict() == by_search(pairs, set(table["customer_id"]))
    assert (links.merged["ids"] > 1).all()


class TestAudit:
    table = pd.DataFrame(
        {
            "customer_id": [*map(str, range(12)), "a", "b", "c"],
            "email": ["info@shop.com"] * 12 + ["x@y.org", "X@Y.org", "not given"],
            "loyalty": [None] * 13 + ["L-12", "L 12"],
        }
    )

    def test_what_too_many_share_joins_nobody(self):
        links = rm.link_customers(self.table)
        assert links.people["a"] == links.people["b"] == links.people["c"] == "a"
        assert links.people[["0", "11"]].to_list() == ["0", "11"]
        audit = links.audit.set_index("check")["rows"]
        assert audit["email: ids whose value more than 10 share"] == 12
        assert audit["email: blank or invalid"] == 1
        assert audit["email: ids linked to another"] == 1
        assert links.merged[["person", "ids", "by"]].to_numpy().tolist() == [
            ["a", 3, "email, loyalty"]
        ]

    def test_ids_are_not_shown_in_clear(self):
        shown = " ".join(rm.link_customers(self.table).audit["examples"])
        assert "C-" in shown
        assert not {"a", "b", "c"} & set(shown.split(", "))

    def test_a_log_of_people(self):
        links = rm.link_customers(self.table)
        rows = pd.DataFrame(
            {"customer_id": ["a", "b", "z"], "date": ["2024-01-01", "2024-02-01", "2024-03-01"]}
        ).assign(value=1.0)
        before = rm.read_transactions(rows).customer_summary(unit="day").table
        people = rm.read_transactions(rows).linked(links).customer_summary(unit="day").table
        assert before["frequency"].to_dict() == {"a": 0, "b": 0, "z": 0}
        assert people["frequency"].to_dict() == {"a": 1, "z": 0}
        assert links.apply(rows["customer_id"]).to_list() == ["a", "a", "z"]


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"customer": "id"}, DataError, "no column 'id'"),
        ({"identifiers": {"mail": "email"}}, DataError, "no column 'mail'"),
        ({"identifiers": {"email": "e-mail"}}, ParameterError, "Did you mean 'email'"),
        ({"max_ids": 1}, ParameterError, "2 or more"),
    ],
)
def test_wrong_options_are_refused(how, error, said):
    with pytest.raises(error, match=said):
        rm.link_customers(TestAudit.table, **how)


def test_a_table_without_identifiers():
    with pytest.raises(DataError, match="an identifier to link by"):
        rm.link_customers(pd.DataFrame({"customer_id": ["a"]}))


def test_links_are_shown_in_a_few_lines():
    links = rm.link_customers(TestAudit.table)
    assert repr(links) == "<CustomerLinks: ids 15, people 13, people with several ids 1>"
    assert links._repr_html_().count("<tr>") == 3


@pytest.mark.parametrize(("max_ids", "linked"), [(3, 2), (2, 0)])
def test_a_value_that_too_many_ids_share_links_none(max_ids, linked):
    ids = pd.Series(["a", "b", "c", "d", "d", "e"])
    mails = pd.Series(["x", "x", "x", "y", "y", None])
    pairs, lines = _links(ids, mails, "mail", max_ids)
    assert len(pairs) == linked
    assert set(pairs["first"]) <= {"a"}
    rows = {line["check"]: line["rows"] for line in lines}
    assert rows["mail: blank or invalid"] == 1
    assert rows["mail: ids linked to another"] == linked
    assert rows[f"mail: ids whose value more than {max_ids} share"] == (3 if max_ids == 2 else 0)
