"""Edits that are kept: by image, by reader, by session, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from pathlib import Path

import pytest

from vertenet.errors import ImageError, OutputError
from vertenet_web.drafts import Draft, Drafts, digest_of

IMAGE = "0" * 64
ANN, BEN = "a" * 32, "b" * 32


@pytest.fixture
def make(tmp_path: Path):
    made = []

    def open_drafts(reader: str, session: str, *, local: bool = True) -> Drafts:
        made.append(Drafts(tmp_path / "drafts", reader, session, local=local))
        return made[-1]

    yield open_drafts
    for drafts in made:
        drafts.close()


def test_a_digest_is_that_of_the_content_whatever_the_name(tmp_path):
    content = os.urandom((1 << 20) + 17)  # more than a block
    for name in ("a.dcm", "b.dcm"):
        (tmp_path / name).write_bytes(content)
    assert digest_of(tmp_path / "a.dcm") == hashlib.sha256(content).hexdigest()
    assert digest_of(tmp_path / "a.dcm") == digest_of(tmp_path / "b.dcm")


def test_a_draft_comes_back_as_it_was_kept(make, tmp_path):
    drafts = make(ANN, "one")
    kept = Draft('{"points": "ü"}', 1234.5, (0.25, 0.3), True)
    drafts.keep(IMAGE, kept)
    assert drafts.mine(IMAGE) == kept
    assert drafts.mine("1" * 64) is None
    for subject in ((None, 71.5), ("U", None), ("F", 80.0)):
        drafts.keep(IMAGE, Draft("x", 1.0, subject=subject))
        assert drafts.mine(IMAGE) == Draft("x", 1.0, subject=subject)
    old = json.loads((tmp_path / "drafts" / ANN / "one" / f"{IMAGE}.json").read_text())
    del old["subject"]
    (tmp_path / "drafts" / ANN / "one" / f"{IMAGE}.json").write_text(json.dumps(old))
    assert drafts.mine(IMAGE) == Draft("x", 1.0)  # of a version that kept none


def test_what_lives_is_not_offered_and_what_ended_is(make):
    first, second = make(ANN, "one"), make(ANN, "two")
    first.keep(IMAGE, Draft("x", 1.0))
    assert second.left(IMAGE) is None
    first.close()
    assert second.left(IMAGE) == Draft("x", 1.0)
    second.forget_left(IMAGE)
    assert second.left(IMAGE) is None


def test_the_latest_of_several_is_offered(make):
    for session, when in (("one", 5.0), ("two", 9.0), ("three", 7.0)):
        drafts = make(ANN, session)
        drafts.keep(IMAGE, Draft(session, when))
        drafts.close()
    found = make(ANN, "four").left(IMAGE)
    assert found is not None
    assert found.review == "two"


@pytest.mark.parametrize(("local", "offered"), [(True, True), (False, False)])
def test_another_readers_edits_are_offered_on_a_machine_of_one_reader_only(make, local, offered):
    first = make(ANN, "one", local=local)
    first.keep(IMAGE, Draft("x", 1.0))
    first.close()
    assert (make(BEN, "two", local=local).left(IMAGE) is not None) is offered


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "other/1"}', '{"schema": "vertenet-draft/1"}']
)
def test_a_draft_that_cannot_be_read_is_not_offered(make, tmp_path, text):
    first = make(ANN, "one")
    first.keep(IMAGE, Draft("x", 1.0))
    first.close()
    (tmp_path / "drafts" / ANN / "one" / f"{IMAGE}.json").write_text(text)
    assert make(ANN, "two").left(IMAGE) is None


def test_nobody_else_may_read_them_and_no_half_written_one_is_seen(make, tmp_path):
    drafts = make(ANN, "one")
    for number in range(20):
        drafts.keep(IMAGE, Draft("x" * number, float(number)))
    folder = tmp_path / "drafts"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in (folder / ANN / "one").glob("*.json")] == [f"{IMAGE}.json"]
    assert not [
        p for p in (folder / ANN / "one").iterdir() if p.name not in {f"{IMAGE}.json", ".live"}
    ]


def test_a_session_without_edits_leaves_nothing(make, tmp_path):
    make(ANN, "one").close()
    assert not (tmp_path / "drafts" / ANN).exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a file stands where a folder"):
        Drafts(tmp_path / "file", ANN, "one", local=True)


def test_what_nobody_edited_is_kept_for_a_week_and_edits_for_ever(make, tmp_path):
    week = 7 * 24 * 3600
    kept = {}
    for session, edited, age in (
        *(("young", False, week - 60), ("old", False, week + 60)),
        *(("edited", True, 100 * week), ("live", False, 100 * week)),
    ):  # fmt: skip
        drafts = make(ANN, session)
        drafts.keep(IMAGE, Draft(session, 1.0, edited=edited))
        kept[session] = tmp_path / "drafts" / ANN / session / f"{IMAGE}.json"
        os.utime(kept[session], (time.time() - age, time.time() - age))
        if session != "live":
            drafts.close()
    make(ANN, "new")
    there = {session for session, path in kept.items() if path.exists()}
    assert there == {"young", "edited", "live"}


def test_a_file_that_is_gone_is_said(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.dcm.*no such file"):
        digest_of(tmp_path / "gone.dcm")
