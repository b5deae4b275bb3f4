"""What the fields of a value hold, and how they are written at a border: in a row, in JSON, for strangers to see.

The table of a mention's fields is in `pingback.model`. Each border has one way for each form.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple


class Form(Enum):
    """What a field holds."""

    PLAIN = auto()
    TEXT = auto()  # that a stranger may have written
    URL = auto()
    LINK = auto()  # an address that a stranger gave, and that may be none
    INSTANT = auto()
    DATE = auto()  # as a stranger wrote it
    AUTHOR = auto()
    CONTENT = auto()
    PROTOCOL = auto()
    STATUS = auto()
    KIND = auto()
    RSVP = auto()


class Field(NamedTuple):
    """One field. It has a column of its name where it is `stored`, and a key in JSON where it is `shown`."""

    name: str
    form: Form
    stored: bool = True
    shown: bool = True


class Written:
    """How fields are written at one border: each by its form, where `by_form` has that, and None as None."""

    def __init__(self, fields: Iterable[Field], by_form: Mapping[Form, Callable[[Any], object]]) -> None:
        chosen = tuple(fields)
        self.names = tuple(each.name for each in chosen)
        self._writers = [(each.name, by_form[each.form]) for each in chosen if each.form in by_form]

    def of(self, values: Iterable[Any]) -> dict[str, Any]:
        """The values, which stand in the order of the fields, by their names. One answer may list ten thousand."""
        found = dict(zip(self.names, values, strict=True))
        for name, write in self._writers:
            if (value := found[name]) is not None:
                found[name] = write(value)
        return found
