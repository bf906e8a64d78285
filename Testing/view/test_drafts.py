"""Edits that are kept: by image, by reader, by session, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import time
from pathlib import Path

import pytest

from vertenet.errors import ImageError, OutputError
from vertenet_web.drafts import Draft, Drafts, Key, Left, digest_of
from vertenet_web.listed import listed

HERE, THERE, GONE = "1" * 16, "2" * 16, "3" * 16
CONTENT = "0" * 64
IMAGE, COPY = Key(CONTENT, HERE), Key(CONTENT, THERE)
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
    assert drafts.mine(Key("1" * 64, HERE)) is None
    assert drafts.mine(COPY) is None
    for subject in ((None, 71.5), ("U", None), ("F", 80.0)):
        drafts.keep(IMAGE, Draft("x", 1.0, subject=subject))
        assert drafts.mine(IMAGE) == Draft("x", 1.0, subject=subject)
    old = json.loads((tmp_path / "drafts" / ANN / "one" / IMAGE.file).read_text())
    del old["subject"]
    (tmp_path / "drafts" / ANN / "one" / IMAGE.file).write_text(json.dumps(old))
    assert drafts.mine(IMAGE) == Draft("x", 1.0)  # of a version that kept none


def test_what_lives_is_not_offered_and_what_ended_is(make):
    first, second = make(ANN, "one"), make(ANN, "two")
    first.keep(IMAGE, Draft("x", 1.0))
    assert second.left(IMAGE) is None
    first.close()
    assert second.left(IMAGE) == Left(Draft("x", 1.0))
    second.forget_left(IMAGE)
    assert second.left(IMAGE) is None


def test_the_latest_of_several_is_offered(make):
    for session, when in (("one", 5.0), ("two", 9.0), ("three", 7.0)):
        drafts = make(ANN, session)
        drafts.keep(IMAGE, Draft(session, when))
        drafts.close()
    found = make(ANN, "four").left(IMAGE)
    assert found is not None
    assert found.draft.review == "two"


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
    (tmp_path / "drafts" / ANN / "one" / IMAGE.file).write_text(text)
    assert make(ANN, "two").left(IMAGE) is None


def test_nobody_else_may_read_them_and_no_half_written_one_is_seen(make, tmp_path):
    drafts = make(ANN, "one")
    for number in range(20):
        drafts.keep(IMAGE, Draft("x" * number, float(number)))
    folder = tmp_path / "drafts"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in (folder / ANN / "one").glob("*.json")] == [IMAGE.file]
    assert not [p for p in (folder / ANN / "one").iterdir() if p.name not in {IMAGE.file, ".live"}]


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
        kept[session] = tmp_path / "drafts" / ANN / session / IMAGE.file
        os.utime(kept[session], (time.time() - age, time.time() - age))
        if session != "live":
            drafts.close()
    make(ANN, "new")
    there = {session for session, path in kept.items() if path.exists()}
    assert there == {"young", "edited", "live"}


def test_a_file_that_is_gone_is_said(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.dcm.*no such file"):
        digest_of(tmp_path / "gone.dcm")


def kept_before(tmp_path: Path, session: str, draft: Draft) -> Path:
    """A draft of a version that named it by the content alone."""
    folder = tmp_path / "drafts" / ANN / session
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{CONTENT}.json"
    path.write_text(json.dumps({"schema": "vertenet-draft/1", **vars(draft)}))
    (folder / ".live").touch()
    return path


def test_two_files_of_one_content_have_their_own_edits(make):
    drafts = make(ANN, "one")
    drafts.keep(IMAGE, Draft("a", 1.0))
    drafts.keep(COPY, Draft("b", 2.0))
    assert drafts.mine(IMAGE) == Draft("a", 1.0)
    assert drafts.mine(COPY) == Draft("b", 2.0)
    drafts.close()
    later = make(ANN, "two")
    assert later.left(IMAGE, {HERE, THERE}) == Left(Draft("a", 1.0))
    assert later.left(COPY, {HERE, THERE}) == Left(Draft("b", 2.0))
    later.forget_left(IMAGE)
    assert later.left(COPY, {HERE, THERE}) == Left(Draft("b", 2.0))
    # The copy is of the list: its edits are not offered to this file; once it is gone they are.
    assert later.left(IMAGE, {HERE, THERE}) is None
    assert later.left(IMAGE, {HERE}) == Left(Draft("b", 2.0), elsewhere=True)


def test_edits_of_a_moved_file_are_refused_for_this_one_and_stay_the_other_ones(make):
    first = make(ANN, "one")
    first.keep(Key(CONTENT, GONE), Draft("x", 1.0))
    first.close()
    second = make(ANN, "two")
    second.refuse_left(IMAGE, {HERE})
    assert second.mine(IMAGE).empty
    second.close()
    third = make(ANN, "three")
    assert third.left(IMAGE, {HERE}) is None
    assert third.left(Key(CONTENT, GONE), {GONE}) == Left(Draft("x", 1.0))
    # That nothing was wanted here is nothing to be offered there.
    assert third.left(COPY, {THERE}) == Left(Draft("x", 1.0), elsewhere=True)


def test_edits_of_an_earlier_version_are_offered_to_each_file_of_that_content(make, tmp_path):
    old = kept_before(tmp_path, "old", Draft("x", 5.0))
    drafts = make(ANN, "one")
    for key in (IMAGE, COPY):
        assert drafts.left(key, {HERE, THERE}) == Left(Draft("x", 5.0))
    # Where another file may want them they stay.
    drafts.refuse_left(IMAGE, {HERE, THERE}, old=False)
    assert drafts.mine(IMAGE).empty
    assert drafts.left(COPY, {HERE, THERE}) == Left(Draft("x", 5.0))
    drafts.forget_left(COPY)
    assert not old.exists()
    assert drafts.left(COPY, {HERE, THERE}) is None


@pytest.mark.parametrize(("old", "new", "offered"), [(5.0, 6.0, "new"), (6.0, 5.0, "old")])
def test_the_later_of_an_old_and_a_moved_files_edits_is_offered(make, tmp_path, old, new, offered):
    kept_before(tmp_path, "old", Draft("old", old))
    first = make(ANN, "one")
    first.keep(Key(CONTENT, GONE), Draft("new", new))
    first.close()
    left = make(ANN, "two").left(IMAGE, {HERE})
    assert (left.draft.review, left.elsewhere) == (offered, offered == "new")


def test_images_of_one_name_are_told_apart_and_come_again_as_the_same(tmp_path):
    given = [tmp_path / "a" / "x.dcm", tmp_path / "b" / "x.dcm", tmp_path / "a" / "y.dcm"]
    dropped = [tmp_path / "1" / "y.dcm", tmp_path / "2" / "y.dcm", tmp_path / "3" / "z.dcm"]
    found = listed(given, dropped)
    titles = [found[path].title for path in (*given, *dropped)]
    assert titles == ["a/x.dcm", "b/x.dcm", "y.dcm", "y.dcm (2)", "y.dcm (3)", "z.dcm"]
    assert len({each.origin for each in found.values()}) == 6
    # The folder of what is dropped is another one in each session.
    again = listed([], [tmp_path / "7" / "y.dcm", tmp_path / "8" / "y.dcm"])
    assert [each.origin for each in again.values()] == [found[p].origin for p in dropped[:2]]
    assert listed(given[::-1], [])[given[0]].origin == found[given[0]].origin


def test_a_draft_is_named_by_no_name(tmp_path):
    origin = listed([tmp_path / "Doe^Jane.dcm"], [])[tmp_path / "Doe^Jane.dcm"].origin
    assert re.fullmatch(r"[0-9a-f]{16}", origin)
