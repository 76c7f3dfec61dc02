"""Sources of tables: files, data frames, databases, bundled data, and the engines' sessions."""
