"""The types of columns, in the words of each database. Revisions use them, too: what each of them makes never changes.

Texts are compared byte by byte, as in SQLite: so "a:" to "a;" are those that begin with "a:", and no index is wrong
once the machine sorts the letters of a language in another way.
"""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.types import TypeEngine

_IN_BYTES = Text(collation="C")
TEXT = Text().with_variant(_IN_BYTES, "postgresql")
NUMBER = BigInteger().with_variant(Integer, "sqlite")  # where only an INTEGER PRIMARY KEY is the number of a row


def word(length: int) -> TypeEngine[str]:
    """A text that is hardly ever longer, which SQLite does not look at, and PostgreSQL would refuse."""
    return String(length).with_variant(_IN_BYTES, "postgresql")
