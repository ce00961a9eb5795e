"""Approvals: who counts, what they are bound to, and that a run submits nothing without one. Signatures are real ones,
made by the ssh-keygen of this machine.
"""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from studio import Studio, make_project, open_mock

from hailuo_batch.app.run import run
from hailuo_batch.app.run_several import run_several
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.saved_plans import approve
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, InputError, RefusedError
from hailuo_batch.load.approvals_file import approvals_path
from hailuo_batch.runner.shutdown import Stop

FILM = """\
version: 1
campaign: film
providers: [PROVIDERS]
defaults: {duration: short, resolution: 768p}
shots:
  - {id: kite, prompt: a kite rises}
  - {id: boat, prompt: two boats race}
"""
ANA, BEN = "Ana <ana@acme.test>", "Ben <ben@acme.test>"
needs_keys = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed: NOT TESTED")


@dataclass(kw_only=True)
class ApprovedStudio(Studio):
    """A project with a rule, and a folder of keys."""

    keys: Path

    async def approve(self, name: str, key: str = "") -> None:
        await approve(self.file, name=name, key=str(self.keys / key) if key else "")

    async def refuse(self) -> str:
        """Why the plan is not run; nothing is submitted."""
        with pytest.raises(RefusedError) as refused:
            await self.run_plan()
        assert refused.value.exit is Exit.REFUSED
        assert self.submits() == []
        return f"{refused.value.summary}\n{refused.value.why}\n{refused.value.remedy}"


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose key is set, for which time flies, and where git knows one person."""
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tname = Ana\n\temail = ana@acme.test\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    return make_project(tmp_path, monkeypatch)


@asynccontextmanager
async def open_studio(
    folder: Path, rule: str, providers: str = "minimax", faults: Sequence[dict[str, Any]] = ()
) -> AsyncIterator[ApprovedStudio]:
    (folder / "film.yaml").write_text(FILM.replace("PROVIDERS", providers), encoding="utf-8")
    async with open_mock(folder, ("minimax", "mindvideo"), *faults, more=f"require_approval: {rule}\n") as mock:
        yield ApprovedStudio(folder=folder, mock=mock, keys=folder.parent)


async def test_above_the_amount_a_run_needs_an_approval(surroundings: Path) -> None:
    async with open_studio(surroundings, "{above: 0.50 USD}") as studio:
        with pytest.raises(RefusedError) as refused:
            await run(studio.film)
        assert "The run may cost 0.56 USD" in refused.value.why
        assert "hailuo-batch plan -o plans/film.plan.json" in refused.value.remedy
        await studio.save()
        words = await studio.refuse()
        assert "hailuo-batch approve" in words
        await studio.approve(BEN)
        ran = await studio.run_plan()
        assert (ran.exit, ran.outcome.stored) == (Exit.DONE, 2)
        assert (await run(studio.film)).exit is Exit.DONE  # nothing is left to buy


@pytest.mark.parametrize(
    ("rule", "providers"),
    [
        ("{above: 0.50 EUR}", "minimax"),  # another currency is not converted
        ("{above: 9 USD}", "mindvideo"),  # an unknown price
        ("{above: 9 USD}", "minimax, mindvideo"),  # unknown at the provider that comes next
        ("{}", "minimax"),  # whatever it costs
    ],
)
async def test_what_cannot_be_compared_needs_an_approval(surroundings: Path, rule: str, providers: str) -> None:
    async with open_studio(surroundings, rule, providers) as studio:
        with pytest.raises(RefusedError, match="not approved"):
            await run(studio.film)
        assert studio.mock.log == [] or not studio.mock.charges


async def test_what_a_cap_leaves_out_of_a_whole_run_counts_in_a_run_of_failed_takes(surroundings: Path) -> None:
    """The cap has room for one clip: that of the kite in a whole run, and that of the refused boat in this one."""
    refused = {"fault": "input_refused", "gateway": "minimax", "prompt": "boats", "first": 1}
    async with open_studio(surroundings, "{above: 9 USD}", faults=(refused,)) as studio:
        studio.change("providers:", "budget: {max: 0.30, currency: USD}\nproviders:")
        await run(studio.film, RunOptions(only=("boat",)))
        studio.change("above: 9 USD", "above: 0.10 USD", "hailuo.yaml")
        before = len(studio.submits())
        with pytest.raises(RefusedError, match="not approved"):
            await run(studio.film, RunOptions(scope=Scope.FAILED))
        assert len(studio.submits()) == before


@pytest.mark.parametrize(
    ("budget", "above", "needed"),
    [
        ("0.60", "0.30 USD", True),  # the cap has room for the boat where the kite is refused
        ("0.60", "0.60 USD", False),  # whatever is refused, the cap holds the amount
        ("0.30", "0.30 USD", False),
    ],
)
async def test_what_a_cap_leaves_out_counts_where_a_refusal_makes_room_for_it(
    surroundings: Path, budget: str, above: str, needed: bool
) -> None:
    refused = {"fault": "input_refused", "gateway": "minimax", "prompt": "kite"}
    async with open_studio(surroundings, f"{{above: {above}}}", faults=(refused,)) as studio:
        studio.change("providers:", f"budget: {{max: {budget}, currency: USD}}\nproviders:")
        studio.change("two boats race}", "two boats race, duration: 10}")  # 0.56 USD, where the kite is 0.28
        if needed:
            with pytest.raises(RefusedError, match="not approved") as unapproved:
                await run(studio.film)
            assert f"The run may cost {budget} USD." in unapproved.value.why
            await studio.save()  # of the plan, the boat is left out whatever becomes of the kite
            await studio.run_plan()
            assert not studio.mock.charges
        else:
            await run(studio.film)
            assert len(studio.mock.charges) == (budget == "0.60")


@pytest.mark.parametrize(("is_saved", "clips"), [(True, 1), (False, 2)], ids=["saved plan", "up to the amount"])
async def test_a_gateway_that_asks_for_more_than_was_agreed_to_gets_no_more(
    surroundings: Path, user_state: Path, is_saved: bool, clips: int
) -> None:
    """The mock charges 0.225 for 5 s, where the user wrote 0.10: 0.40 for four, and the second would be expected at
    0.225. An amount of 0.50 that needs no approval has room for two.
    """
    user_state.mkdir(parents=True, exist_ok=True)
    price = "amount: 0.1, currency: mindvideo-units, since: 2026-01-01"
    row = f"{{provider: mindvideo, resolution: 768p, duration: 5, {price}}}"
    (user_state / "prices.yaml").write_text(f"version: 1\nprices:\n  - {row}\n")
    async with open_studio(surroundings, "{above: 0.50 mindvideo-units}", "mindvideo") as studio:
        more = "".join(f"  - {{id: more{number}, prompt: more boats {number}}}\n" for number in range(2))
        studio.film.write_text(studio.film.read_text() + more)
        await studio.save()
        ran = await (studio.run_plan(jobs=1) if is_saved else run(studio.film, RunOptions(jobs=1)))
        assert (ran.exit, ran.outcome.stored, len(studio.submits())) == (Exit.REFUSED, clips, clips)
        words = "the saved plan's sum of 0.40" if is_saved else "without an approval"
        assert all(words in failure.why for _, failure in ran.outcome.failed)
        if is_saved:  # given again, it has what is left: 0.175, where one more is expected at 0.10; and then nothing
            again = [await studio.run_plan(jobs=1) for _ in range(2)]
            assert [(each.exit, each.outcome.stored) for each in again] == [(Exit.REFUSED, 1), (Exit.REFUSED, 0)]
            assert len(studio.submits()) == 2


async def test_several_manifests_are_counted_together(surroundings: Path) -> None:
    async with open_studio(surroundings, "{above: 0.56 USD}") as studio:
        other = studio.folder / "other.yaml"
        other.write_text(
            studio.film.read_text().replace("a kite", "a rose").replace("campaign: film", "campaign: more")
        )
        watch: Callable[[object], AbstractContextManager[Any]] = lambda _: nullcontext(lambda _: None)  # noqa: E731
        how: dict[str, Any] = {"approve": lambda _: None, "watch": watch, "stop": Stop()}
        with pytest.raises(RefusedError) as refused:
            await run_several([studio.film, other], RunOptions(), **how)
        assert "The run may cost 0.84 USD" in refused.value.why
        assert "hailuo-batch plan -o plans/all.plan.json film.yaml other.yaml" in refused.value.remedy
        assert not studio.mock.charges


async def test_up_to_the_amount_and_in_the_other_worlds_none_is_needed(surroundings: Path) -> None:
    async with open_studio(surroundings, "{above: 0.56 USD}") as studio:
        assert (await run(studio.film)).outcome.stored == 2
    text = (surroundings / "hailuo.yaml").read_text()
    (surroundings / "hailuo.yaml").write_text(text.replace("above: 0.56 USD", "above: 0 USD"))
    assert (await run(studio.film, RunOptions(world=World.REHEARSAL))).outcome.stored == 2


async def test_an_approval_ends_with_the_content_that_it_was_given_for(surroundings: Path) -> None:
    async with open_studio(surroundings, "{above: 0 USD}") as studio:
        await studio.save()
        await studio.approve(BEN)
        studio.film.write_text(studio.film.read_text().replace("a kite rises", "a kite falls"))
        await studio.save()
        assert "Ben <ben@acme.test>: they approved another version of the plan" in await studio.refuse()
        tree = json.loads(studio.file.read_text())
        tree["author"]["name"] = "Eve"
        studio.file.write_text(json.dumps(tree))
        assert "was edited, so nothing was done" in await studio.refuse()


@pytest.mark.parametrize(
    ("rule", "who", "why"),
    [
        ("{by: [ana@acme.test]}", BEN, "Ben <ben@acme.test>: they are not in require_approval.by"),
        ("{two_persons: true}", ANA, "Ana <ana@acme.test>: they saved the plan"),
        ("{two_persons: true}", "ANA@acme.test", "ANA@acme.test: they saved the plan"),
        ("{two_persons: true}", "ana", "ana: they saved the plan"),
        ("{allowed_signers: signers}", BEN, "Ben <ben@acme.test>: it is not signed"),
    ],
)
async def test_an_approval_that_does_not_count_is_named_with_the_reason(
    surroundings: Path, rule: str, who: str, why: str
) -> None:
    (surroundings / "signers").write_text("")
    async with open_studio(surroundings, rule) as studio:
        await studio.save()
        approved = await approve(studio.file, name=who)
        (fault,) = approved.faults
        assert fault.startswith(why.partition(": ")[2])
        assert why in await studio.refuse()


async def test_of_several_approvals_one_that_counts_is_enough(surroundings: Path) -> None:
    async with open_studio(surroundings, "{by: [ben@acme.test], two_persons: true}") as studio:
        await studio.save()
        for who in (ANA, "Eve <eve@acme.test>", "Ben <BEN@acme.test>"):
            await studio.approve(who)
        lines = approvals_path(studio.file).read_text().splitlines()
        assert [json.loads(line)["by"]["email"] for line in lines] == [
            "ana@acme.test",
            "eve@acme.test",
            "BEN@acme.test",
        ]
        assert (await studio.run_plan()).outcome.stored == 2


async def test_who_approves_is_who_git_says(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_studio(surroundings, "{above: 0 USD}") as studio:
        saved = await studio.save()
        assert (saved.author["name"], saved.author["email"]) == ("Ana", "ana@acme.test")
        approved = await approve(studio.file)
        assert str(approved.approval.by) == ANA
        assert (approved.approval.clips, [str(each) for each in approved.approval.cost]) == (2, ["0.56 USD"])
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        with pytest.raises(InputError) as unknown:
            await approve(studio.file)
        assert unknown.value.summary == "who approves?"


@pytest.mark.parametrize("change", [lambda _: "approved: yes\n", lambda line: line.replace("Ben", "\\ud800")])
async def test_a_line_that_nobody_of_us_wrote_stops_the_run(surroundings: Path, change: Callable[[str], str]) -> None:
    async with open_studio(surroundings, "{above: 0 USD}") as studio:
        await studio.save()
        await studio.approve(BEN)
        approvals_path(studio.file).write_text(change(approvals_path(studio.file).read_text()))
        with pytest.raises(InputError, match="the approvals cannot be read") as refused:
            await studio.run_plan()
        assert "film.plan.json.approval:1" in refused.value.why
        assert not studio.mock.charges


# Signatures.


@pytest.fixture
def keys(surroundings: Path) -> Path:
    """Keys of Ana, Ben and Eve; the first two are allowed signers."""
    folder = surroundings.parent
    lines = []
    for name in ("ana", "ben", "eve"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(words, check=True)
        public = (folder / f"{name}.pub").read_text().strip()
        lines.append(f'{name}@acme.test namespaces="hailuo-batch" {public}\n')
    (surroundings / "signers").write_text("".join(lines[:2]))
    return folder


RULE = "{by: [ben@acme.test], two_persons: true, allowed_signers: signers}"


@needs_keys
@pytest.mark.usefixtures("keys")
async def test_a_signed_approval_of_another_person_lets_the_plan_run(surroundings: Path) -> None:
    async with open_studio(surroundings, RULE) as studio:
        await studio.save()
        await studio.approve(BEN, "ben")
        assert (await studio.run_plan()).outcome.stored == 2


def copy_signature(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ben's signature of the approval of an older plan, under an approval of this one."""
    return [{**lines[0], "plan": lines[1]["plan"]}]


