"""Every public function that takes a table, on the same table in other forms."""
