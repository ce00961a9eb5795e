"""Several machines, one store: a project is run on one, and cloned, pulled and run on others.

Each machine has a project of its own, a user folder of its own, and no clip of another.
"""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from studio import make_project, open_mock
from trusting import trust_project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.verify import verify
from hailuo_batch.app.verify_faults import VerifyFault
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.errors import Exit
from hailuo_batch.mock.server import Mock

FILM = (
    "version: 1\ncampaign: film\nproviders: [minimax]\ndefaults: {duration: short, resolution: 768p}\nshots:\n"
    + "".join(f"  - {{id: s{number}, prompt: shot {number}}}\n" for number in range(1, 4))
)


@dataclass(kw_only=True)
class Site:
    """Machines that share a folder, and the mock that they buy from."""

    first: Path
    nas: Path
    mock: Mock
    monkeypatch: pytest.MonkeyPatch

    def submits(self) -> int:
        return sum(entry.call == "submit" for entry in self.mock.log)

    def clone(self, name: str) -> Path:
        """What a checkout on another machine has: the project's own files, and nobody's clips."""
        folder = self.first.parent / name
        shutil.copytree(self.first, folder, ignore=shutil.ignore_patterns(".hailuo", "hailuo", "renders"))
        self.use(folder)
        trust_project(folder)
        return folder

    def use(self, folder: Path) -> None:
        """Works at the machine of a project."""
        self.monkeypatch.setenv("HAILUO_STATE", str(folder.parent / f"user-of-{folder.name}"))
        self.monkeypatch.chdir(folder)

    async def run(self, folder: Path, **how: Any) -> RunResult:
        self.use(folder)
        return await run(folder / "film.yaml", **how)

    def clips_here(self, folder: Path) -> frozenset[str]:
        return Workspace(folder).open_cache().list_digests()

    def objects(self) -> set[str]:
        return {file.name for file in self.nas.rglob("*.mp4")}


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    folder, nas = make_project(tmp_path, monkeypatch), tmp_path / "nas"
    nas.mkdir()
    monkeypatch.setenv("HAILUO_STATE", str(folder.parent / f"user-of-{folder.name}"))
    (folder / "film.yaml").write_text(FILM)
    async with open_mock(folder, ["minimax"], more=f"store: file://{nas}\n") as mock:
        yield Site(first=folder, nas=nas, mock=mock, monkeypatch=monkeypatch)


async def test_a_clone_takes_every_clip_from_the_shared_store_and_buys_nothing(site: Site):
    assert (await site.run(site.first)).exit == 0
    assert len(site.objects()) == 3
    clone = site.clone("clone")
    planned = await plan("film.yaml")
    assert {step.action for step in planned.plan.steps} == {Action.FETCH}
    assert planned.extra_problems == ()
    bought = site.submits()
    ran = await site.run(clone)
    assert (ran.exit, ran.outcome.stored, site.submits()) == (0, 3, bought)
    assert len(list((clone / "renders").glob("*.mp4"))) == 3
    assert site.clips_here(clone) == site.clips_here(site.first)
    # Its ledger is its own: what comes next there is known.
    assert (await site.run(clone)).exit == 0
    assert site.submits() == bought


async def test_a_run_goes_on_without_the_shared_store_and_the_next_pays_what_is_owed(site: Site):
    away = site.nas.rename(site.nas.with_name("unmounted"))
    ran = await site.run(site.first)
    assert (ran.exit, ran.outcome.stored) == (0, 3)
    (note,) = ran.after.notes
    assert note.startswith(f"3 clips are kept on this machine and owed to file://{site.nas}. Cannot ")
    assert note.endswith("hailuo-batch push")
    assert [each.rule.id for each in ran.before.extra_problems] == ["store-away"]
    bought = site.submits()
    away.rename(site.nas)
    again = await site.run(site.first)
    assert (again.exit, again.after.notes, site.submits()) == (0, (), bought)
    assert len(site.objects()) == 3


