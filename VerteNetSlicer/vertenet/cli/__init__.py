"""The command ``vertenet``: arguments, messages and exit codes; everything else is elsewhere.

Exit codes: 0 done, 1 a file or the whole failed, 2 wrong arguments, 130 interrupted.
Only click is imported at file scope, so that ``--help`` answers at once.
"""

from .options import RULES
from .running import commands, main
from .telling import FAILED, INTERRUPTED

__all__ = ["FAILED", "INTERRUPTED", "RULES", "commands", "main"]
