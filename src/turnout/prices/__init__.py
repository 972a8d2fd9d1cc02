"""The price book that ships with Turnout, the look-up of prices in it, and how two of its versions differ."""

from .book import FREE, PACKAGE, PriceBook, decoded, encoded, is_newer, price_book
from .differences import Changed, differences
from .listing import listed

__all__ = [
    "FREE",
    "PACKAGE",
    "Changed",
    "PriceBook",
    "decoded",
    "differences",
    "encoded",
    "is_newer",
    "listed",
    "price_book",
]
