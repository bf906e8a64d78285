"""``python -m vertenet`` is the command ``vertenet``."""

import sys

from .entry import main

sys.exit(main())
