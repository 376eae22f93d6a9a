"""From one table of a file to rows of one layer: mapping, checking, placing, loading, undoing."""
