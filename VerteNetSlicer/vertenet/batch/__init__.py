"""Many files: each one's results in a folder of its own, failures listed, none stops the rest."""

from .landmarks import check_spacing, measure_set, of_person
from .names import find_images, folder_names
from .run import Failure, Outcome, Progress, Tables, detect_many, measure_many, write_failures

__all__ = [
    "Failure",
    "Outcome",
    "Progress",
    "Tables",
    "check_spacing",
    "detect_many",
    "find_images",
    "folder_names",
    "measure_many",
    "measure_set",
    "of_person",
    "write_failures",
]
