"""What all readable names promise: a suite for `Renders`. It needs pytest and pytest-asyncio in its `auto` mode.

class TestMyRenders(RendersContract):
    def open_renders(self, folder): return MyRenders(folder)
"""

import asyncio
import json
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, InputError, RefusedError, StoreError
from hailuo_batch.ports import Renders

NAME, PROVENANCE_NAME = "aurora_open_v001_t01.mp4", "aurora_open_v001_t01.json"
PROVENANCE = {"version": 1, "shot": "open", "prompt": "薄雾 [Push in]", "fingerprint": "v1-a"}
NOT_NAMES = (
    "", ".mp4", "..", "../x.mp4", "a/b.mp4", "a\\b.mp4", "C:x.mp4", "x.json", "x.mp4\n", "x\0.mp4", ".x.mp4", "/x.mp4",
)  # fmt: skip


def list_folder(folder: Path) -> list[str]:
    """The names of all files in a folder."""
    return sorted(path.name for path in folder.iterdir())


class RendersContract:
    """The promises of `Renders`."""

    def open_renders(self, folder: Path) -> Renders:
        """The readable names in this folder, which may not be there yet."""
        raise NotImplementedError

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Where the names are."""
        return tmp_path / "renders"

    @pytest.fixture
    def renders(self, folder: Path) -> Renders:
        """What is under test."""
        return self.open_renders(folder)

    @pytest.fixture
    def clip(self, tmp_path: Path) -> Path:
        """A clip as a store has it: read-only."""
        return _write_clip(tmp_path, b"a clip")

    async def test_a_clip_gets_its_name_and_its_provenance(self, renders: Renders, folder: Path, clip: Path) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        assert list_folder(folder) == [PROVENANCE_NAME, NAME]
        assert renders.path(NAME) == folder / NAME
        assert (folder / NAME).read_bytes() == b"a clip"
        assert (folder / PROVENANCE_NAME).read_text(encoding="utf-8") == (
            '{\n  "fingerprint": "v1-a",\n  "prompt": "薄雾 [Push in]",\n  "shot": "open",\n  "version": 1\n}\n'
        )
        assert renders.list_names() == {NAME}

    async def test_placing_again_does_nothing(self, renders: Renders, folder: Path, clip: Path) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]
        await renders.place(clip, NAME, PROVENANCE)
        assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(folder.iterdir())] == before

    async def test_another_clip_of_that_name_is_never_overwritten(
        self, renders: Renders, folder: Path, clip: Path, tmp_path: Path
    ) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        for other in (b"a clop", b"longer than that"):
            with pytest.raises(RefusedError) as caught:
                await renders.place(_write_clip(tmp_path, other), NAME, {**PROVENANCE, "fingerprint": "v1-b"})
        assert caught.value.exit is Exit.REFUSED
        assert caught.value.summary == f"{NAME} is there already, with other content"
        assert str(folder / NAME) in caught.value.why
        assert "Move or rename it" in caught.value.remedy
        assert (folder / NAME).read_bytes() == b"a clip"
        assert json.loads((folder / PROVENANCE_NAME).read_bytes()) == PROVENANCE
        assert list_folder(folder) == [PROVENANCE_NAME, NAME]

    @pytest.mark.parametrize("kind", ["folder", "dangling link"])
    async def test_whatever_has_the_name_keeps_it(self, renders: Renders, folder: Path, clip: Path, kind: str) -> None:
        folder.mkdir()
        if kind == "folder":
            (folder / NAME).mkdir()
        else:
            (folder / NAME).symlink_to(folder / "nowhere")
        with pytest.raises(RefusedError, match="is there already"):
            await renders.place(clip, NAME, PROVENANCE)
        assert list_folder(folder) == [NAME]

    async def test_a_lost_provenance_is_written_again(self, renders: Renders, folder: Path, clip: Path) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        about = folder / PROVENANCE_NAME
        for spoil in (about.unlink, lambda: about.write_bytes(b"")):
            spoil()
            await renders.place(clip, NAME, PROVENANCE)
            assert json.loads(about.read_bytes()) == PROVENANCE

    async def test_the_provenance_of_a_clip_that_was_deleted_gives_way_to_the_new_one(
        self, renders: Renders, folder: Path, clip: Path
    ) -> None:
        await renders.place(clip, NAME, {**PROVENANCE, "fingerprint": "v1-old"})
        (folder / NAME).unlink()
        await renders.place(clip, NAME, PROVENANCE)
        assert json.loads((folder / PROVENANCE_NAME).read_bytes()) == PROVENANCE

    @pytest.mark.parametrize("text", ['{"mine": true}', "[1]", "notes", "\udcff"])
    async def test_a_users_own_json_file_is_never_overwritten(
        self, renders: Renders, folder: Path, clip: Path, text: str
    ) -> None:
        folder.mkdir()
        about = folder / PROVENANCE_NAME
        about.write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(RefusedError, match=r"aurora_open_v001_t01\.json is there already"):
            await renders.place(clip, NAME, PROVENANCE)
        assert about.read_bytes() == text.encode(errors="surrogateescape")
        assert list_folder(folder) == [PROVENANCE_NAME]

    async def test_one_clip_may_have_many_names(self, renders: Renders, clip: Path) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        await renders.place(clip, "aurora_again_v001_t01.mp4", PROVENANCE)
        assert renders.list_names() == {NAME, "aurora_again_v001_t01.mp4"}

    async def test_the_same_name_given_twice_at_once_is_given_once(
        self, renders: Renders, folder: Path, clip: Path
    ) -> None:
        await asyncio.gather(*(renders.place(clip, NAME, PROVENANCE) for _ in range(20)))
        assert list_folder(folder) == [PROVENANCE_NAME, NAME]

    @pytest.mark.parametrize("name", NOT_NAMES)
    async def test_a_name_that_leads_elsewhere_is_refused(
        self, renders: Renders, folder: Path, clip: Path, name: str
    ) -> None:
        with pytest.raises(InputError, match="not the name of a clip"):
            await renders.place(clip, name, PROVENANCE)
        for use in (renders.path, renders.remove):
            with pytest.raises(InputError, match="not the name of a clip"):
                use(name)
        assert not folder.exists()

    def test_names_that_are_not_there_are_none_and_listing_makes_no_folder(
        self, renders: Renders, folder: Path
    ) -> None:
        assert renders.list_names() == set()
        assert renders.remove_leftovers() == 0
        assert not folder.exists()

    async def test_sweeping_takes_nothing_of_the_users(self, renders: Renders, folder: Path, clip: Path) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        (folder / ".notes").touch()
        assert renders.remove_leftovers() == 0
        assert list_folder(folder) == [".notes", PROVENANCE_NAME, NAME]

    async def test_a_name_is_removed_with_its_provenance_and_the_clip_stays(
        self, renders: Renders, folder: Path, clip: Path
    ) -> None:
        await renders.place(clip, NAME, PROVENANCE)
        renders.remove(NAME)
        renders.remove(NAME)
        assert list_folder(folder) == []
        assert clip.read_bytes() == b"a clip"

    async def test_a_clip_that_is_gone_cannot_be_placed(self, renders: Renders, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot place"):
            await renders.place(tmp_path / "gone.mp4", NAME, PROVENANCE)
        assert list_folder(folder) == []


def _write_clip(folder: Path, content: bytes) -> Path:
    file = folder / f"{content.hex()}.mp4"
    file.write_bytes(content)
    file.chmod(0o444)
    return file
