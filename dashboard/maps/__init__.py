"""Layer builders: pure functions from addresses and choices to pydeck and folium objects."""
