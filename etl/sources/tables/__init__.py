"""Tables as people make them: CSV, workbooks, and what is found in them beside rows."""
