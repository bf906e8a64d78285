"""Outlines, guides and AAC regions as model nodes that follow the points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import slicer.util
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

import slicer
from vertenet.analysis import Analysis
from vertenet.anatomy import POINT_NAMES, Level, Vertebra
from vertenet.measure import Plaque, Wall

from .conversions import ImagePlane

Line = tuple[NDArray[np.float64], tuple[int, int, int]]

# Told apart by colour-blind readers.  Source: Okabe and Ito 2008, Color Universal Design.
GRADE_COLOURS = {
    0: (0, 158, 115),
    1: (240, 228, 66),
    2: (230, 159, 0),
    3: (213, 94, 0),
    None: (170, 170, 170),
}
# Neighbours far apart; each comes again after five vertebrae.
VERTEBRA_COLOURS = (
    (230, 159, 0), (86, 180, 233), (240, 228, 66), (0, 158, 115), (204, 121, 167),
)  # fmt: skip
GUIDE_COLOUR = (86, 180, 233)
THIRD_COLOUR = (150, 200, 230)
# The walls as on the report's overlay.
POSTERIOR_COLOUR = (0, 114, 178)
ANTERIOR_COLOUR = (204, 121, 167)

# The same hues, brighter: a line on soft tissue.
READ_COLOURS = {"posterior": (80, 190, 255), "anterior": (255, 150, 210)}
REGION_OPACITY = 0.3

# A prior and what is chosen are no finding: hues that no grade and no wall has.
_ONE_COLOUR = {"prior": (255, 255, 255), "plaques": (255, 176, 0), "highlight": (0, 255, 255)}

PALETTE = tuple(
    dict.fromkeys(
        (
            *GRADE_COLOURS.values(),
            *VERTEBRA_COLOURS,
            *(GUIDE_COLOUR, THIRD_COLOUR, POSTERIOR_COLOUR, ANTERIOR_COLOUR),
            *READ_COLOURS.values(),
            *_ONE_COLOUR.values(),
        )
    )
)
"""All colours there are; a line's number is its place in here."""
_SCALARS = "colour"
_PALETTE = "VerteNet.palette"

ROLES = ("outlines", "guides", "regions", "prior", "plaques", "highlight")
_THICKNESS = {"outlines": 2, "plaques": 5}
_OPACITY = {"prior": 0.6}
# Of the body's own size.
_FRAME = 1.18


@dataclass(frozen=True)
class Extras:
    """What is drawn beside the analysis.

    Attributes:
        prior: outlines of an earlier examination, pixels.
        plaques: what a reader marked on the walls.
        touched: the vertebra that is worked on, or None.
    """

    prior: tuple[NDArray[np.float64], ...] = ()
    plaques: tuple[Plaque, ...] = ()
    touched: Vertebra | None = None


def colour_of(level: Level) -> tuple[int, int, int]:
    """The colour of a vertebra's own, red, green and blue from 0 to 255."""
    return VERTEBRA_COLOURS[level.order % len(VERTEBRA_COLOURS)]


def outline_lines(analysis: Analysis, *, by_vertebra: bool = False) -> list[Line]:
    """One closed line per vertebral body, in the colour of its grade or of its own."""
    lines = []
    for vertebra, measures in zip(analysis.spine, analysis.vertebrae, strict=True):
        colour = colour_of(vertebra.level) if by_vertebra else GRADE_COLOURS[measures.final_grade]
        lines.append((_outline(vertebra), colour))
    return lines


def _outline(vertebra: Vertebra) -> NDArray[np.float64]:
    names = [n for n in POINT_NAMES if n in vertebra.points]
    return np.array([vertebra.points[n].xy for n in (*names, names[0])])


def _around(vertebra: Vertebra) -> NDArray[np.float64]:
    """A frame outside the body: its end plates and the colour of its grade stay in sight."""
    outline = _outline(vertebra)
    centre = outline[:-1].mean(axis=0)
    return centre + (outline - centre) * _FRAME


def guide_lines(analysis: Analysis) -> list[Line]:
    """The intervertebral guides and, paler, the thirds between them."""
    aac = analysis.aac
    pairs = [(g, GUIDE_COLOUR) for g in aac.guides] + [(t, THIRD_COLOUR) for t in aac.thirds]
    return [(np.array([g.posterior, g.anterior, g.end]), colour) for g, colour in pairs]


def region_polygons(analysis: Analysis) -> list[Line]:
    """The walls' regions L1 to L4: posterior, anterior; closed polygons."""
    out: list[Line] = []
    for segment in analysis.aac.segments:
        walls = ((segment.posterior, POSTERIOR_COLOUR), (segment.anterior, ANTERIOR_COLOUR))
        out += [(np.array(wall), colour) for wall, colour in walls if len(wall) > 3]
    return out


def wall_outline(analysis: Analysis, wall: Wall) -> list[Line]:
    """The closed outline of one wall's region; nothing where it is withheld or outside."""
    level, name = wall
    polygons = [getattr(s, name) for s in analysis.aac.segments if s.level is level]
    return [(np.array(polygon), READ_COLOURS[name]) for polygon in polygons if len(polygon) > 3]


