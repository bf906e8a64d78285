"""MRML to core and back, in pairs; no state, no network, no qt.

Pixels are ``(x, y)`` of the stored image with (0, 0) the centre of its top-left
pixel, which is IJK ``(x, y, 0)`` of the volume.  World is Slicer's RAS, in mm (in
units of the volume's spacing where millimetres are unknown).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import slicer.util
import vtk
from numpy.typing import NDArray

import slicer
from vertenet.anatomy import Level, PointName, Spine, parse_label, point_label
from vertenet.errors import ImageError, LandmarkError
from vertenet.images import DxaImage, image_from_array

from .spacing import remember_image, volume_spacing
from .subject import subject_of


@dataclass(frozen=True)
class ImagePlane:
    """Where the pixels of a one-slice volume lie in the world.

    Attributes:
        to_ras: ``(4, 4)`` IJK to RAS, as the volume node holds it.
    """

    to_ras: NDArray[np.float64]

    @classmethod
    def of(cls, volume: slicer.vtkMRMLVolumeNode) -> ImagePlane:
        """The plane of a volume, with a linear parent transform applied.

        Raises:
            ImageError: if a transform bends the plane.
        """
        matrix = vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(matrix)
        to_ras = slicer.util.arrayFromVTKMatrix(matrix)
        transform = volume.GetParentTransformNode()
        if transform is None:
            return cls(to_ras)
        if not transform.IsTransformToWorldLinear():
            raise ImageError(
                "Expected an image in a plane, but a transform bends it. "
                "Remove the transform from the volume and try again."
            )
        transform.GetMatrixTransformToWorld(matrix)
        return cls(slicer.util.arrayFromVTKMatrix(matrix) @ to_ras)

    def ras_from_pixels(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(N, 2)`` pixels to ``(N, 3)`` RAS."""
        xy = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        return xy @ self.to_ras[:3, :2].T + self.to_ras[:3, 3]

    def pixels_from_ras(self, ras: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(N, 3)`` RAS to ``(N, 2)`` pixels: the nearest point of the plane.

        Exact inverse of :meth:`ras_from_pixels` to rounding (1e-12 of the size).
        """
        offset = np.asarray(ras, dtype=np.float64).reshape(-1, 3) - self.to_ras[:3, 3]
        return offset @ self._to_pixels

    @cached_property
    def _to_pixels(self) -> NDArray[np.float64]:
        # Once: it is asked for with every move of a point.
        axes = self.to_ras[:3, :2]
        return axes @ np.linalg.inv(axes.T @ axes)

    def distance(self, ras: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(N,)`` distance of points to the plane."""
        ras = np.asarray(ras, dtype=np.float64).reshape(-1, 3)
        return np.linalg.norm(ras - self.ras_from_pixels(self.pixels_from_ras(ras)), axis=1)


def image_from_volume(volume: slicer.vtkMRMLVolumeNode | None) -> DxaImage:
    """A volume's pixels and spacing as the core's image.

    Raises:
        ImageError: if there is no image data or more than one slice.
    """
    if volume is None or volume.GetImageData() is None:
        raise ImageError(
            "Expected a loaded image, got none. Load a lateral DXA image and select it."
        )
    columns, rows, slices = volume.GetImageData().GetDimensions()
    if slices != 1:
        raise ImageError(
            f"Expected an image with one slice, got {columns} x {rows} x {slices}. "
            "Select the lateral DXA image."
        )
    found = volume_spacing(volume)
    subject = subject_of(volume)
    sex, age_years = subject.used
    return image_from_array(
        _grey(slicer.util.arrayFromVolume(volume)[0]),
        name=volume.GetName() or "image",
        scale=found.scale,
        spacing_source=found.source,
        history=found.history,
        warnings=found.warnings,
        sex=sex,
        age_years=age_years,
        sources=subject.sources,
    )


def volume_from_image(image: DxaImage, *, name: str | None = None):
    """A new volume node with the core's image, laid out as ``image.nrrd`` is.

    Column runs towards patient-right to left in LPS as in files: RAS is
    ``(-x column, -y row, 0)``.
    """
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name or image.name)
    slicer.util.updateVolumeFromArray(volume, np.ascontiguousarray(image.pixels)[np.newaxis])
    diagonal = np.diag([-image.scale.column, -image.scale.row, 1.0, 1.0])
    volume.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(diagonal))
    remember_image(volume, image)
    volume.CreateDefaultDisplayNodes()
    return volume


