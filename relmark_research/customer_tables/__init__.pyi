from .table_changes import CustomerChanges, customer_changes
from .table_of_customers import CustomerTable, CustomerTableOptions, customer_table

__all__ = [
    "CustomerChanges",
    "CustomerTable",
    "CustomerTableOptions",
    "customer_changes",
    "customer_table",
]
