"""A provider for Turnout that answers like a parrot."""
