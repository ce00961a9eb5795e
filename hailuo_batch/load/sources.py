"""The files that a manifest is read from, and in which of them each of its values is written.

Problems speak of the manifest as a whole (`("shots", 17, "prompt")`). Here they get the file where that is written, and
who includes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path

from hailuo_batch.core.problem import DocumentPath, Place, Problem
from hailuo_batch.load.document import locate
from hailuo_batch.load.include_stamp import IncludeStamp
from hailuo_batch.load.manifest import MAX_PROBLEMS, Wanted, place_problems
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Source:
    """One file. `file` is its real path, `name` what people call it.

    `included_by` has it at `place` of its list; None for the manifest itself.
    """

    file: Path
    name: str
    data: bytes
    included_by: "Source | None" = None
    place: int = 0

    def find_places(self, wanted: Iterable[Wanted]) -> dict[Wanted, Place]:
        """The places of values of this file."""
        chain = self.list_includers()
        found = locate(self.data, wanted, name=self.name)
        return {each: replace(place, included_by=chain) for each, place in found.items()} if chain else found

    def add_chain(self, problem: Problem) -> Problem:
        """A problem of this file, with who includes it."""
        if self.included_by is None or problem.place is None:
            return problem
        return problem.with_place(replace(problem.place, included_by=self.list_includers()))

    def list_includers(self) -> tuple[str, ...]:
        """Who includes this file, and who includes that one, with the lines."""
        if self.included_by is None:
            return ()
        entry: Wanted = (("include", self.place), False)
        line = locate(self.included_by.data, [entry], name="")[entry].line
        return (f"{self.included_by.name}:{line}", *self.included_by.list_includers())


Origin = tuple[Source, DocumentPath]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sources:
    """All files of a manifest; `origins` has each shot, sequence and name that is not at its own path in `main`."""

    main: Source
    included: tuple[Source, ...] = ()
    origins: Mapping[DocumentPath, Origin] = field(default_factory=dict)
    stamps: tuple[IncludeStamp, ...] = ()

    def find_origin(self, path: DocumentPath) -> Origin:
        """The file in which a value of the manifest is written, and its path there."""
        for length in (2, 1):
            if (found := self.origins.get(path[:length])) is not None:
                source, start = found
                return source, (*start, *path[length:])
        return self.main, path

    def locate_problems(self, problems: Iterable[Problem], *, most: int = MAX_PROBLEMS) -> tuple[Problem, ...]:
        """The same problems with file, line and column, in the order of the files; of more than `most`, a count."""
        files = [source.name for source in (self.main, *self.included)]
        return place_problems(
            problems, self._find_places, files=files, own_path=lambda path: self.find_origin(path)[1], most=most
        )

    def _find_places(self, wanted: Iterable[Wanted]) -> dict[Wanted, Place]:
        asked: dict[Source, dict[Wanted, Wanted]] = {}
        for path, on_key in wanted:
            source, own_path = self.find_origin(path)
            asked.setdefault(source, {})[path, on_key] = (own_path, on_key)
        found = {}
        for source, own in asked.items():
            places = source.find_places(own.values())
            found.update({each: places[there] for each, there in own.items()})
        return found
