"""Connections, and one module of queries a noun; the SQL itself lives in queries/*.sql."""
