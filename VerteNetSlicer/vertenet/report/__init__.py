"""Formats of the results: JSON, markups, CSV, pictures.  Nothing here computes."""

from ..analysis import Analysis, ImageFrame, ModelIdentity
from .atomic import write_text
from .folder import FILE_NAMES, write_folder
from .json_report import SCHEMA, report_json, report_text
from .landmark_set import LandmarkSet
from .markups import landmarks_mrk_json, point_descriptions
from .read import read_landmarks
from .tables import aac_csv, aac_rows, csv_text, vertebra_rows, vertebrae_csv

__all__ = [
    "FILE_NAMES",
    "SCHEMA",
    "Analysis",
    "ImageFrame",
    "LandmarkSet",
    "ModelIdentity",
    "aac_csv",
    "aac_rows",
    "csv_text",
    "landmarks_mrk_json",
    "point_descriptions",
    "read_landmarks",
    "report_json",
    "report_text",
    "vertebra_rows",
    "vertebrae_csv",
    "write_folder",
    "write_text",
]
