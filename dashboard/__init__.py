"""What people see: Streamlit views, the HTTP routes beside them, and the map layers."""
