"""Collections of vectors, kept in Qdrant: on a server, or embedded in the control process of this host."""

from .choice import vector_store
from .collections import DISTANCES, LONGEST_NAME, MOST_SIZE, Collection, Distance, Place, check_name
from .embedded import MOST_EMBEDDED
from .points import LONGEST_ID, LONGEST_PAYLOAD, Hit, Point, Query, Selection, new_point, packed_vector
from .store import VectorStore
from .vectors import MOST_COLLECTIONS, MOST_HITS, Vectors

__all__ = [
    "DISTANCES",
    "LONGEST_ID",
    "LONGEST_NAME",
    "LONGEST_PAYLOAD",
    "MOST_COLLECTIONS",
    "MOST_EMBEDDED",
    "MOST_HITS",
    "MOST_SIZE",
    "Collection",
    "Distance",
    "Hit",
    "Place",
    "Point",
    "Query",
    "Selection",
    "VectorStore",
    "Vectors",
    "check_name",
    "new_point",
    "packed_vector",
    "vector_store",
]
