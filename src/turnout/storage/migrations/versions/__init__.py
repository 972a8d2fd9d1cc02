"""One file for each migration, in order. A released migration never changes."""
