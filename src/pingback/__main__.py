"""`python -m pingback` is the command line."""

from pingback.cli.group import main

main(prog_name="pingback")
