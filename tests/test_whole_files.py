"""Files that are written whole or not at all."""

import os

import pytest

from modal_clustermargin._whole_files import written_whole


def write_half(path):
    with written_whole(path) as file:
        file.write(b"half")
        file.flush()
        raise KeyboardInterrupt


def test_what_was_there_stays_until_the_file_is_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_bytes() == b"before"
    with written_whole(path) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="modes of files are not those of POSIX")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        with written_whole(tmp_path / "file") as file:
            file.write(b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
