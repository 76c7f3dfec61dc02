"""Design of a campaign experiment: its table, its control group, its balance and its sample size.

Customers are analysed in the arm they were assigned to (intention to treat). A response is not an
effect: some customers of the control group order as well, without being contacted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import DataError, ParameterError, check_share, first_rows
from relmark_research.tables.read_table import open_table, read_table
from relmark_research.tables.schemas import CAMPAIGNS, Column

COLUMNS = ("campaign_id", "customer_id", "arm", "cost", "responded", "value_in_window")


@dataclass(frozen=True)
class CampaignColumns:
    """Names of the columns of a table of campaigns, and of its control arm.

    Parameters
    ----------
    campaign, customer, arm, cost, responded, value
        Columns; ``responded`` is 1 or 0, ``value`` the revenue in the response window, ``cost``
        the contact cost per customer.
    covariates
        Columns measured before the campaign, which reduce the variance of values and profits
        (CUPED); those that the table does not have are left out.
    control
        The arm that was not contacted.
    """

    campaign: str = "campaign_id"
    customer: str = "customer_id"
    arm: str = "arm"
    cost: str = "cost"
    responded: str = "responded"
    value: str = "value_in_window"
    covariates: tuple[str, ...] = ("pre_value",)
    control: str = "control"

    def read(self, table: Any) -> pd.DataFrame:
        """Return the checked table, any source of `read_table`, with the standard column names.

        Returns
        -------
        DataFrame
            campaign_id, customer_id, arm, cost, responded, value_in_window, the ``covariates``
            present, and every other column unchanged.

        Raises
        ------
        DataError
            If a column is missing, a row has no customer, a customer is twice in a campaign, a
            response is not 0 or 1, a number is missing, or a campaign lacks a control group or
            another arm.
        """
        given = (
            self.campaign, self.customer, self.arm, self.cost, self.responded, self.value,
        )  # fmt: skip
        names = dict(zip(COLUMNS, given, strict=True))
        covariates = [Column(name, "number", "measured before the campaign")
                      for name in self.covariates]  # fmt: skip
        schema = CAMPAIGNS.with_columns(covariates).requiring(*COLUMNS)
        if isinstance(table, Mapping):
            table = open_table(table, schema.relaxed())
        found = read_table(table, schema=schema, columns=names).frame.reset_index(drop=True)
        _check_customers(found)
        _refuse_missing(found, [name for name in self.covariates if name in found.columns])
        check_control(found, self.control)
        return found


def campaign_balance(
    campaigns: pd.DataFrame, *, columns: CampaignColumns | None = None
) -> pd.DataFrame:
    """Return the balance of the arms before the campaign, as randomisation should give it.

    Parameters
    ----------
    campaigns
        One row per customer and campaign, the control group included.
    columns
        Names of the columns; by default those of the sample data.

    Returns
    -------
    DataFrame
        Row per campaign, arm and covariate: customers, mean, control_mean,
        standardised_difference (difference of the means in pooled standard deviations) and p_value
        (Welch); a p_value below 0.001 makes randomisation doubtful.
    """
    columns = columns or CampaignColumns()
    table = columns.read(campaigns)
    covariates = [name for name in columns.covariates if name in table.columns]
    rows = []
    for campaign, customers in table.groupby("campaign_id", sort=False):
        control = customers[customers["arm"] == columns.control]
        treated = customers[customers["arm"] != columns.control]
        for arm, own in treated.groupby("arm", sort=False):
            for name in covariates:
                row = {"campaign_id": campaign, "arm": arm, "covariate": name}
                rows.append(row | _balance(own[name], control[name]))
    return pd.DataFrame(rows)


def _balance(treated: pd.Series, control: pd.Series) -> dict[str, float]:
    from scipy.stats import ttest_ind

    pooled = np.sqrt((treated.var() + control.var()) / 2)
    difference = treated.mean() - control.mean()
    return {
        "customers": len(treated),
        "mean": treated.mean(),
        "control_mean": control.mean(),
        "standardised_difference": difference / pooled if pooled else 0.0,
        "p_value": ttest_ind(treated, control, equal_var=False).pvalue,
    }


def campaign_size(
    response: float,
    uplift: float,
    *,
    arms: int = 1,
    control_share: float | None = None,
    power: float = 0.8,
    significance: float = 0.05,
) -> pd.DataFrame:
    """Return the sample size that a campaign needs to detect an uplift of the response rate.

    Parameters
    ----------
    response
        Response rate of the control group, in (0, 1).
    uplift
        Difference of the response rates to detect, a share: 0.03 for three percentage points.
    arms
        Number of arms besides the control, >= 1; the significance is divided among them
        (Bonferroni).
    control_share
        Share of all customers in the control group, in (0, 1); None makes all groups equally large.
    power
        Probability of detecting the uplift if it exists, in (0, 1).
    significance
        Probability of detecting an uplift if there is none, in (0, 1).

    Returns
    -------
    DataFrame
        One row: control and per_arm (customers), total. With one arm and equal groups,
        n = 2 (z1 + z2)^2 p (1 - p) / uplift^2 on the scale of Cohen's h.

    Raises
    ------
    ParameterError
        If a share is outside (0, 1), the uplift is 0 or there is no arm besides the control.

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

    share = 1 / (arms + 1) if control_share is None else control_share
    given = {"response": response, "response + uplift": response + uplift, "power": power}
    for name, value in (given | {"significance": significance, "control_share": share}).items():
        check_share(name, value)
    if uplift == 0 or arms < 1:
        raise ParameterError(
            "expected an uplift other than 0 and at least one arm besides the control; found an "
            f"uplift of {uplift:g} and {arms} arms."
        )
    ratio = ((1 - share) / arms) / share
    control = NormalIndPower().solve_power(
        abs(proportion_effectsize(response + uplift, response)),
        alpha=significance / arms, power=power, ratio=ratio,
    )  # fmt: skip
    sizes = [int(np.ceil(float(control))), int(np.ceil(float(control) * ratio))]
    return pd.DataFrame(
        [[*sizes, sizes[0] + arms * sizes[1]]], columns=["control", "per_arm", "total"]
    )


def check_control(table: pd.DataFrame, control: str) -> None:
    """Raise DataError for a campaign without a control group or without another arm."""
    for campaign, rows in table.groupby("campaign_id", sort=False):
        sizes = rows["arm"].value_counts()
        if control not in sizes.index:
            raise DataError(
                f"campaign {campaign!r} has no control group: expected an arm {control!r}, found "
                f"{', '.join(map(str, sizes.index))}. Without a randomised control group the "
                "effect of the campaign cannot be estimated; remove the campaign, or name the "
                "arm that was not contacted: control."
            )
        if len(sizes) < 2 or sizes.min() < 2:
            raise DataError(
                f"campaign {campaign!r} needs two customers or more in the control group and in "
                f"another arm; found {', '.join(f'{n} in {arm}' for arm, n in sizes.items())}."
            )


def _check_customers(table: pd.DataFrame) -> None:
    repeated = table.duplicated(["campaign_id", "customer_id"])
    if repeated.any():
        rows = first_rows(repeated, table["customer_id"])
        raise DataError(
            f"expected each customer once in a campaign; found {repeated.sum():,} repeated, first "
            f"{rows}. Keep the row of the assigned arm."
        )


def _refuse_missing(table: pd.DataFrame, covariates: list[str]) -> None:
    for name in covariates:
        bad = table[name].isna()
        if bad.any():
            raise DataError(
                f"expected a number in {name} of every row; found {bad.sum():,} of {len(table):,} "
                "without one. Write 0 for nothing."
            )
