"""What tokens cost: the price book that ships with Turnout, and how a price is found in it."""

from .book import FREE, PACKAGE, PriceBook, price_book

__all__ = ["FREE", "PACKAGE", "PriceBook", "price_book"]
