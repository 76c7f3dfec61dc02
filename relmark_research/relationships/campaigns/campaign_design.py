"""What a campaign caused: its arms against a control group drawn at random.

Everyone addressed is compared as assigned (intention to treat). A response is not an effect: who
would have ordered anyway responds too; the control group says how many these are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, unknown_name

COLUMNS = ("campaign_id", "customer_id", "arm", "cost", "responded", "value_in_window")


@dataclass(frozen=True)
class CampaignColumns:
    """Names of the columns of a table of campaigns, and of the arm that was left alone.

    Parameters
    ----------
    campaign, customer, arm, cost, responded, value
        Columns; ``responded`` is 1 or 0, ``value`` the revenue in the window, ``cost`` per head.
    before
        Columns of what each customer did before the campaign, which takes chance out of the
        comparison of values; those that the table does not have are left out.
    control
        The arm that got nothing.
    """

    campaign: str = "campaign_id"
    customer: str = "customer_id"
    arm: str = "arm"
    cost: str = "cost"
    responded: str = "responded"
    value: str = "value_in_window"
    before: tuple[str, ...] = ("pre_value",)
    control: str = "control"

    def read(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the table with the names used here, checked.

        Returns
        -------
        DataFrame
            campaign_id, customer_id, arm, cost, responded, value_in_window, those of ``before``
            that are there, and every other column as it was.

        Raises
        ------
        DataError
            If a column is missing, a cost has no customer, a customer is twice in a campaign, a
            response is not 0 or 1, a number is missing, or a campaign has no control group or
            nothing but it.
        """
        mine = (
            self.campaign, self.customer, self.arm, self.cost, self.responded, self.value,
        )  # fmt: skip
        for name in mine:
            if name not in table.columns:
                raise DataError(f"campaigns: {unknown_name('column', name, table.columns)}")
        names = dict(zip(mine, COLUMNS, strict=True))
        found = table.rename(columns=names).reset_index(drop=True)
        _check_people(found)
        _check_numbers(found, [name for name in self.before if name in found.columns])
        check_control(found, self.control)
        return found.assign(customer_id=found["customer_id"].astype(str))


def _check_people(table: pd.DataFrame) -> None:
    nobody = table["customer_id"].isna() | (table["customer_id"].astype(str).str.strip() == "")
    if nobody.any():
        raise DataError(
            f"costs without a customer: {nobody.sum():,} of {len(table):,} rows with a cost of "
            f"{table.loc[nobody, 'cost'].sum():,.2f} in all name none, first row "
            f"{int(np.flatnonzero(nobody)[0])}. Name the customer, or book them as fixed costs of "
            "the campaign."
        )
    twice = table.duplicated(["campaign_id", "customer_id"])
    if twice.any():
        row = table[twice].iloc[0]
        raise DataError(
            f"expected each customer once in a campaign; {twice.sum():,} are there again, first "
            f"{row['customer_id']} in {row['campaign_id']}. Keep the row of the arm that was drawn."
        )


def _check_numbers(table: pd.DataFrame, before: list[str]) -> None:
    for name in ("cost", "value_in_window", *before):
        bad = pd.to_numeric(table[name], errors="coerce").isna()
        if bad.any():
            raise DataError(
                f"expected a number in {name} of every row; {bad.sum():,} of {len(table):,} have "
                f"none, first {table.loc[bad, name].tolist()[0]!r}. Write 0 for nothing."
            )
    if (table["cost"] < 0).any():
        raise DataError(f"expected costs of 0 or more; found {table['cost'].min():g}.")
    other = ~table["responded"].isin([0, 1])
    if other.any():
        raise DataError(
            f"expected 1 or 0 in responded; found {table.loc[other, 'responded'].tolist()[0]!r} in "
            f"{other.sum():,} of {len(table):,} rows. Count who ordered, not how often."
        )


def check_control(table: pd.DataFrame, control: str) -> None:
    """Raise DataError for a campaign without a control group, or without anyone addressed."""
    for campaign, rows in table.groupby("campaign_id", sort=False):
        sizes = rows["arm"].value_counts()
        if control not in sizes.index:
            raise DataError(
                f"campaign {campaign!r} has no control group: expected an arm {control!r}, found "
                f"{', '.join(map(str, sizes.index))}. Without customers left alone at random no "
                "one can say what the campaign caused; leave it out, or name the arm that was "
                "left alone: CampaignColumns(control=...)."
            )
        if len(sizes) < 2 or sizes.min() < 2:
            raise DataError(
                f"campaign {campaign!r} needs two customers or more in the control group and in "
                f"another arm; found {', '.join(f'{n} in {arm}' for arm, n in sizes.items())}."
            )


