"""Figures from arrays and tables; nothing here reads a file."""
