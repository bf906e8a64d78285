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
    show_names, show_labels, show_outlines, show_guides, show_regions, show_prior: what is
        drawn.
    colour_by: "grade" or "vertebra".
    export_folder: the folder of the last export.
    export_pdf, export_dicom, export_database, export_screenshot, export_identity: what is
        exported beside the usual files.
    """

    volume: vtkMRMLVolumeNode
    device: str = "auto"
    anterior: str = "auto"
    show_labels: bool = False
    show_outlines: bool = True
    show_guides: bool = True
    show_regions: bool = True
    show_names: bool = True
    show_prior: bool = True
    colour_by: str = "grade"
    export_folder: str = ""
    export_pdf: bool = False
    export_dicom: bool = False
    export_database: bool = False
    export_screenshot: bool = False
    export_identity: bool = False
