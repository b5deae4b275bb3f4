"""What a reply answers, when it is told in a box of its own: `<div class="u-in-reply-to h-cite">`."""

from collections.abc import Set


class Cite:
    """An h-cite as it passes: the reference of its `u-url`, else of its first link; not of its author's card."""

    def __init__(self, marks: bytes) -> None:
        self.marks = marks
        self._depth = 0
        self._nested_at = 0  # depth of the microformat within that is open; 0: none
        self._url: str | None = None
        self._first: str | None = None

    @property
    def reference(self) -> str | None:
        return self._first if self._url is None else self._url

    def element(self, classes: Set[str], reference: str | None) -> None:
        self._depth += 1
        if not self._nested_at and any(name.startswith("h-") for name in classes):
            self._nested_at = self._depth
        if self._nested_at or reference is None:
            return
        if self._first is None:
            self._first = reference
        if self._url is None and "u-url" in classes:
            self._url = reference

    def end(self) -> None:
        if self._depth == self._nested_at:
            self._nested_at = 0
        self._depth -= 1
