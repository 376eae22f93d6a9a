"""Pure rules: functions of values, with units and CRS in their docstrings."""
