"""Files in, files out, the demo communities, and the command line that drives them."""
