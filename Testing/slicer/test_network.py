"""The bundled network, run from Slicer's logic on a rendered scan whose points are known."""

from __future__ import annotations

import numpy as np
import pytest

from vertenet.errors import VerteNetError
from vertenet.resources import resource_path


@pytest.fixture
def bundled_model():
    pytest.importorskip("torch", reason="torch is not installed")
    try:
        return resource_path("Models/vertenet-compact/model.json").parent
    except VerteNetError:
        pytest.skip("the bundled model is not there yet")


def test_a_click_on_detect_runs_the_network_and_fills_the_scene(scene, bundled_model):
    import VerteNetSlicer
    from VerteNetSlicerLib.samples import load_sample, sample_files

    if not sample_files():
        pytest.skip("there is no sample scan yet")
    logic = VerteNetSlicer.VerteNetSlicerLogic()
    try:
        logic.detector.device = "cpu"
        examined = logic.detect(load_sample(sample_files()[0]))
        spine = examined.review.spine
        assert len(spine) >= 6
        assert examined.nodes.points.GetNumberOfControlPoints() == 6 * len(spine)
        assert examined.analysis.model is not None
        assert examined.nodes.table.GetTable().GetNumberOfRows() == len(spine)
        height, width = examined.image.pixels.shape
        points = np.concatenate([v.array() for v in spine])
        assert (points > -10).all() and (points < (width + 10, height + 10)).all()
    finally:
        logic.close()