def poly_data(shapes: Sequence[Line], plane: ImagePlane, *, filled: bool) -> vtk.vtkPolyData:
    """Lines or filled polygons in RAS, each with the place of its colour in the palette."""
    data = vtk.vtkPolyData()
    if not shapes:
        # Without the array, though empty, Slicer warns that it has no range.
        none = vtk.vtkUnsignedCharArray()
        none.SetName(_SCALARS)
        data.GetCellData().AddArray(none)
        return data
    counts = [len(xy) - 1 if filled else len(xy) for xy, _ in shapes]
    used = [xy[:n] for (xy, _), n in zip(shapes, counts, strict=True)]
    ras = plane.ras_from_pixels(np.concatenate(used))
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(ras, deep=True))
    data.SetPoints(points)
    cells = vtk.vtkCellArray()
    offsets = np.concatenate([[0], np.cumsum(counts)])
    cells.SetData(_ids(offsets), _ids(np.arange(len(ras))))
    if filled:
        data.SetPolys(cells)
    else:
        data.SetLines(cells)
    places = np.array([PALETTE.index(c) for _, c in shapes], dtype=np.uint8)
    colours = numpy_to_vtk(places, deep=True)
    colours.SetName(_SCALARS)
    data.GetCellData().SetScalars(colours)
    return data


def update_drawing(
    models: dict[str, object],
    analysis: Analysis,
    plane: ImagePlane,
    wall: Wall | None = None,
    *,
    by_vertebra: bool = False,
) -> None:
    """Bring the model nodes of :data:`ROLES` to the state of the analysis.

    While a wall is read its outline stands in place of all regions: a tint would hide
    the plaque that is looked for.
    """
    shapes: dict[str, Iterable[Line]] = {
        "outlines": outline_lines(analysis, by_vertebra=by_vertebra),
        "guides": guide_lines(analysis),
        "regions": region_polygons(analysis) if wall is None else wall_outline(analysis, wall),
    }
    opacity, thickness = (REGION_OPACITY, 1) if wall is None else (1.0, 3)
    _set_look(models["regions"], opacity, thickness)
    for role, content in shapes.items():
        filled = role == "regions" and wall is None
        models[role].SetAndObservePolyData(poly_data(list(content), plane, filled=filled))


def update_extras(models: dict[str, object], extras: Extras, plane: ImagePlane) -> None:
    """Bring the other model nodes to what is drawn beside the analysis."""
    lines = {
        "prior": list(extras.prior),
        "plaques": [np.array([p.start, p.end]) for p in extras.plaques],
        "highlight": [] if extras.touched is None else [_around(extras.touched)],
    }
    for role, shapes in lines.items():
        content = [(xy, _ONE_COLOUR[role]) for xy in shapes]
        present = models[role].GetPolyData()
        if content or (present is not None and present.GetNumberOfPoints()):
            models[role].SetAndObservePolyData(poly_data(content, plane, filled=False))


def make_model(role: str, name: str) -> slicer.vtkMRMLModelNode:
    """A new model node that a slice view shows as lines or as tinted areas."""
    model = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", name)
    model.SetSelectable(False)
    model.CreateDefaultDisplayNodes()
    display = model.GetDisplayNode()
    display.SetVisibility2D(True)
    # A plane through a flat shape cuts nothing: it is projected instead.
    display.SetSliceDisplayModeToProjection()
    display.SetBackfaceCulling(False)
    colour(model)
    opacity = REGION_OPACITY if role == "regions" else _OPACITY.get(role, 1.0)
    _set_look(model, opacity, _THICKNESS.get(role, 1))
    return model


def colour(model) -> None:
    """Let a model show the palette's colours; a scene is saved without them.

    Slicer could map colours directly, but then gives VTK a range of nothing, which it
    complains about with each picture (vtkMRMLDisplayNode::UpdateScalarRange).
    """
    display = model.GetDisplayNode()
    if display is None:
        return
    display.SetAndObserveColorNodeID(_palette_node().GetID())
    display.SetActiveScalar(_SCALARS, vtk.vtkAssignAttribute.CELL_DATA)
    # That of one byte: 0 to 255, so that a number is a place in the palette.
    display.SetScalarRangeFlag(display.UseDataTypeScalarRange)
    display.SetScalarVisibility(True)


def _palette_node() -> slicer.vtkMRMLColorTableNode:
    for node in slicer.util.getNodesByClass("vtkMRMLColorTableNode"):
        if node.GetAttribute(_PALETTE):
            return node
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLColorTableNode", "VerteNet colours")
    node.SetAttribute(_PALETTE, "1")
    node.SetSaveWithScene(False)
    node.SetHideFromEditors(True)
    node.SetTypeToUser()
    node.SetNumberOfColors(256)
    for place, rgb in enumerate(PALETTE):
        node.SetColor(place, *(c / 255 for c in rgb), 1.0)
    return node


def _set_look(model, opacity: float, thickness: int) -> None:
    display = model.GetDisplayNode()
    if display is not None and display.GetSliceIntersectionThickness() != thickness:
        display.SetSliceIntersectionThickness(thickness)
    if display is not None and display.GetSliceIntersectionOpacity() != opacity:
        display.SetSliceIntersectionOpacity(opacity)
        display.SetOpacity(opacity)


def _ids(values: NDArray) -> vtk.vtkIdTypeArray:
    return numpy_to_vtkIdTypeArray(np.ascontiguousarray(values, dtype=np.int64), deep=True)
