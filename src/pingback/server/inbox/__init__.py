"""The inbox: the pages at `/inbox` on which the owner of a site looks through what came in and what went out."""
