"""Rules of the house as pure functions: values in, values out, no database and no clock."""
