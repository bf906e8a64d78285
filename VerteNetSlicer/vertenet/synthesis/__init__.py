"""Synthetic lateral spine scans with their truth, from statistics of real spine shapes.

A scan is a sum of layers of attenuation (bodies, posterior elements, ribs,
shoulder, pelvis, soft tissue, air, aorta, implants), turned to grey by one of
three scanner looks and framed as scanners frame it.  Every scan is replayed
from its seed.
"""

from __future__ import annotations

from .parameters import FIELDS, LOOKS, draw_parameters
from .render import SyntheticScan, render_scan, synthesise, synthesise_batch
from .truth import Aorta

__all__ = [
    "FIELDS",
    "LOOKS",
    "Aorta",
    "SyntheticScan",
    "draw_parameters",
    "render_scan",
    "synthesise",
    "synthesise_batch",
]
