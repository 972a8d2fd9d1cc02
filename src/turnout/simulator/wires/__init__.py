"""One file for each vendor: its requests, its frames, its errors, its paths."""
