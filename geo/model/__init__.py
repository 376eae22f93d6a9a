"""The nouns of the domain and the values they may take."""
