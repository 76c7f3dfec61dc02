"""Reading of tables: options, columns, dates, row checks, and differences between SQL engines."""
