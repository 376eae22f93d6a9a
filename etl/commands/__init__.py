"""One command group a file; each is registered in etl.cli."""
