"""MRML to core and back."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.errors import ImageError, LandmarkError


def plane_of(diagonal):
    from VerteNetSlicerLib.conversions import ImagePlane

    return ImagePlane(np.array(diagonal, dtype=float))


def test_pixels_become_world_and_pixels_again(scene):
    angle = np.deg2rad(30)
    turned = np.eye(4)
    turned[:3, 0] = 0.7 * np.array([np.cos(angle), np.sin(angle), 0])
    turned[:3, 1] = 0.4 * np.array([0, 0, -1])
    turned[:3, 3] = (12.0, -7.0, 3.0)
    plane = plane_of(turned)
    pixels = np.random.default_rng(0).uniform(0, 2000, (100, 2))
    # 1e-9 px: rounding of doubles at coordinates of a few thousand.
    assert np.allclose(plane.pixels_from_ras(plane.ras_from_pixels(pixels)), pixels, atol=1e-9)


def test_a_volume_of_ours_lies_as_the_written_file_does(volume):
    from VerteNetSlicerLib.conversions import ImagePlane

    ras = ImagePlane.of(volume).ras_from_pixels(np.array([[10.0, 20.0]]))[0]
    # LPS is (10 * 0.5, 20 * 0.6, 0); RAS turns the first two round.
    assert np.allclose(ras, [-5.0, -12.0, 0.0], atol=1e-12)


def test_an_image_becomes_a_volume_and_the_same_image(volume):
    from VerteNetSlicerLib.conversions import image_from_volume
    from VerteNetSlicerLib.selftest import made_image

    image, back = made_image(), image_from_volume(volume)
    assert np.array_equal(back.pixels, image.pixels)
    assert back.scale == image.scale
    assert (back.spacing_source, back.name) == ("user", image.name)


def test_a_colour_volume_becomes_grey(scene):
    import slicer
    from VerteNetSlicerLib.conversions import image_from_volume

    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "capture")
    rgb = np.random.default_rng(2).integers(0, 255, (1, 80, 70, 3), dtype=np.uint8)
    slicer.util.updateVolumeFromArray(node, rgb)
    expected = rgb[0].astype(float) @ [0.299, 0.587, 0.114]
    # 1e-3 grey values: single precision.
    assert np.allclose(image_from_volume(node).pixels, expected, atol=1e-3)


def test_points_are_written_to_a_node_and_read_back(examined):
    from VerteNetSlicerLib.conversions import read_positions
    from VerteNetSlicerLib.selftest import made_spine

    found = read_positions(examined.nodes.points, examined.plane)
    for vertebra in made_spine():
        for name, point in vertebra.points.items():
            assert found[vertebra.level, name] == pytest.approx((point.x, point.y), abs=1e-9)


def test_a_volume_of_many_slices_is_refused(scene):
    import slicer
    from VerteNetSlicerLib.conversions import image_from_volume

    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    slicer.util.updateVolumeFromArray(node, np.zeros((5, 40, 40), np.int16))
    with pytest.raises(ImageError, match="one slice"):
        image_from_volume(node)


def test_no_volume_and_an_empty_volume_are_refused(scene):
    from VerteNetSlicerLib.conversions import image_from_volume

    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty")
    for node in (None, empty):
        with pytest.raises(ImageError, match="Load a lateral DXA image"):
            image_from_volume(node)


def test_a_label_twice_is_refused(examined):
    from VerteNetSlicerLib.conversions import read_positions

    examined.close()
    examined.nodes.points.SetNthControlPointLabel(
        1, examined.nodes.points.GetNthControlPointLabel(0)
    )
    with pytest.raises(LandmarkError, match="once"):
        read_positions(examined.nodes.points, examined.plane)


def test_points_follow_the_transform_of_their_volume(examined, scene):
    import vtk

    import slicer
    from VerteNetSlicerLib.conversions import read_positions

    before = read_positions(examined.nodes.points, examined.plane)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 25.0)
    transform.SetMatrixTransformToParent(matrix)
    examined.nodes.volume.SetAndObserveTransformNodeID(transform.GetID())
    world = np.array(examined.nodes.points.GetNthControlPointPositionWorld(0))
    assert world[0] == pytest.approx(25.0 - before[next(iter(before))][0] * 0.5)
    after = read_positions(examined.nodes.points, examined.plane)
    assert np.allclose(list(after.values()), list(before.values()), atol=1e-9)
    assert isinstance(transform, slicer.vtkMRMLLinearTransformNode)
