"""The engine's tests: pure Python, no database, no Django."""
