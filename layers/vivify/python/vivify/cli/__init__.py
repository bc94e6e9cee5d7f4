"""The ``vivify`` command. Exit codes: 0 done, 2 wrong usage, 3 the photo cannot be animated, 1 anything else."""

from vivify.cli.main import main

__all__ = ["main"]
