"""What the core advises, in the words of a window: a panel or a page has no options."""

from __future__ import annotations

import re

_HERE = (
    (
        r"Give the spacing as ROW,COLUMN in millimetres if you know it\.",
        "Enter the size of a pixel beside 'Calibrate' if you know it.",
    ),
    (r"For an image, use 'vertenet detect'\.", "Load it as an image."),
    (
        r"Give the DICOM file, or leave out --dicom and --with-identity\.",
        "Export without DICOM and without the person's name.",
    ),
    (
        r"since --[a-z-]+ takes patient and study from it, but no image was given\. Give it with "
        r"--image\.",
        "since patient and study are taken from it, but this image is none. Export without DICOM "
        "and without the person's name.",
    ),
    (r"Give --image the image that was measured\.", "Choose the image that was measured."),
)
"""Advice of the command line, and what is there instead in Slicer's panel and in the browser."""


def said_here(text: str) -> str:
    """A sentence of the core as a panel or a page says it."""
    for words, here in _HERE:
        text = re.sub(words, here, text)
    return text
