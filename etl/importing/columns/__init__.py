"""What a column of a file is: which field of which layer, by its name and its values, and what these say."""
