"""Synthetic communities: geography, people, a year of incidents, and the truth planted in them."""
