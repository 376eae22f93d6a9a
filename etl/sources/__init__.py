"""One loader a file format; each yields the same :class:`~etl.sources.table.Table`.

A loader decodes, finds the header and the coordinate system a file declares, and numbers the rows as a person
sees them. It knows nothing of grids or incidents.
"""
