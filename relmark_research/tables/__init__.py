"""Reading tables: columns, dates, row checks, and what engines do differently."""
