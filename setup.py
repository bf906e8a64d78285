"""Adds the top-level ``Resources`` to the package as ``vertenet._resources``.

A source checkout and a Slicer extension keep ``Resources`` where Slicer's
conventions want it; an installed package needs it inside.  All else is said
in ``pyproject.toml``.
"""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
SHIPPED = ("Models", "Schemas", "SampleData")
CORE = ROOT / "VerteNetSlicer"
PACKAGES = ("vertenet", "vertenet.*", "VerteNetSlicerLib", "vertenet_web")


def resource_patterns() -> list[str]:
    """Every file of the shipped folders, relative to ``Resources``."""
    resources = ROOT / "Resources"
    return sorted(
        path.relative_to(resources).as_posix()
        for folder in SHIPPED
        for path in (resources / folder).rglob("*")
        if path.is_file()
    )


setup(
    packages=[*find_packages(str(CORE), include=PACKAGES), "vertenet._resources"],
    package_dir={"": "VerteNetSlicer", "vertenet._resources": "Resources"},
    package_data={
        "vertenet": ["py.typed", "**/data/*"],
        "vertenet_web": ["serve/*"],
        "vertenet._resources": resource_patterns(),
    },
    include_package_data=False,
)
