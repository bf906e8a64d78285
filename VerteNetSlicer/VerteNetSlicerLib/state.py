"""What a reader chose in the module: a typed parameter node, saved with the scene.

Points, decisions and grades are not here but with the nodes of their volume, so
that several volumes in a scene keep their own.
"""

from slicer.parameterNodeWrapper import parameterNodeWrapper

from slicer import vtkMRMLVolumeNode

# No `from __future__ import annotations`: the wrapper reads the types themselves.


@parameterNodeWrapper
class VerteNetState:
    """The module's parameters.

    volume: the image that is looked at.
    device: "auto", "cpu" or "cuda".
    anterior: "auto", "left" or "right".
    show_labels, show_outlines, show_guides, show_regions: what is drawn.
    export_folder: the folder of the last export.
    """

    volume: vtkMRMLVolumeNode
    device: str = "auto"
    anterior: str = "auto"
    show_labels: bool = False
    show_outlines: bool = True
    show_guides: bool = True
    show_regions: bool = True
    export_folder: str = ""
