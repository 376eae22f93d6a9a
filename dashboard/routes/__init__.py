"""The routes beside the pages; each module exposes ``routes()``."""
