"""Brightness and contrast of an image, on Slicer's window and level; no qt.

Only what is seen changes: points, measures and files do not know of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_WINDOW, _LEVEL = "VerteNet.window", "VerteNet.level"
_GREY, _INVERTED = "vtkMRMLColorTableNodeGrey", "vtkMRMLColorTableNodeInvertedGrey"
#: Largest brightness and contrast, either way.
MOST = 100
# At the ends the image is darker or brighter by this share of its window,
_SHIFT = 0.5
# and its window narrower or wider by this factor.
_FACTOR = 5.0


@dataclass(frozen=True)
class Light:
    """How an image is shown, beside Slicer's own choice.

    Attributes:
        brightness, contrast: -100 to 100; 0 as Slicer chooses.
        inverted: True where dense bone is dark.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    inverted: bool = False


def light_of(volume) -> Light:
    """How a volume is shown now."""
    display = volume.GetDisplayNode()
    inverted = display.GetColorNodeID() == _INVERTED
    known = [display.GetAttribute(name) for name in (_WINDOW, _LEVEL)]
    if None in known:
        return Light(inverted=inverted)
    window, level = map(float, known)
    narrower = window / display.GetWindow()
    brightness = (level - display.GetLevel()) / (window * _SHIFT) * MOST
    return Light(brightness, math.log(narrower, _FACTOR) * MOST, inverted)


def set_light(volume, light: Light) -> None:
    """Show a volume brighter, with more contrast, inverted; values beyond are cut."""
    display = volume.GetDisplayNode()
    if display.GetAttribute(_WINDOW) is None:
        display.SetAttribute(_WINDOW, repr(display.GetWindow()))
        display.SetAttribute(_LEVEL, repr(display.GetLevel()))
    window, level = (float(display.GetAttribute(name)) for name in (_WINDOW, _LEVEL))
    brightness, contrast = (
        max(-MOST, min(MOST, v)) / MOST for v in (light.brightness, light.contrast)
    )
    modified = display.StartModify()
    try:
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(window / _FACTOR**contrast, level - brightness * window * _SHIFT)
        display.SetAndObserveColorNodeID(_INVERTED if light.inverted else _GREY)
    finally:
        display.EndModify(modified)
