"""VerteNet: vertebral landmarks, fracture grades and AAC guides on lateral-spine DXA.

Research use only.  Importing this package loads neither torch nor any host.
"""

__version__ = "0.2.0"
