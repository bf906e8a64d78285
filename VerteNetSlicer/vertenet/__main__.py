"""``python -m vertenet`` is the command ``vertenet``."""

import sys

from .cli import main

sys.exit(main())
