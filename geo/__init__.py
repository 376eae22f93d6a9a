"""The domain and the database: grids, buildings, responsibility, incidents, and the rules over them."""
