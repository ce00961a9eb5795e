"""The problems found in one file: kept while they are few, then counted, at last put in the order of the file.

What is wrong is found and worded elsewhere; nothing here reads an event.
"""

from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.load.yaml.locate import locate
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot, make_place
from hailuo_batch.load.yaml.messages import MORE_PROBLEMS, Message

MAX_SHOWN = 50
MAX_UNSHOWN = 1_000  # problems beyond those shown

Finding = tuple[Problem, Spot | None]  # None: the place follows from the problem's path, and is looked up last


def make_finding(words: Message, spot: Spot | None, *, path: DocumentPath = (), on_key: bool = False) -> Finding:
    """A problem in these words."""
    return Problem(rule=words.rule, why=words.why, remedy=words.remedy, path=path, on_key=on_key), spot


class StopReading(Exception):  # noqa: N818 - no error: it ends the reading of a file, with a problem to show
    """There is no sense in reading on."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = list(findings)


class Findings:
    """What was found in one file up to now."""

    __slots__ = ("kept", "unshown")

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.unshown = 0

    def add(self, finding: Finding) -> None:
        """Keeps a problem, only counts it when enough are kept, and gives up when a whole file is wrong."""
        if len(self.kept) < MAX_SHOWN:
            self.kept.append(finding)
        elif self.unshown < MAX_UNSHOWN:
            self.unshown += 1
        else:
            raise StopReading

    def end_with(self, findings: list[Finding]) -> None:
        """Keeps what ended the reading; what was said of the same place before was a guess from less."""
        spots = {spot for _, spot in findings}
        self.kept = [kept for kept in self.kept if kept[1] is None or kept[1] not in spots] + findings

    def to_problems(self, payload: bytes, name: str) -> tuple[Problem, ...]:
        """The problems in the order of the file, each with its place and the line it is in."""
        if not self.kept:
            return ()
        lost = [(problem.path, problem.on_key) for problem, spot in self.kept if spot is None]
        places = locate(payload, lost, name=name) if lost else {}
        # Of bytes that are no text, no line can be shown.
        text = "" if self.kept[0][1] is TOP_OF_FILE else payload.decode(errors="replace")
        pairs = [
            (places[problem.path, problem.on_key] if spot is None else make_place(spot, text, name), problem)
            for problem, spot in self.kept
        ]
        pairs.sort(key=lambda pair: (pair[0].line, pair[0].column))
        problems = tuple(problem.with_place(where) for where, problem in pairs)
        return (*problems, self._overflow_problem().with_place(pairs[-1][0])) if self.unshown else problems

    def _overflow_problem(self) -> Problem:
        rest = ", and the rest was not read" if self.unshown == MAX_UNSHOWN else ""
        problem, _ = make_finding(MORE_PROBLEMS.fill(count=f"{self.unshown:,}", rest=rest), None)
        return problem
