"""Whole undertakings: what a person or another system asks the program to do, from input to commit."""