def campaign_balance(
    campaigns: pd.DataFrame, *, columns: CampaignColumns | None = None
) -> pd.DataFrame:
    """Return how alike the arms were before the campaign, which a fair draw makes them.

    Returns
    -------
    DataFrame
        Row per campaign, arm and measure: customers, mean, control_mean, difference (in standard
        deviations of both) and p_value (Welch); below 0.001 the draw was hardly fair.
    """
    from scipy.stats import ttest_ind

    columns = columns or CampaignColumns()
    table = columns.read(campaigns)
    rows = []
    for campaign, mine in table.groupby("campaign_id", sort=False):
        control = mine[mine["arm"] == columns.control]
        for arm, own in mine[mine["arm"] != columns.control].groupby("arm", sort=False):
            for name in (name for name in columns.before if name in table.columns):
                spread = np.sqrt((own[name].var() + control[name].var()) / 2)
                gap = own[name].mean() - control[name].mean()
                rows.append(
                    {
                        "campaign_id": campaign,
                        "arm": arm,
                        "measure": name,
                        "customers": len(own),
                        "mean": own[name].mean(),
                        "control_mean": control[name].mean(),
                        "difference": gap / spread if spread else 0.0,
                        "p_value": ttest_ind(own[name], control[name], equal_var=False).pvalue,
                    }
                )
    return pd.DataFrame(rows)


def campaign_size(
    response: float,
    uplift: float,
    *,
    arms: int = 1,
    control_share: float | None = None,
    power: float = 0.8,
    significance: float = 0.05,
) -> pd.DataFrame:
    """Return how many customers a campaign needs to see an uplift of the response.

    Parameters
    ----------
    response
        Share of the control group that orders anyway, in (0, 1).
    uplift
        The rise to be seen, a share: 0.03 for three points.
    arms
        Number of arms beside the control; the significance is shared out among them (Bonferroni).
    control_share
        Share of all customers left alone, in (0, 1); None divides them evenly among the groups.
    power, significance
        Probability to see it if it is there, and to see something if there is nothing.

    Returns
    -------
    DataFrame
        One row: control and per_arm (customers), total. Evenly divided, with one arm, that is
        n = 2 (z1 + z2)^2 p (1 - p) / uplift^2 in the scale of Cohen's h.

    Raises
    ------
    ParameterError
        If a share is outside (0, 1) or the uplift is 0.

    References
    ----------
    Cohen (1988), Statistical power analysis for the behavioral sciences, chapter 6.

    Examples
    --------
    >>> campaign_size(0.10, 0.03).loc[0].tolist()
    [1769, 1769, 3538]
    """
    from statsmodels.stats.power import NormalIndPower
    from statsmodels.stats.proportion import proportion_effectsize

    from relmark_research.relationships._validate import check_share

    share = 1 / (arms + 1) if control_share is None else control_share
    given = {"response": response, "response + uplift": response + uplift, "power": power}
    for name, value in (given | {"significance": significance, "control_share": share}).items():
        check_share(name, value)
    if uplift == 0 or arms < 1:
        raise_nothing_to_see(uplift, arms)
    ratio = ((1 - share) / arms) / share
    control = NormalIndPower().solve_power(
        abs(proportion_effectsize(response + uplift, response)),
        alpha=significance / arms, power=power, ratio=ratio,
    )  # fmt: skip
    sizes = [int(np.ceil(float(control))), int(np.ceil(float(control) * ratio))]
    return pd.DataFrame(
        [[*sizes, sizes[0] + arms * sizes[1]]], columns=["control", "per_arm", "total"]
    )


def raise_nothing_to_see(uplift: float, arms: int) -> None:
    """Refuse a campaign that can show nothing."""
    from relmark_research.errors import ParameterError

    raise ParameterError(
        f"a campaign needs an uplift other than 0 and an arm beside the control; found an uplift "
        f"of {uplift:g} and {arms} arms."
    )
