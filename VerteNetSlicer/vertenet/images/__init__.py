"""Reading DXA images: pixels, the size of a pixel, and where that size comes from.

``read_image`` for files, ``image_from_array`` for hosts that hold the pixels already,
``write_nrrd`` for the volume beside the markups.  The spacing rule is in
:mod:`vertenet.images.spacing`.
"""

from __future__ import annotations

from .reading import read_image
from .spacing import Spacing, SpacingTags, dicom_spacing, header_spacing
from .types import DxaImage, image_from_array
from .write import write_nrrd

__all__ = [
    "DxaImage",
    "Spacing",
    "SpacingTags",
    "dicom_spacing",
    "header_spacing",
    "image_from_array",
    "read_image",
    "write_nrrd",
]
