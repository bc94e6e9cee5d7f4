"""``python -m vivify.cli``: the same command where the script is not installed."""

import sys

from vivify.cli.main import main

sys.exit(main())
