"""No public function that takes a level is without an example."""

from tests.laws import (
    test_exact_clv,
    test_exact_economics,
    test_exact_ladder,
    test_exact_relationships,
    test_exact_stats,
)
from tests.laws.cases import CASES
from tests.laws.own import EXACT, exact_value_of
from tests.laws.registry import INSIDE, RECORDS, public_with_level


def test_every_public_function_with_a_level_has_an_example():
    known = {case.function for case in CASES.values()} | set(INSIDE) | RECORDS
    assert sorted(set(public_with_level()) - known) == []


def test_the_registry_names_nothing_that_does_not_exist():
    named = {case.function for case in CASES.values()} | set(INSIDE) | RECORDS
    assert sorted(named - set(public_with_level())) == []


def test_what_is_covered_by_another_function_is_covered_there():
    assert sorted(set(INSIDE.values()) - {case.function for case in CASES.values()}) == []


def test_every_public_function_with_a_level_has_an_exact_value():
    exact = (
        test_exact_clv,
        test_exact_economics,
        test_exact_ladder,
        test_exact_relationships,
        test_exact_stats,
    )
    assert all(module.exact_value_of is exact_value_of for module in exact)
    assert sorted({case.function for case in CASES.values()} - set(EXACT)) == []
