"""The tree of errors that VerteNet raises on purpose.

Every message says what was expected, what was got and what to do.  Hosts
(command line, Slicer, browser) catch :class:`VerteNetError` at their edge and
show the message as it is; anything else that escapes is a defect.
"""

LONGEST = 1000
"""Characters of a message."""


class VerteNetError(Exception):
    """Root of all errors raised on purpose; the message is fit for a user.

    What a damaged file holds may be in it, so a very long message is shortened in its middle:
    what was expected stands at its beginning, what to do at its end.
    """

    def __str__(self) -> str:
        text = super().__str__()
        return text if len(text) <= LONGEST else f"{text[:700]} ... {text[-250:]}"


class ImageError(VerteNetError):
    """A file is not an image that can be analysed."""


class LandmarkError(VerteNetError):
    """Points or levels are not a valid set of landmarks."""


class ModelError(VerteNetError):
    """A network's files are missing, damaged or of another kind."""


class OutputError(VerteNetError):
    """A result could not be written."""


class ConfigurationError(VerteNetError):
    """An option or a setting has a value that cannot be used."""


class MissingDependencyError(VerteNetError):
    """An optional package is needed for what was asked and is not installed."""
