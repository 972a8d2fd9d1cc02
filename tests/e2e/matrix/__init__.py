"""The matrix of the documentation: which dialect's features reach which provider, asked over sockets by official SDKs.

A feature is a row of ``features.py`` or of ``endpoints.py``; ``cell.py`` asks and judges; ``page.py`` draws.
"""
