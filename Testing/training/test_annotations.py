"""Every form of annotation gives the same points."""

import json

import numpy as np
import pytest

from vertenet.anatomy import Landmark, Level, PointName, Side, Spine, Vertebra
from vertenet.errors import LandmarkError, VerteNetError
from vertenet.geometry import PixelScale
from vertenet.images import image_from_array, write_nrrd
from vertenet.network.compact import BODY_CLASSES
from vertenet.pipeline import measure
from vertenet.report import ImageFrame, write_folder
from vertenet.training.annotated import BODIES, stem
from vertenet.training.annotations import read_annotations
from vertenet.training.matlab import read_mat
from vertenet.training.own_images import ImageFiles, read_annotated

BODY = np.array([[10.0, 20], [25, 21], [40, 20], [41, 50], [25, 48], [9, 50]])
CORNERS = {"PS": 0, "AS": 2, "AI": 3, "PI": 5}
PUBLISHED = ("T12", "L1", "L2", "L3", "L4", "L5")


def spine():
    scale = PixelScale(0.5, 0.25, in_mm=True)
    vertebrae = [
        Vertebra(
            level, {p: Landmark(*(BODY[i] + [0, 40 * k]), 1.5) for i, p in enumerate(PointName)}
        )
        for k, level in enumerate((Level.L1, Level.L2))
    ]
    frame = ImageFrame("scan.dcm", 200, 300, scale, "user")
    return measure(Spine(tuple(vertebrae), Side.RIGHT), frame)


def rows(names=tuple(CORNERS) + ("MS", "MI")):
    order = [p.value for p in PointName]
    return [f"a.png,L1,{n},{BODY[order.index(n), 0]},{BODY[order.index(n), 1]}" for n in names]


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_annotated_bodies_are_those_the_network_tells_apart():
    assert BODIES == BODY_CLASSES


def test_a_csv_with_six_points_gives_a_whole_body(tmp_path):
    found = read_annotations(write(tmp_path / "p.csv", "image,level,point,x,y", *rows()))
    np.testing.assert_array_equal(found["a.png"].bodies["L1"], BODY)


def test_a_csv_with_four_corners_has_no_mid_points(tmp_path):
    found = read_annotations(write(tmp_path / "p.csv", "image,level,point,x,y", *rows(CORNERS)))
    body = found["a.png"].bodies["L1"]
    assert np.isnan(body[[1, 4]]).all()
    np.testing.assert_array_equal(body[[0, 2, 3, 5]], BODY[[0, 2, 3, 5]])


def test_a_vertebra_may_have_some_of_its_points(tmp_path):
    found = read_annotations(write(tmp_path / "p.csv", "image,level,point,x,y", *rows(("PS",))))
    assert np.isfinite(found["a.png"].bodies["L1"]).all(axis=1).tolist() == [True] + [False] * 5


def test_further_columns_tell_grade_look_quality_and_certainty(tmp_path):
    found = read_annotations(
        write(
            tmp_path / "p.csv",
            "image,level,point,x,y,grade,look,quality,level_certain,confidence,sigma_px,patient",
            "a,L1,PS,1,2,2,bright,poor,False,low,0.5,P7",
        )
    )["a"]
    assert (found.grade, found.look, found.quality, found.patient) == (
        {"L1": 2},
        "bright",
        "poor",
        "P7",
    )
    assert found.uncertain == {"L1"}
    assert found.confidence["L1"][0] == "low"
    assert found.sigma["L1"][0] == 0.5 and np.isnan(found.sigma["L1"][1])


def test_a_truth_table_beside_the_points_is_read_too(tmp_path):
    write(tmp_path / "points.csv", "image,level,point,x,y", *rows())
    write(
        tmp_path / "truth.csv",
        "image,level,visible,grade,look,spacing_row_mm,spacing_column_mm",
        "a.png,L1,1,3,faint,0.5,0.4",
    )
    found = read_annotations(tmp_path)["a.png"]
    assert (found.grade, found.look, found.spacing_mm) == ({"L1": 3}, "faint", (0.5, 0.4))


