import numpy as np
from matplotlib.dates import date2num

from relmark_research.plots.clv import customer_history, describe_customer_history


def test_the_path_and_the_purchases_are_the_table(history, ax) -> None:
    customer_history(history, ax=ax)
    marks, path = (line for line in ax.lines if line.get_gid() != "swatch")
    np.testing.assert_array_equal(path.get_ydata(), history["p_alive"])
    bought = date2num(history.loc[history["purchase"], "time"])
    np.testing.assert_array_equal(date2num(marks.get_xdata()), bought)
    upright = [segment[0, 0] for segment in ax.collections[0].get_segments()]
    np.testing.assert_array_equal(upright, bought)
    assert {text.get_text() for text in ax.texts} == {"80%", "Purchase"}


def test_words(history) -> None:
    assert describe_customer_history(history) == (
        "Line of one customer's P(alive) from 1 January 1997 to 1 May 1997, with 2 purchases "
        "marked, the last on 1 April 1997: it ends at 80%, its lowest was 70%."
    )


def test_no_purchase_in_sight(history, ax) -> None:
    history["purchase"] = False
    customer_history(history, ax=ax)
    assert "with 0 purchases marked: it ends" in describe_customer_history(history)
