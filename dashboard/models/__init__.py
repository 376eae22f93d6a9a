"""View models: pure functions from data and language to what a page shows, tested without a browser."""
