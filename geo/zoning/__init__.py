"""Fair zones of buildings: whole, compact, evenly loaded, and in the hands of who knows them."""
