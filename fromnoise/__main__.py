"""Run the command line as `python -m fromnoise`."""

import sys

from fromnoise.cli.main import main

sys.exit(main())
