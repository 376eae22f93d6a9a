"""The nouns that more than one layer of the program speaks of."""
