"""What is seen of the image: how much of it, how bright, and what is drawn over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vertenet.errors import ConfigurationError
from VerteNetSlicerLib import cursor
from VerteNetSlicerLib.choices import COLOURS
from VerteNetSlicerLib.light import Light, light_of, set_light

ACTIONS = (
    *("fit", "zoom", "pan", "show_layer", "hide", "colour_by"),
    *("light", "brighter", "invert"),
)
_ZOOM_STEP = 0.2
# Of what is shown.
_PAN_STEP = 0.1
_LAYERS = ("names", "outlines", "guides", "regions", "prior")


class Sight:
    """What a reader can do with the picture.

    Args:
        reader: whose image and logic it is.
        view: the slice view.

    Attributes:
        bare: True while nothing is drawn over the image.
    """

    def __init__(self, reader: Any, view: Any) -> None:
        self._reader = reader
        self._view = view
        self.bare = False

    @property
    def actions(self) -> dict[str, Callable[..., None]]:
        """What the page may ask for, by name."""
        return {name: getattr(self, name) for name in ACTIONS}

    @property
    def layers(self) -> dict[str, bool]:
        """What can be drawn, and whether it is."""
        state, found = self._reader.logic.state, self._reader.examination
        there = _LAYERS if found is not None and found.prior is not None else _LAYERS[:-1]
        return {name: bool(getattr(state, f"show_{name}")) for name in there}

    @property
    def shown_light(self) -> Light:
        """How bright the present image is shown."""
        volume = self._reader.volume
        return Light() if volume is None else light_of(volume)

    def fit(self) -> None:
        """Show the whole image."""
        self._view.fit()

    def zoom(self, steps: float, column: float = 0.0, row: float = 0.0) -> None:
        """Come closer or go farther.

        Args:
            steps: closer where positive.
            column, row: what stays where it is, in shares of the view from its middle.
        """
        factor = _ZOOM_STEP * float(steps)
        if abs(factor) >= 1:
            raise ValueError(steps)
        self._view.zoom(factor)
        stays = factor / (1 - factor)
        cursor.pan(float(column) * stays, float(row) * stays)

    def pan(self, columns: float, rows: float) -> None:
        """Go to what lies to the right or below, by steps."""
        cursor.pan(_PAN_STEP * float(columns), _PAN_STEP * float(rows))
        self._view.render()

    def show_layer(self, name: str, shown: bool) -> None:
        """Draw a layer, or not."""
        if name not in _LAYERS:
            raise ValueError(name)
        setattr(self._reader.logic.state, f"show_{name}", bool(shown))
        self.bare = False
        self._reader.apply_layers()

    def hide(self) -> None:
        """Show the image bare, or with all that was drawn again."""
        self.bare = not self.bare
        self._reader.apply_layers()

    def colour_by(self, what: str) -> None:
        """Let the outlines tell the grade, or the vertebra."""
        if what not in COLOURS:
            raise ConfigurationError(
                f"Expected colours by {' or '.join(COLOURS)}, got '{what}'. Choose one."
            )
        self._reader.logic.state.colour_by = what
        self._reader.apply_layers()

    def light(self, brightness: float, contrast: float, inverted: bool) -> None:
        """Show the image as bright, and with as much contrast, as that; 0 as it came."""
        set_light(self._reader.needed(), Light(float(brightness), float(contrast), bool(inverted)))
        self._view.render()

    def brighter(self, brightness: float, contrast: float) -> None:
        """The same, from what it is now."""
        now = self.shown_light
        self.light(now.brightness + brightness, now.contrast + contrast, now.inverted)

    def invert(self) -> None:
        """Show dense bone dark, or bright again."""
        now = self.shown_light
        self.light(now.brightness, now.contrast, not now.inverted)