def labels_of(spine: Spine) -> tuple[tuple[Level, PointName], ...]:
    """Which control point stands at which index, in the node's order."""
    return tuple((v.level, name) for v in spine for name in v.points)


def write_points(node: slicer.vtkMRMLMarkupsFiducialNode, spine: Spine, plane: ImagePlane) -> None:
    """Make the node's control points those of the spine: labels, places, states.

    The node ends unlocked with a fixed number of points.
    """
    keys = labels_of(spine)
    xy = np.array([_landmark(spine, key).xy for key in keys]).reshape(-1, 2)
    ras = plane.ras_from_pixels(xy)
    modified = node.StartModify()
    try:
        if node.GetNumberOfControlPoints() != len(keys):
            node.SetFixedNumberOfControlPoints(False)
            node.RemoveAllControlPoints()
            for position in ras:
                node.AddControlPointWorld(*position.tolist())
        for index, key in enumerate(keys):
            _write_point(node, index, spine, key, ras[index])
        node.SetLocked(False)
        node.SetFixedNumberOfControlPoints(True)
    finally:
        node.EndModify(modified)


def read_positions(
    node: slicer.vtkMRMLMarkupsFiducialNode, plane: ImagePlane
) -> dict[tuple[Level, PointName], tuple[float, float]]:
    """The pixels ``(x, y)`` of every control point by its label.

    Raises:
        LandmarkError: if a label is unknown or twice there, or a point has no position.
    """
    found: dict[tuple[Level, PointName], tuple[float, float]] = {}
    for index in range(node.GetNumberOfControlPoints()):
        label = node.GetNthControlPointLabel(index)
        key = parse_label(label)
        if key in found:
            raise LandmarkError(
                f"Expected each point once, got {label} twice. Rename or delete one of the two."
            )
        if node.GetNthControlPointPositionStatus(index) != node.PositionDefined:
            raise LandmarkError(
                f"Expected a position for {label}, but it is not placed. "
                "Place the point or restore the automatic points."
            )
        found[key] = pixel_of(node, index, plane)
    return found


def pixel_of(node: slicer.vtkMRMLMarkupsNode, index: int, plane: ImagePlane) -> tuple[float, float]:
    """The pixel ``(x, y)`` under one control point."""
    position = node.GetNthControlPointPositionWorld(index)
    x, y = plane.pixels_from_ras(np.array(position))[0]
    return float(x), float(y)


def _write_point(node, index: int, spine: Spine, key: tuple[Level, PointName], ras) -> None:
    landmark = _landmark(spine, key)
    node.SetNthControlPointLabel(index, point_label(*key))
    node.SetNthControlPointPositionWorld(index, *(float(c) for c in ras))
    # Selected and unselected are the two colours that Slicer has within one list.
    node.SetNthControlPointSelected(index, landmark.status.value == "auto")
    node.SetNthControlPointDescription(index, _description(spine, key))


def _description(spine: Spine, key: tuple[Level, PointName]) -> str:
    landmark, vertebra = _landmark(spine, key), spine.get(key[0])
    parts = [landmark.status.value]
    if landmark.sigma_px is not None:
        parts.append(f"sigma {landmark.sigma_px:.2f} px")
    if vertebra is not None and vertebra.score is not None:
        parts.append(f"score {vertebra.score:.2f}")
    return ", ".join(parts)


def _landmark(spine: Spine, key: tuple[Level, PointName]):
    level, name = key
    vertebra = spine.get(level)
    if vertebra is None or name not in vertebra.points:
        raise LandmarkError(
            f"Expected a point {point_label(level, name)}, but there is none. "
            "Add the vertebra by placing its points."
        )
    return vertebra.points[name]


def _grey(pixels: NDArray) -> NDArray[np.float32]:
    """Luminance of an RGB(A) volume (ITU-R BT.601), or the pixels as they are."""
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    return (pixels[..., :3].astype(np.float32)) @ np.array([0.299, 0.587, 0.114], np.float32)
