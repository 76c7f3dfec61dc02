"""Two ways to run reports from Airflow: our command line, and papermill's own operator.

The first has all that a recipe has: checks before anything runs, limits, manifest, comparison,
alerts. The second runs one notebook by itself, for those who have such tasks already.
"""

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator  # 3: airflow.providers.standard.operators.bash
from airflow.providers.papermill.operators.papermill import PapermillOperator

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
        parameters={
            "source": f"{PROJECT}/data/sales.csv",
            "as_of": "{{ data_interval_end | ds }}",
        },
    )

    reports >> customer_base
