"""Values of a source's columns: ids, numbers, dates and text, alike in every engine."""
