"""`python -m saeserve`."""

import sys

from saeserve.cli import main

sys.exit(main())
