"""One file for each migration, in order. What has been released never changes."""
