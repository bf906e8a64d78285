"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

#: As vertenet.measure has them, which would load numpy before --help answers.
RULES = ("default", "plain", "eastell-melton", "mccloskey-kanis")


class _NamedPath(click.Path):
    """A path that has a name: an empty one, as of an unset variable, would be this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("expected the name of a file or folder, got nothing. Name it.", param, ctx)
        return super().convert(value, param, ctx)


PATH = _NamedPath(path_type=Path)
SPACING = click.option(
    "--spacing", metavar="ROW,COL", help="Pixel spacing in mm, in place of what the file says."
)
OUTPUT = click.option(
    "--output", "-o", type=PATH, required=True, help="Folder for the results; made if absent."
)
DICOM = click.option(
    "--dicom", is_flag=True, help="Write sr.dcm and sc.dcm for a PACS; the image must be DICOM."
)
IDENTITY = click.option(
    "--with-identity", "identity", is_flag=True,
    help="Name the patient in report.json; without it only DICOM files do.",
)  # fmt: skip
SEX = click.option(
    "--sex", type=click.Choice(["F", "M", "U"], case_sensitive=False),
    help="Whose norms apply, in place of what the file says; U: not known.",
)  # fmt: skip
AGE = click.option(
    "--age", type=click.FloatRange(0, 110), help="Years, for the percentile of AAC-24."
)
MODEL = click.option("--model", type=PATH, help="Model folder; the bundled one by default.")