async def test_a_clip_that_no_place_has_any_longer_is_not_bought_again(site: Site):
    await site.run(site.first)
    clone, bought = site.clone("clone"), site.submits()
    for file in list(site.nas.rglob("*.mp4"))[:1]:
        file.unlink()
    ran = await site.run(clone)
    assert ran.exit != 0
    assert site.submits() == bought


def say(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """A command's exit code, and what it prints to stdout and stderr."""
    capsys.readouterr()
    code = run_command_line(words)
    out, err = capsys.readouterr()
    return code, out, err


async def test_a_clone_pulls_by_its_lock_alone_and_then_runs_without_the_store(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    await site.run(site.first)
    clone, bought = site.clone("clone"), site.submits()
    assert not (clone / ".hailuo").exists()
    code, out, _ = await asyncio.to_thread(say, capsys, "pull", "--format", "json")
    pulled = json.loads(out)
    assert (code, pulled["copied"], pulled["already_there"], pulled["missing"]) == (0, 3, 0, [])
    assert site.clips_here(clone) == site.clips_here(site.first)
    site.nas.rename(site.nas.with_name("unmounted"))
    ran = await site.run(clone)
    assert (ran.exit, ran.outcome.stored, site.submits()) == (0, 3, bought)


async def test_a_pull_names_the_takes_that_are_not_there_and_those_that_are_damaged(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    ran = await site.run(site.first)
    gone, changed, _ = sorted(site.nas.rglob("*.mp4"))
    gone.unlink()
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    names = {step.digest[7:]: step.take_names[0].label for step in ran.after.plan.steps}
    site.clone("clone")
    code, out, _ = await asyncio.to_thread(say, capsys, "pull", "film.yaml")
    assert code == Exit.NEEDS_PERSON
    assert "Pulled 1 clip (" in out
    assert f"1 clip could not be copied:\n  film {names[changed.stem]}  a clip of the shared store is damaged" in out
    assert f"1 clip is not there:\n  film {names[gone.stem]}\n" in out
    assert out.endswith("    hailuo-batch run film.yaml\n")
    # Whoever has them puts them there; what is damaged has to be removed first.
    site.use(site.first)
    changed.unlink()
    code, out, _ = await asyncio.to_thread(say, capsys, "push")
    assert (code, out) == (0, f"Pushed 2 clips (2 kB) to file://{site.nas}. 1 clip was there already.\n")
    site.use(site.first.parent / "clone")
    assert (await asyncio.to_thread(say, capsys, "pull"))[0] == 0


async def test_pull_selected_brings_one_take_of_each_shot(site: Site, capsys: pytest.CaptureFixture[str]):
    (site.first / "film.yaml").write_text(FILM.replace("shot 1}", "shot 1, takes: 2}"))
    await site.run(site.first)
    assert len(site.objects()) == 4
    assert await asyncio.to_thread(say, capsys, "select", "s1#2", "film.yaml")
    await site.run(site.first)
    clone = site.clone("clone")
    assert (await asyncio.to_thread(say, capsys, "pull", "--selected"))[0] == 0
    assert len(site.clips_here(clone)) == 3
    lock = (clone / "film.lock.yaml").read_text()
    assert all(digest in lock for digest in site.clips_here(clone))


async def test_push_sends_what_was_bought_before_there_was_a_shared_store(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    settings = (site.first / "hailuo.yaml").read_text()
    (site.first / "hailuo.yaml").write_text(settings.partition("store:")[0])
    trust_project(site.first)
    await site.run(site.first)
    code, _, err = await asyncio.to_thread(say, capsys, "push")
    assert (code, "this project has no shared store" in err) == (Exit.INVALID, True)
    (site.first / "hailuo.yaml").write_text(settings)
    code, _, err = await asyncio.to_thread(say, capsys, "push")
    assert (code, "the project is not trusted" in err) == (Exit.REFUSED, True)
    assert site.objects() == set()
    trust_project(site.first)
    assert (await asyncio.to_thread(say, capsys, "push"))[0] == 0
    assert len(site.objects()) == 3


async def test_a_bucket_that_is_away_stops_push_and_pull_with_words(site: Site, capsys: pytest.CaptureFixture[str]):
    await site.run(site.first)
    site.nas.rename(site.nas.with_name("unmounted"))
    for command in ("push", "pull"):
        code, _, err = await asyncio.to_thread(say, capsys, command)
        assert code == Exit.REFUSED
        assert f"error: cannot reach file://{site.nas}" in err
        assert "Mount it" in err


async def test_gc_removes_clips_here_alone_and_none_that_is_nowhere_else(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    await site.run(site.first)
    lone = min(site.clips_here(site.first))
    shutil.rmtree(site.first / "renders")
    (site.first / "film.lock.yaml").unlink()
    (site.first / "film.yaml").write_text(FILM.replace("shot ", "another "))
    (object_here,) = site.nas.rglob(f"{lone[7:]}.mp4")
    object_here.unlink()  # by hand: now only this machine has that clip
    code, out, _ = await asyncio.to_thread(say, capsys, "gc", "--older-than", "0", "--yes")
    assert code == 0
    assert f"2 clips stay in file://{site.nas}: other machines may need what is there." in out
    assert site.clips_here(site.first) == {lone}
    assert len(site.objects()) == 2
    # Money: what went here is still bought, and comes back from there.
    (site.first / "film.yaml").write_text(FILM)
    bought = site.submits()
    ran = await site.run(site.first)
    assert (ran.exit, site.submits()) == (0, bought)
    assert len(site.clips_here(site.first)) == 3
    site.nas.rename(site.nas.with_name("unmounted"))
    code, _, err = await asyncio.to_thread(say, capsys, "gc")
    assert (code, "error: cannot reach" in err) == (Exit.REFUSED, True), "nothing is removed that may be all there is"


async def test_verify_checks_the_shared_store_and_reads_its_clips_when_told_to(
    site: Site, capsys: pytest.CaptureFixture[str]
):
    await site.run(site.first)
    clone = site.clone("clone")
    await site.run(clone)
    gone, cut, changed = sorted(site.clips_here(clone))
    for digest in (cut, changed):
        Workspace(clone).open_cache().remove(digest)
    there = {digest: next(site.nas.rglob(f"{digest[7:]}.mp4")) for digest in (gone, cut, changed)}
    assert [each.fault for each in (await verify(clone / "film.yaml")).findings] == []
    there[gone].unlink()
    there[cut].write_bytes(there[cut].read_bytes()[:-5])
    there[changed].write_bytes(there[changed].read_bytes()[:-1] + b"?")
    found = await verify(clone / "film.yaml")
    assert {each.subject: each.fault for each in found.findings} == {
        gone: VerifyFault.UNSHARED,
        cut: VerifyFault.OTHER_THERE,
    }
    assert (found.clips, found.only_shared) == (1, 1)
    found = await verify(clone / "film.yaml", deep=True)
    assert {(each.subject, each.fault) for each in found.findings} == {
        (gone, VerifyFault.UNSHARED),
        (cut, VerifyFault.OTHER_THERE),
        (cut, VerifyFault.NOT_BROUGHT),
        (changed, VerifyFault.NOT_BROUGHT),
    }
    code, out, _ = await asyncio.to_thread(say, capsys, "verify", "film.yaml")
    assert code == Exit.TAKES_FAILED
    assert "1 clip is only in the shared store, with the right size; --deep reads the bytes" in out
    site.nas.rename(site.nas.with_name("unmounted"))
    away = await verify(clone / "film.yaml")
    assert [each.rule.id for each in away.problems] == ["store-away"]
    assert (away.findings, away.clips, away.only_shared) == ((), 1, 0)


async def test_a_run_cuts_the_clips_of_this_machine_to_the_limit_of_the_settings(site: Site):
    await site.run(site.first)
    clone = site.clone("clone")
    settings = (clone / "hailuo.yaml").read_text()
    (clone / "hailuo.yaml").write_text(f"{settings}store_cache: 0 MB\n")
    await site.run(clone)
    assert len(site.clips_here(clone)) == 3, "they have names in renders/, so that nothing would be gained"
    shutil.rmtree(clone / "renders")
    (clone / "film.yaml").write_text(FILM + "  - {id: s4, prompt: one more}\n")
    bought = site.submits()
    assert (await site.run(clone, options=RunOptions(new_ledger=True))).exit == 0
    assert site.submits() == bought + 1
    shutil.rmtree(clone / "renders")
    (clone / "film.yaml").write_text(FILM.replace("shot 1}", "shot 1, takes: 2}"))
    assert (await site.run(clone)).exit == 0
    assert len(site.clips_here(clone)) == 4, "one without a name left"
    assert len(site.objects()) == 5
    assert (await site.run(clone)).exit == 0
    assert site.submits() == bought + 2


async def test_doctor_tries_the_shared_store_and_says_what_is_owed(site: Site, capsys: pytest.CaptureFixture[str]):
    def shown(*words: str) -> list[tuple[str, str]]:
        _, out, _ = say(capsys, "doctor", *words, "--format", "json")
        return [(each["state"], each["found"]) for each in json.loads(out)["checks"] if each["name"] == "shared store"]

    await site.run(site.first)
    address = f"file://{site.nas}"
    assert await asyncio.to_thread(shown) == [("good", f"{address}: 3 clips")]
    assert [each.name for each in site.nas.iterdir() if len(each.name) != 2] == ["changes"]
    unmounted = site.nas.rename(site.nas.with_name("unmounted"))
    (site.first / "film.yaml").write_text(FILM.replace("shot 1", "another"))
    await site.run(site.first)
    [(bad, why)] = await asyncio.to_thread(shown)
    assert (bad, why.startswith(f"cannot reach {address}: There is no folder")) == ("bad", True)
    assert await asyncio.to_thread(shown, "--offline") == [
        ("good", f"{address}: not reached"),
        ("note", "1 clip of this machine owed to it"),
    ]
    assert unmounted.exists()


async def test_push_forgets_what_a_killed_run_owed_and_never_kept(site: Site, capsys: pytest.CaptureFixture[str]):
    ran = await site.run(site.first)
    owed = site.first / ".hailuo" / "owed"
    kept = ran.after.plan.steps[0].digest[7:]
    for name in ("ab" * 32, kept):  # the one was never kept; the ledger says of the other that it was stored
        (owed / name).touch()
    (site.nas / kept[:2] / f"{kept}.mp4").unlink()
    Workspace(site.first).open_cache().remove(f"sha256:{kept}")
    code, out, _ = await asyncio.to_thread(say, capsys, "push")
    assert code == Exit.TAKES_FAILED
    assert "film s1#1  the clip is gone from this machine" in out
    assert [each.name for each in owed.iterdir()] == [kept]


LOADED = """\
import json, sys
from hailuo_batch.cli.main import run_command_line
code = run_command_line(sys.argv[1:])
print(json.dumps({"code": code, "top": sorted({name.partition(".")[0] for name in sys.modules})}), file=sys.stderr)
"""


async def test_a_run_with_nothing_to_do_reaches_the_shared_store_only_for_clips_that_are_not_here(site: Site):
    def load(*words: str) -> set[str]:
        ran = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True)
        found = json.loads(ran.stderr.splitlines()[-1])
        assert found["code"] == 0
        return set(found["top"])

    await site.run(site.first)
    assert "nothing to do" in (await asyncio.to_thread(say_in_process, "run", "film.yaml")).lower()
    top = await asyncio.to_thread(load, "run", "film.yaml")
    assert not {"obstore", "yaml", "asyncio"} & top, "every clip is here"
    for digest in site.clips_here(site.first):
        Workspace(site.first).open_cache().remove(digest)
    top = await asyncio.to_thread(load, "run", "film.yaml")
    assert "obstore" in top
    assert "asyncio" not in top, "one request, and no plan"
    assert site.clips_here(site.first) == frozenset()


def say_in_process(*words: str) -> str:
    line = [sys.executable, "-m", "hailuo_batch.cli.main", *words]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout
