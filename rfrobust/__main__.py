"""``python -m rfrobust`` is the command line."""

from .cli import main

main()
