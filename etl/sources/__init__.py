"""One loader a file format; each yields the same table."""
