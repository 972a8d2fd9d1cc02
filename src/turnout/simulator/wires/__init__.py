"""The wires, with a file for each vendor: its requests, frames, errors and paths."""
