"""One campaign from the writer's spreadsheet to the client's: every command is a process of its own, in a real git
repository, with signatures by the ssh-keygen of this machine. The mock's log says what was submitted.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rehearsal import KEY

pytestmark = [
    pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed: NOT TESTED"),
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: NOT TESTED"),
]
PROGRAM = """\
import sys, time
if sys.argv[1] == "run":  # the pauses of a run are short; nothing else is otherwise than for a user
    import hailuo_batch.app.running.context as context
    from hailuo_batch.runner.limiter import Tempo
    context.make_scaled_clock = lambda _: Tempo(elapsed=time.monotonic, speed=500.0)
from hailuo_batch.cli.main import main
sys.exit(main())
"""
LIST = """\
Shot,Description,Length (s),First frame,Music
010,A ship comes out of the fog [Push in],6,,cue 1
020,Gulls circle over the quay,6,shot:010 last,cue 1
030,Hands weigh fish [Static shot],6,,cue 2
"""
SETTINGS = """
regions: {minimax: 'URL'}
require_approval: {above: 0.50 USD, two_persons: true, allowed_signers: .allowed_signers}
"""
PLAN = "plans/harbour.plan.json"
GIT_USER = "[user]\n\tname = {0}\n\temail = {0}@acme.test\n\tsigningkey = {1}\n[gpg]\n\tformat = ssh\n"


@dataclass(kw_only=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True)
class Person:
    """Somebody at a machine of their own: a checkout, git's settings, an ssh key, a folder of trust and purchases."""

    name: str
    home: Path
    url: str = ""
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir()
        key = self.home / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", self.name, "-f", key], check=True)
        (self.home / "gitconfig").write_text(GIT_USER.format(self.name, f"{key}.pub"))
        self.environment = {
            **os.environ,
            "COLUMNS": "80",
            "GIT_CONFIG_GLOBAL": str(self.home / "gitconfig"),
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "HAILUO_STATE": str(self.home / "state"),
            "MINIMAX_API_KEY": KEY,
        }

    @property
    def folder(self) -> Path:
        return self.home / "film"

    @property
    def signer(self) -> str:
        public = (self.home / "key.pub").read_text().strip()
        return f'{self.name}@acme.test namespaces="hailuo-batch" {public}\n'

    def git(self, *words: str) -> str:
        done = self._run(["git", *words])
        assert done.code == 0, done.err
        return done.out

    def commit(self, *words: str) -> None:
        self.git("add", "--all")
        self.git("commit", "-qm", " ".join(words))

    def say(self, *words: str) -> Said:
        return self._run([sys.executable, "-c", PROGRAM, *words])

    def expect(self, line: str, code: int, *begin: str) -> Said:
        """Runs a command, whose words have no blanks; it ends with this code, and what it says begins so."""
        said = self.say(*line.split())
        text = said.err if code else said.out
        assert (said.code, text.splitlines()[: len(begin)]) == (code, [*begin]), said
        return said

    def _run(self, words: list[str]) -> Said:
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "mock.jsonl"


@pytest.fixture
def url(log: Path) -> Iterator[str]:
    """MiniMax as the mock plays it, in a process of its own."""
    words = ["mock", "--port", "0", "--log", str(log), "--speed", "500"]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(line.split()[1] for line in process.stdout if line.strip().startswith("minimax"))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def list_submits(log: Path) -> list[str]:
    """The prompts that were charged, by the mock's books; each submit is one charge."""
    entries = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    charged = [entry["prompt"] for entry in entries if entry["what"] == "charge"]
    assert len([entry for entry in entries if entry.get("call") == "submit"]) == len(charged)
    return charged


def refuse(person: Person, log: Path, *words: str, line: str = f"run --plan {PLAN}") -> None:
    """The run is refused with these words, and by the mock's books nothing more is submitted."""
    before = list_submits(log)
    said = person.say(*line.split())
    assert said.code == 5, said
    assert said.out == ""
    assert said.err.startswith("error: ")
    text = " ".join(said.err.split())
    assert [word for word in words if word not in text] == [], said.err
    assert list_submits(log) == before


