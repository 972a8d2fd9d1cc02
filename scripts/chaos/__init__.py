"""Faults of every kind at once, with the simulator's log as the providers' bill."""
