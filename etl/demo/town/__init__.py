"""Where a demo community lies: terrain, streets, blocks, buildings, shops, and the grids over them."""
