"""The page's file: refused before Zoom is asked, or written whole, without temporary files left."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from zoomlogs.errors import CommandError
from zoomlogs.verify.output import refuse_what_cannot_be_written, write


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_writable_page_leaves_no_file_until_it_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    refuse_what_cannot_be_written(page)
    assert names(tmp_path) == []
    write(page, "部署")
    assert (names(tmp_path), page.read_text("utf-8")) == (["page.html"], "部署")


def test_a_page_that_is_there_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    page, link = tmp_path / "page.html", tmp_path / "latest.html"
    page.write_text("older")
    page.chmod(0o640)
    link.symlink_to("page.html")
    refuse_what_cannot_be_written(link)
    assert page.read_text() == "older"
    write(link, "newer")
    assert (page.read_text(), stat.S_IMODE(page.stat().st_mode), link.is_symlink()) == ("newer", 0o640, True)
    assert names(tmp_path) == ["latest.html", "page.html"]


def test_a_new_page_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    page, other = tmp_path / "page.html", tmp_path / "other"
    write(page, "")
    other.write_text("")
    assert page.stat().st_mode == other.stat().st_mode


@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_in_which_nothing_may_be_written(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shut"
    folder.mkdir(mode=mode)
    if os.geteuid() == 0:  # whom no mode stops

        def refuse(path: Path, *_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CommandError, match=r"page.html cannot be written: Permission denied\.$") as refused:
        refuse_what_cannot_be_written(folder / "page.html")
    assert refused.value.status == 2
    folder.chmod(0o700)
    assert names(folder) == []


@pytest.mark.parametrize("name", ["replace", "write_text"])
def test_a_page_that_cannot_be_written_in_the_end(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    page.write_text("older")

    def fail(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, name, fail)
    with pytest.raises(CommandError, match="could not be written: No space left on device") as failed:
        write(page, "newer")
    assert failed.value.status == 1
    assert (names(tmp_path), page.read_text()) == (["page.html"], "older")


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "page.html", "newer")
    assert names(tmp_path) == []
