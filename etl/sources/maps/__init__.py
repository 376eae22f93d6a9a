"""Layers of geographic formats, mostly through GDAL."""
