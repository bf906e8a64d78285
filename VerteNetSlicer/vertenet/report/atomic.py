"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import OutputError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed",
    errno.EACCES: "permission was denied",
    errno.EPERM: "permission was denied",
    errno.EROFS: "the file system is read-only",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ENOTDIR: "a file stands where a folder is expected",
    errno.EISDIR: "a folder stands where a file is expected",
    errno.EEXIST: "a file stands where a folder is expected",
    errno.ENOENT: "the folder does not exist",
}


def output_error(error: OSError, path: str | os.PathLike[str]) -> OutputError:
    """An operating system's error as a sentence for the user."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return OutputError(
        f"Expected to write '{os.fspath(path)}', but {reason}. "
        "Choose another output folder or make room."
    )


@contextmanager
def output_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn any ``OSError`` inside the block into an :class:`OutputError` about ``path``."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text to a hidden neighbour and rename it into place.

    Raises:
        OutputError: if the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes to a hidden neighbour and rename it into place.

    Raises:
        OutputError: if the file cannot be written.
    """
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise


@contextmanager
def whole_folder(target: Path, *, stale: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a hidden folder to write in; on success its files become those of ``target``.

    A new target appears by one rename.  In an existing one each file is replaced
    by a rename, other files stay, and those named in ``stale`` that were not
    written again are removed.  On any error the target is left as it was.

    Args:
        target: the folder that is wanted.
        stale: names that belong to this program and may be removed.

    Raises:
        OutputError: if the folder cannot be written.
    """
    with output_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "", str(target))
        # named before it is made: an interruption between the two leaves nothing behind
        work = target.parent / f".vertenet-{secrets.token_hex(6)}"
        try:
            work.mkdir()
            yield work
            _move_into(work, target, stale)
        except OutputError as error:  # the user knows the folder that was asked for
            raise OutputError(str(error).replace(str(work), str(target))) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _move_into(work: Path, target: Path, stale: tuple[str, ...]) -> None:
    if not target.exists():
        os.rename(work, target)
        return
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "", str(target))
    written = sorted(entry.name for entry in work.iterdir())
    for name in written:
        os.replace(work / name, target / name)
    for name in stale:
        if name not in written:
            (target / name).unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask; Python can read it only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
