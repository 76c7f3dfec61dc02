"""Two ways to run reports from Airflow: our command line, and papermill's own operator.

The first has all that a recipe has: checks before anything runs, limits, manifest, comparison,
alerts; it needs Airflow's provider ``standard``. The second runs one notebook by itself, for those
who have such tasks already; it needs the provider ``papermill``, and the project's interpreter as a
kernel that Airflow can find:

    .venv/bin/python -m ipykernel install --user --name reports
"""

import pendulum
from airflow import DAG
from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.providers.standard.operators.bash import BashOperator

PROJECT = "/srv/reports"

with DAG(
    dag_id="customer_reports",
    schedule="0 6 * * 1",
    start_date=pendulum.datetime(2026, 1, 5, tz="UTC"),
    catchup=False,
    max_active_runs=1,
) as dag:
    reports = BashOperator(
        task_id="reports",
        cwd=PROJECT,
        # 3 is "done, an alert fired": Airflow shows the task as skipped, the hooks have told whom
        # the recipe names. --as-of makes a run of a past interval see nothing later.
        bash_command=(
            ".venv/bin/relmark run reports/recipes/own.yml --jobs 2 "
            "--as-of {{ data_interval_end | ds }}"
        ),
        skip_on_exit_code=3,
    )

    customer_base = PapermillOperator(
        task_id="customer_base",
        input_nb=f"{PROJECT}/notebooks/01_customer_base.ipynb",
        output_nb=f"{PROJECT}/reports/customer_base-{{{{ ds }}}}.ipynb",
        kernel_name="reports",
        language_name="python",
        trigger_rule="none_failed",  # also where an alert made the first task count as skipped
        parameters={
            "source": f"{PROJECT}/data/sales.csv",
            "as_of": "{{ data_interval_end | ds }}",
        },
    )

    reports >> customer_base
