"""Where rows are: coordinates and their system, outlines, addresses, and what is known around them."""
