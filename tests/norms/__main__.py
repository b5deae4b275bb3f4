"""Writes the page of conformance anew: `python -m tests.norms`."""

from tests.norms.conformance import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
