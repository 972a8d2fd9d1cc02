"""Measures Turnout beside other gateways, and by itself: at scale and over time."""