@pytest.mark.parametrize(("anterior", "rows_of"), [("right", [0, 2, 3, 5]), ("left", [2, 0, 5, 3])])
def test_corners_named_by_the_image_follow_the_side_that_is_anterior(tmp_path, anterior, rows_of):
    lines = [f"a,L1,{c},{i},0,{anterior}" for i, c in enumerate(("TL", "TR", "BR", "BL"))]
    found = read_annotations(write(tmp_path / "p.csv", "image,level,point,x,y,anterior", *lines))
    assert found["a"].facing == anterior
    np.testing.assert_array_equal(found["a"].bodies["L1"][rows_of, 0], [0, 1, 2, 3])


def test_vertebrae_without_levels_are_kept_apart(tmp_path):
    lines = [f"a,{k},{c},{k},{i}" for k in (0, 1) for i, c in enumerate(("TL", "TR", "BR", "BL"))]
    found = read_annotations(write(tmp_path / "p.csv", "image,vertebra,corner,x,y", *lines))["a"]
    assert set(found.bodies) == {"?0", "?1"} == found.uncertain
    assert found.facing is None


def makesense(label):
    return [f"{label},{100 + 10 * (i % 2)},{20 * i},x.jpg,402,1104" for i in range(24)]


@pytest.mark.parametrize("heading", [(), ("label,x,y,fname,x_dim,y_dim",)])
def test_makesense_points_come_in_the_published_order(tmp_path, heading):
    found = read_annotations(write(tmp_path / "m.csv", *heading, *makesense("1")))["x.jpg"]
    assert tuple(found.bodies) == PUBLISHED
    assert found.size == (402, 1104)
    body = found.bodies["L1"]  # rows 4 to 7: TL, TR, BL, BR
    expected = [[100, 80], [110, 100], [100, 120], [110, 140]]
    np.testing.assert_array_equal(body[[0, 2, 5, 3]], expected)


def test_a_decimal_comma_between_commas_is_refused_and_not_cut_off(tmp_path):
    path = write(tmp_path / "p.csv", "image,level,point,x,y", "a.png,L1,PS,10,5,20,5")
    with pytest.raises(LandmarkError, match="row 2: expected 5 cells as in the heading, got 7"):
        read_annotations(path)


def test_makesense_labels_may_name_level_and_point(tmp_path):
    found = read_annotations(write(tmp_path / "m.csv", "L1_PS,1,2,x.jpg,40,50"))["x.jpg"]
    np.testing.assert_array_equal(found.bodies["L1"][0], [1, 2])


def test_points_that_nothing_names_are_refused(tmp_path):
    with pytest.raises(LandmarkError, match="23 points labelled '1'"):
        read_annotations(write(tmp_path / "m.csv", *makesense("1")[:23]))


def test_the_published_mat_has_24_corners(tmp_path):
    from scipy.io import savemat

    points = np.arange(48, dtype=np.uint16).reshape(24, 2)
    savemat(tmp_path / "10623583.jpg.mat", {"p2": points})
    found = read_annotations(tmp_path)["10623583.jpg"]
    assert tuple(found.bodies) == PUBLISHED
    np.testing.assert_array_equal(found.bodies["T12"][[0, 2, 5, 3]], points[:4])


def test_a_mat_of_another_shape_is_refused(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"p2": np.zeros((6, 2))})
    with pytest.raises(LandmarkError, match=r"24 x 2"):
        read_annotations(tmp_path / "a.mat")


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64])
def test_mat_arrays_are_those_that_scipy_reads(tmp_path, compressed, kind):
    from scipy.io import loadmat, savemat

    points = np.arange(48).reshape(24, 2).astype(kind)
    more = {"p2": points, "note": "text", "flag": np.eye(3), "c": np.ones(3) * 1j}
    savemat(tmp_path / "a.mat", more, do_compression=compressed)
    found = read_mat((tmp_path / "a.mat").read_bytes())
    for name in ("p2", "flag"):
        np.testing.assert_array_equal(found[name], loadmat(tmp_path / "a.mat")[name])
    assert "note" not in found


def test_a_cut_mat_is_refused(tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "a.mat", {"p2": np.zeros((24, 2))})
    data = (tmp_path / "a.mat").read_bytes()
    for length in (0, 100, 130, 200, len(data) - 1):
        (tmp_path / "b.mat").write_bytes(data[:length])
        with pytest.raises(LandmarkError, match="Expected"):
            read_annotations(tmp_path / "b.mat")


