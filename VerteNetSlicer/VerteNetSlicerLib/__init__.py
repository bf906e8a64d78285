"""The glue between Slicer's scene and :mod:`vertenet`; imports neither qt nor torch."""