def test_from_the_writers_spreadsheet_to_the_clients_and_back(tmp_path: Path, url: str, log: Path) -> None:
    nora, ben = Person(name="nora", home=tmp_path / "nora"), Person(name="ben", home=tmp_path / "ben")
    nora.folder.mkdir()

    # Nora sets the project up, and imports the writer's list on a branch.
    nora.git("init", "-q", "-b", "main")
    nora.expect("init", 0, "Written:", "  hailuo.yaml", "  manifests/first.yaml")
    settings = nora.folder / "hailuo.yaml"
    settings.write_text(settings.read_text() + SETTINGS.replace("URL", url))
    (nora.folder / ".allowed_signers").write_text(nora.signer + ben.signer)
    nora.commit("Set up")
    (command,) = (line.strip() for line in nora.say("trust").err.splitlines() if "trust --yes" in line)
    nora.expect(command.removeprefix("hailuo-batch "), 0)
    nora.git("checkout", "-qb", "harbour")
    (nora.folder / "harbour.csv").write_text(LIST)
    nora.expect(
        "import harbour.csv",
        0,
        "The description is read as prompt.",
        "Columns: Shot is id, Description is prompt, Length (s) is cut.",
        "Kept as meta, and never sent: Music. `--map NAME=KEY` decides otherwise.",
        "new      010",
    )
    film = nora.folder / "manifests" / "harbour.yaml"
    film.write_text(film.read_text().replace("shots:", "providers: [minimax]\nshots:", 1))
    nora.expect("validate manifests/harbour.yaml", 0, "manifests/harbour.yaml: valid, 3 shots, 3 takes.")
    nora.commit("Harbour")

    # The comment of the pull request, and the plan in it.
    comment = nora.expect("diff main... --format md", 0, "<!-- hailuo-batch diff -->")
    assert comment.out.splitlines()[1] == "### 3 shots are added, +0&#46;84 USD"
    nora.expect("plan manifests/harbour.yaml", 0, "harbour · manifests/harbour.yaml · hailuo-02")
    refuse(nora, log, "not approved", "Save the plan, have it approved", line="run --yes manifests/harbour.yaml")
    saved = nora.expect(f"plan -o {PLAN} manifests/harbour.yaml", 0, "harbour · manifests/harbour.yaml · hailuo-02")
    assert saved.err.splitlines()[0].endswith("3 clips for 0.84 USD.")
    assert f"    hailuo-batch approve --sign {PLAN}" in saved.err.splitlines()
    nora.commit("Plan")

    # Nobody has approved it; then its author does; then Ben does, and forgets to sign.
    refuse(nora, log, "not approved", "The run may cost 0.84 USD.")
    own = nora.say("approve", "--sign", PLAN)
    assert own.code == 0
    assert "The approval does not count here: they saved the plan, and two persons are required." in own.out
    refuse(nora, log, "nora <nora@acme.test>: they saved the plan, and two persons are required.")
    nora.git("clean", "-qfd", "plans")
    subprocess.run(["git", "clone", "-q", "-b", "harbour", nora.folder, ben.folder], check=True)
    unsigned = ben.say("approve", PLAN)
    assert (unsigned.code, "does not count here: it is not signed." in unsigned.out) == (0, True)
    (nora.folder / f"{PLAN}.approval").write_bytes((ben.folder / f"{PLAN}.approval").read_bytes())
    refuse(nora, log, "ben <ben@acme.test>: it is not signed.")
    (nora.folder / f"{PLAN}.approval").unlink()

    # Ben sees what he approves, and signs it in his own checkout.
    shown = ben.expect(f"approve --sign {PLAN}", 0, "harbour · manifests/harbour.yaml", "")
    assert "A ship comes out of the fog [Push in]" in shown.out
    assert "\nApproved by ben <ben@acme.test>, signed.\n" in shown.out
    ben.commit("Approve")
    nora.git("pull", "-q", str(ben.folder), "harbour")

    # What is edited after that is not run: neither the plan nor the shot list.
    plan = nora.folder / PLAN
    plan.write_text(plan.read_text().replace("Hands weigh fish", "Hands count fish"))
    refuse(nora, log, f"{PLAN} was edited, so nothing was done")
    nora.git("checkout", "-q", PLAN)
    film.write_text(film.read_text().replace("Hands weigh fish", "Hands count fish"))
    refuse(nora, log, "no longer fits", '030#1: prompt: "Hands weigh fish [Static shot]" → "Hands count fish')
    nora.git("checkout", "-q", "manifests")
    assert list_submits(log) == []

    # The merge runs it, once.
    nora.git("checkout", "-q", "main")
    nora.git("merge", "-q", "harbour")
    ran = nora.expect(f"run --plan {PLAN} --progress none", 0)
    assert "Rendered 3 clips" in ran.out
    prompts = ["A ship comes out of the fog [Push in]", "Gulls circle over the quay", "Hands weigh fish [Static shot]"]
    assert sorted(list_submits(log)) == prompts
    again = nora.expect(f"run --plan {PLAN}", 0)
    assert again.out.startswith("Nothing to do: 3 takes in the store, 18.0 s of video (18 s in the edit)")
    assert len(list_submits(log)) == 3
    nora.commit("Rendered")

    # The client gets the table, and changes a cell of it.
    nora.expect("export manifests/harbour.yaml -o client.xlsx", 0, "Written: client.xlsx")
    change_cell(nora.folder / "client.xlsx", "out of the fog", "out of the evening fog")
    nora.expect("import client.xlsx --into manifests/harbour.yaml", 0, "changed  010")
    assert nora.git("diff", "--stat", "--", "manifests").splitlines()[-1].startswith(" 1 file changed, 1 insertion(+)")
    nora.expect("diff", 0, "1 shot changes, 1 follows, +0.56 USD.")
    refuse(nora, log, "no longer fits", '010#1: prompt: "A ship comes out of the fog')
    nora.expect(f"plan -o {PLAN} manifests/harbour.yaml", 0)
    assert [take["shot"] for step in json.loads(plan.read_text())["steps"] for take in step["takes"]] == ["010", "020"]
    refuse(nora, log, "ben <ben@acme.test>: they approved another version of the plan.")
    (ben.folder / PLAN).write_bytes(plan.read_bytes())
    assert ben.say("approve", "--sign", PLAN).code == 0
    (nora.folder / f"{PLAN}.approval").write_bytes((ben.folder / f"{PLAN}.approval").read_bytes())
    nora.expect(f"run --plan {PLAN} --progress none", 0)
    assert list_submits(log)[3:] == ["A ship comes out of the evening fog [Push in]", "Gulls circle over the quay"]
    assert '"030"' not in nora.git("diff", "-U0", "--", "manifests/harbour.lock.yaml")
    nora.expect("audit", 0)


def change_cell(file: Path, old: str, new: str) -> None:
    import openpyxl

    book = openpyxl.load_workbook(file)
    assert book.active is not None
    (cell,) = (cell for row in book.active.iter_rows() for cell in row if old in str(cell.value))
    cell.value = str(cell.value).replace(old, new)
    book.save(file)
