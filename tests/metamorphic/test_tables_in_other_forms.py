"""A table in another form gives the same result, or is refused in words, through every function.

RELMARK_API_CALLS sets the number of calls of the slow part. ``check(seed)`` of `calls` repeats one.
"""

import importlib
import inspect
import os
from collections import Counter
from collections.abc import Iterator

import pandas as pd
import pytest

from tests.metamorphic import changes
from tests.metamorphic.calls import calls
from tests.metamorphic.comparing import differences
from tests.metamorphic.doors import DOORS
from tests.metamorphic.exceptions import FACES, TABLE_TYPES, TAKES_NO_TABLE

CALLS = int(os.environ.get("RELMARK_API_CALLS", "1000"))
FAST_CALLS = 40


def functions() -> Iterator[tuple[str, object]]:
    """Every public function, class and method of a class, by its shortest public name."""
    known = set()
    for face in FACES:
        module = importlib.import_module(f"relmark_research{face and '.'}{face}")
        for name in sorted(module.__all__):
            found = getattr(module, name)
            if inspect.ismodule(found) or id(found) in known or not callable(found):
                continue
            known.add(id(found))
            path = f"{face}{face and '.'}{name}"
            yield path, found
            if inspect.isclass(found):
                for own in sorted(dir(found)):
                    if not own.startswith("_") and callable(getattr(found, own)):
                        yield f"{path}.{own}", getattr(found, own)


def takes_table(found: object) -> bool:
    """Whether a parameter is annotated as a table, or as anything."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return False
    words = [str(one.annotation).replace("pandas.", "pd.") for one in parameters]
    return any(kind in word for word in words for kind in TABLE_TYPES)


def unregistered() -> list[str]:
    registered = {door.function for door in DOORS.values()}
    excepted = {name for names in TAKES_NO_TABLE.values() for name in names}
    return [
        name
        for name, found in functions()
        if takes_table(found) and name not in registered | excepted
    ]


def test_every_public_function_that_takes_a_table_has_an_example_or_a_reason():
    assert unregistered() == []


def test_no_example_or_exception_has_outlived_its_function():
    names = {name for name, found in functions() if takes_table(found)}
    assert {door.function for door in DOORS.values()} <= names
    assert {name for group in TAKES_NO_TABLE.values() for name in group} <= names


def _defects(first: int, number: int, *, fast: bool) -> Counter[str]:
    ends: Counter[str] = Counter()
    wrong = []
    for end, words in calls(first, number, fast=fast):
        ends[end] += 1
        if end == "defect":
            wrong.append(words)
    assert wrong == []
    return ends


def test_tables_in_other_forms_give_the_same_result_or_are_refused():
    ends = _defects(0, FAST_CALLS, fast=True)
    assert ends["equal"] > FAST_CALLS * 0.8


@pytest.mark.slow
def test_many_tables_in_other_forms_give_the_same_result_or_are_refused():
    ends = _defects(1000, CALLS, fast=False)
    print(f"{CALLS:,} calls: {dict(ends)}")
    assert ends["equal"] > CALLS * 0.8


def test_another_number_order_or_row_is_noticed():
    was = pd.DataFrame({"customer_id": ["7", "9"], "value": [1.0, None]})
    same = pd.DataFrame({"value": [1, pd.NA], "customer_id": [7.0, 9.0]}, index=[5, 5])
    assert differences(was, same, ordered=True) == []
    assert differences(was, was[::-1], ordered=False) == []
    assert differences(was, was[::-1], ordered=True) != []
    assert differences(was, was.assign(value=[1.001, None]), ordered=True) != []
    assert differences(was, was.assign(value=[1.0, 0.0]), ordered=True) != []
    assert differences(was, was.head(1), ordered=True) != []
    assert differences(was, was.assign(customer_id=["07", "9"]), ordered=True) != []


@pytest.mark.parametrize("kind", changes.COLUMNS)
def test_every_change_of_a_column_leaves_its_values(kind):
    """Of the changes themselves: by the comparison, the column is the same but for blanks."""
    examples = {
        "id": pd.Series(["7", "12", "31"]),
        "text": pd.Series(["web", "mail", "field"]),
        "date": pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-01"])),
        "whole": pd.Series([3, 7, 12]),
        "number": pd.Series([3.5, 7.25, 12.0]),
        "flag": pd.Series([True, False, True]),
    }
    values = examples[kind]
    for name, change in changes.COLUMNS[kind].items():
        found = change(values)
        if found is not None and kind != "flag":
            assert [_plain(one) for one in found] == [_plain(one) for one in values], name


def _plain(value: object) -> str:
    text = str(value).strip().removesuffix("+00:00").removesuffix(" 00:00:00")
    return text.rstrip("0").rstrip(".") if "." in text else text
