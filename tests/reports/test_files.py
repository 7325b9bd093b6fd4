import os
import stat

import pytest

from derive.errors import InputError
from verify.files import writable, write


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "new" / "page.html"
    assert write(path, "one") == path
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["page.html"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = write(tmp_path / "page.html", "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(InputError, match="No space left on device"):
        write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_place_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "file" / "page.html", "x")


def test_others_may_read_what_a_plain_open_would_let_them(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    mode = stat.S_IMODE(write(tmp_path / "page.html", "x").stat().st_mode)
    assert mode == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("folder", ["", "new", "new/one"])
def test_a_folder_is_probed_without_a_trace(tmp_path, folder):
    assert writable(tmp_path / folder) == tmp_path / folder
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("folder", ["file", "file/new", "/proc/new", "/dev/null"])
def test_a_folder_that_cannot_be_is_told_before_the_work(tmp_path, folder):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written: .*; choose another --out"):
        writable(tmp_path / folder)
