"""Turnout: one self-hosted service in front of every model."""
