"""Where the processes of a service share limits and budgets: this process, the host's control process, Redis, Postgres.

The forms differ in where the states are kept. What a question does to them is the same (``answering.py``).
"""

from .choice import chosen_store
from .contract import Store, UnusableStore
from .control import ControlStore, answer_questions
from .memory import MemoryStore
from .postgres import PostgresStore
from .questions import NEVER, NOT_REFUSED, Answer, Counter, Draw, Drawn, Level, Question
from .redis import RedisStore

__all__ = [
    "NEVER",
    "NOT_REFUSED",
    "Answer",
    "ControlStore",
    "Counter",
    "Draw",
    "Drawn",
    "Level",
    "MemoryStore",
    "PostgresStore",
    "Question",
    "RedisStore",
    "Store",
    "UnusableStore",
    "answer_questions",
    "chosen_store",
]