def test_our_output_folder_keeps_points_sigma_size_and_spacing(tmp_path):
    write_folder(spine(), tmp_path / "scan")
    found = read_annotations(tmp_path)["scan.dcm"]
    np.testing.assert_allclose(found.bodies["L2"], BODY + [0, 40], atol=1e-9)
    assert found.sigma["L2"].tolist() == [1.5] * 6
    assert (found.size, found.spacing_mm) == ((200, 300), (0.5, 0.25))


def test_a_point_that_was_dragged_has_lost_its_sigma(tmp_path):
    write_folder(spine(), tmp_path / "scan")
    path = tmp_path / "scan" / "landmarks.mrk.json"
    content = json.loads(path.read_text())
    content["markups"][0]["controlPoints"][0]["position"][0] += 1.0
    path.write_text(json.dumps(content))
    found = read_annotations(path)["scan.dcm"]
    assert np.isnan(found.sigma["L1"][0]) and found.sigma["L1"][1] == 1.5
    np.testing.assert_allclose(found.bodies["L1"][0], BODY[0] + [1.0 / 0.25, 0])


def test_slicer_may_save_in_ras_and_without_some_points(tmp_path):
    points = [
        {"label": "L1_PS", "position": [-3.0, -4.0, 0.0]},
        {"label": "L1_AS", "position": [-9.0, -4.0, 0.0], "positionStatus": "undefined"},
        {"label": "note", "position": [0.0, 0.0, 0.0]},
    ]
    node = {"coordinateSystem": "RAS", "controlPoints": points}
    (tmp_path / "scan7.mrk.json").write_text(json.dumps({"markups": [node]}))
    found = read_annotations(tmp_path)["scan7"]
    np.testing.assert_array_equal(found.bodies["L1"][0], [3, 4])
    assert np.isnan(found.bodies["L1"][2]).all()


def test_a_report_alone_is_read(tmp_path):
    write_folder(spine(), tmp_path / "scan")
    found = read_annotations(tmp_path / "scan" / "report.json")["scan.dcm"]
    np.testing.assert_allclose(found.bodies["L1"], BODY)


def coco(category, keypoints, **more):
    return {
        "images": [{"id": 4, "file_name": "a.png", "width": 60, "height": 70}],
        "categories": [category],
        "annotations": [{"image_id": 4, "category_id": 1, "keypoints": keypoints, **more}],
    }


@pytest.mark.parametrize(
    ("category", "more"),
    [
        ({"id": 1, "name": "L1", "keypoints": ["PS", "AS"]}, {}),
        ({"id": 1, "name": "vertebra", "keypoints": ["PS", "AS"]}, {"attributes": {"level": "L1"}}),
        ({"id": 1, "name": "spine", "keypoints": ["L1_PS", "L1_AS"]}, {}),
    ],
)
def test_coco_keypoints_name_their_level_in_three_ways(tmp_path, category, more):
    (tmp_path / "c.json").write_text(json.dumps(coco(category, [1, 2, 2, 5, 6, 0], **more)))
    found = read_annotations(tmp_path / "c.json")["a.png"]
    np.testing.assert_array_equal(found.bodies["L1"][0], [1, 2])
    assert np.isnan(found.bodies["L1"][2]).all()  # v = 0: not placed
    assert found.size == (60, 70)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("a,L9,PS,1,2", "T1 to S1"),
        ("a,L1,XX,1,2", "PS, MS"),
        ("a,L1,PS,one,2", "numbers"),
        (",L1,PS,1,2", "image's name"),
        ("a,L1,PS,nan,2", "numbers"),
    ],
)
def test_a_bad_row_is_named(tmp_path, line, why):
    path = write(tmp_path / "p.csv", "image,level,point,x,y", line)
    with pytest.raises(LandmarkError, match=why) as told:
        read_annotations(path)
    assert "row 2" in str(told.value)