@needs_keys
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("who", "key", "change"),
    [
        ("ben@acme.test", "eve", None),  # signed by somebody else's key
        ("ben@acme.test", "ana", None),  # of somebody who may sign, and is not who they say
        ("ben@acme.test", "ben", "copy"),  # for another plan
        ("ben@acme.test", "ben", "clips"),  # for another number of clips
        ("-f/etc/passwd", "ben", None),
    ],
)
async def test_a_signature_that_does_not_prove_it_counts_for_nothing(
    surroundings: Path, who: str, key: str, change: str | None
) -> None:
    async with open_studio(surroundings, RULE.replace("by: [ben@acme.test], ", "")) as studio:
        await studio.save()
        await studio.approve(who, key)
        file = approvals_path(studio.file)
        if change == "copy":
            studio.film.write_text(studio.film.read_text().replace("a kite rises", "a kite falls"))
            await studio.save()
            await studio.approve("eve@acme.test")
            lines = copy_signature([json.loads(line) for line in file.read_text().splitlines()])
            file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        elif change == "clips":
            file.write_text(file.read_text().replace('"clips": 2', '"clips": 1'))
        words = await studio.refuse()
        assert "its signature is not that of ben@acme.test" in words or "it names nobody" in words


@needs_keys
@pytest.mark.parametrize("principals", ["*@acme.test", "ana@acme.test,ben@acme.test", "*"])
async def test_a_key_that_may_sign_for_the_author_proves_no_second_person(
    surroundings: Path, keys: Path, principals: str
) -> None:
    """Ana saves the plan, and signs as Ben."""
    (surroundings / "signers").write_text(f"{principals} {(keys / 'ana.pub').read_text()}")
    async with open_studio(surroundings, RULE) as studio:
        await studio.save()
        await studio.approve(BEN, "ana")
        assert "its key may also sign for the plan's author" in await studio.refuse()
        studio.change("two_persons: true", "two_persons: false", "hailuo.yaml")
        assert (await studio.run_plan()).outcome.stored == 2


