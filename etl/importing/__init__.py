"""From one table of a file to rows of one layer: understood, checked, placed, compared, loaded, undone."""
