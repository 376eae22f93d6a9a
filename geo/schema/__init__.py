"""The database schema: numbered SQL files, the migrations that run them, and schema.sql, their sum."""