@needs_keys
@pytest.mark.parametrize("is_absolute", [True, False])
async def test_a_file_of_signers_outside_the_project_lets_nobody_approve(
    surroundings: Path, keys: Path, is_absolute: bool
) -> None:
    (surroundings / "signers").rename(keys / "signers")
    name = str(keys / "signers") if is_absolute else "../signers"
    async with open_studio(
        surroundings, RULE.replace("allowed_signers: signers", f"allowed_signers: {name}")
    ) as studio:
        await studio.save()
        await studio.approve(BEN, "ben")
        assert f"{name} is outside the project." in await studio.refuse()


@needs_keys
async def test_the_key_is_the_one_that_git_signs_with(surroundings: Path, keys: Path) -> None:
    settings = "[user]\n\tname = Ben\n\temail = ben@acme.test\n\tsigningkey = KEY\n[gpg]\n\tformat = FORMAT\n"
    async with open_studio(surroundings, RULE.replace("two_persons: true, ", "")) as studio:
        await studio.save()
        global_file = keys / "gitconfig"
        global_file.write_text(settings.replace("KEY", "ABCDEF0123456789").replace("FORMAT", "openpgp"))
        with pytest.raises(InputError, match="with which key"):
            await approve(studio.file, sign=True)
        global_file.write_text(settings.replace("KEY", str(keys / "nobody")).replace("FORMAT", "ssh"))
        with pytest.raises(InputError, match="could not be signed"):
            await approve(studio.file, sign=True)
        assert not approvals_path(studio.file).exists()
        global_file.write_text(settings.replace("KEY", str(keys / "ben.pub")).replace("FORMAT", "ssh"))
        await approve(studio.file, sign=True)
        assert (await studio.run_plan()).outcome.stored == 2


async def test_without_ssh_keygen_a_sentence_says_so(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (surroundings / "signers").write_text("")
    async with open_studio(surroundings, RULE) as studio:
        saved = await studio.save()
        await studio.approve(BEN)
        line = json.loads(approvals_path(studio.file).read_text()) | {"signature": "x", "plan": saved.hash}
        approvals_path(studio.file).write_text(f"{json.dumps(line)}\n")
        find: Callable[[str], str | None] = shutil.which
        monkeypatch.setattr(
            "hailuo_batch.load.ssh_signatures.which", lambda name: None if name == "ssh-keygen" else find(name)
        )
        assert "ssh-keygen is not installed" in await studio.refuse()
        with pytest.raises(RefusedError, match="ssh-keygen is not installed"):
            await approve(studio.file, name=BEN, key="some")
        (surroundings / "signers").unlink()
        assert "no signature can be checked" in await studio.refuse()
