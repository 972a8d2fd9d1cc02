"""The price book that ships with Turnout, and the look-up of prices in it."""

from .book import FREE, PACKAGE, PriceBook, price_book

__all__ = ["FREE", "PACKAGE", "PriceBook", "price_book"]
