"""`python -m dashboard` is the `campus` command."""

import sys

from dashboard.cli import main

sys.exit(main())