def test_a_point_given_twice_is_refused(tmp_path):
    lines = rows(("PS", "PS"))
    with pytest.raises(LandmarkError, match="twice"):
        read_annotations(write(tmp_path / "p.csv", "image,level,point,x,y", *lines))


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"markups": 3}',
        b'{"markups": [[]]}',
        b"\x00\x01\x02",
        b"",
        b"a,b\n1,2\n",
        b'{"annotations": []}',
        b'{"schema": "vertenet-report/1"}',
        b"[1, 2]",
        # half of a UTF-16 pair can be read, and never be written again
        b'{"schema": "vertenet-report/1", "image": {"file": "a\\ud800b"}, "vertebrae": []}',
        b'{"annotations": [], "images": [{"id": 1, "file_name": "\\udc00.png"}]}',
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, content):
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(VerteNetError, match="Expected"):
        read_annotations(tmp_path / "p")


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(LandmarkError, match="nothing is there"):
        read_annotations(tmp_path / "no")
    with pytest.raises(LandmarkError, match="got none"):
        read_annotations(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dxa_a", "dxa_a"),
        ("dxa_a.PNG", "dxa_a"),
        ("x/y/a.dcm", "a"),
        ("10.jpg.mat", "10"),
        ("s.nii.gz", "s"),
        ("1.2.840.113", "1.2.840.113"),
        ("scan.v2", "scan"),
    ],
)
def test_names_are_matched_without_their_ending(name, expected):
    assert stem(name) == expected


@pytest.mark.parametrize(
    ("columns", "cells", "message"),
    [
        ("x,y", "1e8,2", "Expected pixels of an image"),
        ("x,y", "1,-1e308", "Expected pixels of an image"),
        ("x,y,width,height", "1,2,0,5", "Expected the size of an image"),
        ("x,y,width,height", "1,2,1e300,5", "Expected the size of an image"),
        (
            "x,y,spacing_row_mm,spacing_column_mm",
            "1,2,0,1",
            "Expected a pixel's size from 0.0001 to 10000 mm",
        ),
        (
            "x,y,spacing_row_mm,spacing_column_mm",
            "1,2,1,1e5",
            "Expected a pixel's size from 0.0001 to 10000 mm",
        ),
    ],
)
def test_what_no_image_can_have_is_refused(tmp_path, columns, cells, message):
    path = write(tmp_path / "p.csv", f"image,level,point,{columns}", f"a,L1,PS,{cells}")
    with pytest.raises(LandmarkError, match=f"row 2: {message}"):
        read_annotations(path)


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "1e400", "1e12"])
def test_points_far_from_any_image_are_refused_in_json(tmp_path, value):
    text = json.dumps(
        coco({"id": 1, "name": "L1", "keypoints": ["PS", "AS"]}, [1, 2, 2, 5, 12345, 2])
    )
    (tmp_path / "c.json").write_text(text.replace("12345", value))
    with pytest.raises(LandmarkError, match="Expected pixels of an image"):
        read_annotations(tmp_path / "c.json")


@pytest.mark.parametrize("grade", [-1, 4, 10**30, 1.5, "2", True])
def test_a_grade_that_is_none_is_refused_in_a_report(tmp_path, grade):
    report = {"schema": "vertenet-report/1", "image": {"file": "a"},
              "vertebrae": [{"level": "L1", "points": {}, "final_grade": grade}]}  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps(report))
    with pytest.raises(LandmarkError, match="a grade or score of"):
        read_annotations(tmp_path / "r.json")


@pytest.mark.parametrize("scale", [PixelScale(0.5, 0.25, in_mm=True), PixelScale(2.0, 1.0)])
def test_markups_placed_by_hand_are_lengths_of_their_image(tmp_path, scale):
    analysis = spine()
    frame = ImageFrame("scan.dcm", 200, 300, scale, "user")
    write_folder(measure(analysis.spine, frame), tmp_path / "scan")
    path = tmp_path / "scan" / "landmarks.mrk.json"
    content = json.loads(path.read_text())
    for point in content["markups"][0]["controlPoints"]:
        point["description"] = ""
    path.write_text(json.dumps(content))
    noise = np.random.default_rng(0).normal(size=(300, 200))
    source = "user" if scale.in_mm else "PixelAspectRatio"
    image = image_from_array(noise, scale=scale, spacing_source=source)
    write_nrrd(image, tmp_path / "scan" / "image.nrrd")
    (item,) = read_annotations(path).values()
    read_annotated(item, ImageFiles(None))
    np.testing.assert_allclose(item.bodies["L1"], BODY, atol=1e-9)
    read_annotated(item, ImageFiles(None))  # once and not twice
    np.testing.assert_allclose(item.bodies["L1"], BODY, atol=1e-9)
