"""One project in one world on this disk: the only place that opens ledger, store, renders and locks.

It hands out what implements the ports, so that a ledger or a store elsewhere is chosen here and nowhere else. Each is
imported when it is opened: most commands open few of them.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from hailuo_batch.core.shared_places import NO_PLACES, SharedPlaces
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.load.git_folder import find_git_folder
from hailuo_batch.load.project_root import CACHE_FOLDER, HIDDEN_FOLDER
from hailuo_batch.load.shared_places import read_shared_places
from hailuo_batch.load.user_state import find_user_state
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.app.workspace.shared_ledger import SharedLedger
    from hailuo_batch.core.attempt.rejected import RejectedClip
    from hailuo_batch.core.spending.purchase import JournalFault
    from hailuo_batch.ledger.moves import LedgerMoves
    from hailuo_batch.ledger.postgres.probe import LedgerProbe
    from hailuo_batch.mock.kept_tasks import KeptTasks
    from hailuo_batch.ports import (
        Clock,
        LedgerMark,
        LedgerReader,
        LedgerWriter,
        Locks,
        Measures,
        RejectedClips,
        Renders,
        RunLock,
        Store,
    )
    from hailuo_batch.store.listing import ClipPlaces
    from hailuo_batch.store.local import LocalStore
    from hailuo_batch.store.shared import SharedStore

LEDGER_NAME = "ledger.db"
TRANSFER_PATIENCE = 30.0  # seconds
LISTING_PATIENCE = 6.0  # seconds, since a person waits; what was last known does as well
SKETCH_LEDGER_NAME = "sketches.db"  # of sketches, once the ledger has moved to a shared one


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a project keeps what commands of one world make.

    Money: a rehearsal has a ledger, a store and names of its own, so that a clip of the mock never replaces a real
    one, and no doubt of a rehearsal holds a purchase.
    """

    project_root: Path
    world: World = World.REAL

    @property
    def places(self) -> SharedPlaces:
        """What this world shares with other machines; sketches and rehearsals stay here."""
        return read_shared_places(self.project_root) if self.world is World.REAL else NO_PLACES

    @property
    def data_root(self) -> Path:
        """The folder below which ledger, store and renders are."""
        return self.shared_folder / "rehearsal" if self.world is World.REHEARSAL else self.project_root

    @property
    def shared_folder(self) -> Path:
        """`.hailuo/` of the project itself: caches and fetched images, which are facts in every world."""
        return self.project_root / HIDDEN_FOLDER

    @property
    def state_folder(self) -> Path:
        """`.hailuo/` of this world: ledger, store, run lock and cached plans."""
        return self.data_root / HIDDEN_FOLDER

    @property
    def images_folder(self) -> Path:
        """Images fetched from the web, by digest; one that is gone is fetched again."""
        return self.shared_folder / "frames"

    @property
    def renders_folder(self) -> Path:
        """The clips under readable names."""
        return self.data_root / "renders"

    @property
    def ledger_folder(self) -> Path:
        """Where ledger and run lock are: in git's own folder, which all worktrees share, which `git clean` does not
        reach and no clone can ship. Without git, and in a rehearsal, in `.hailuo/`.
        """
        git = None if self.world is World.REHEARSAL else find_git_folder(self.project_root)
        if git is None:
            return self.state_folder
        below = self.project_root.resolve().relative_to(git.top.resolve())
        return git.common / "hailuo" / "projects" / below if below.parts else git.common / "hailuo"

    @property
    def ledger_file(self) -> Path:
        """The SQLite record, for messages and for caches that depend on it; `read_ledger` opens it."""
        file, older = self._own_ledger, self.older_ledger_file
        if older == file or file.exists() or not older.exists():
            return file
        from hailuo_batch.ledger.move_over import is_ledger

        return older if is_ledger(older) else file

    @property
    def ledger_name(self) -> str:
        """Which ledger it is, for messages: the shared one's place, else the file."""
        return self.places.ledger_place or str(self.ledger_file)

    @property
    def _own_ledger(self) -> Path:
        file = self.ledger_folder / LEDGER_NAME
        if self.world is World.SKETCH and (sketches := file.with_name(SKETCH_LEDGER_NAME)).exists():
            return sketches
        return file

    @property
    def older_ledger_file(self) -> Path:
        """Where the ledger of a project in git was before; it moves over when it is next written to."""
        return self.state_folder / LEDGER_NAME

    @property
    def journal_file(self) -> Path:
        """The purchases of this user's ledgers on this machine; a rehearsal rehearses them too, apart."""
        if self.world is World.REHEARSAL:
            return self.state_folder / "journal.db"
        try:
            return find_user_state() / "journal.db"
        except InputError:
            if self.world is World.REAL:
                raise
            return self.state_folder / "journal.db"  # nothing is bought: a sketch needs no home folder

    @property
    def exists(self) -> bool:
        """Whether a command of this world ever wrote here."""
        return self.state_folder.is_dir() or self.ledger_file.exists()

    def create(self) -> None:
        """Makes the state folder (mode 0700, hidden from git) unless it is there; that of the project first."""
        from hailuo_batch.store.state_dir import ensure_state_folder

        self.require_own_files(writing=True)
        ensure_state_folder(self.shared_folder, trusted=self.project_root)  # what a rehearsal keeps is below it
        ensure_state_folder(self.state_folder, trusted=self.project_root)

    def require_own_files(self, *, writing: bool = False) -> None:
        """Raises `RefusedError` where a repository, a link or another user's folder stands in for what we make."""
        from hailuo_batch.core.plan.render_names import POSTERS_FOLDER, SELECTED_FOLDER
        from hailuo_batch.files.ownership import require_own_folders

        store, renders = self.store_folder, self.renders_folder
        stored = (store, store / "incoming", store / "rejected")
        folders = (
            self.state_folder,
            *stored,
            self.state_folder / CACHE_FOLDER,
            self.images_folder,
            self.measures_folder,
            self.owed_folder,
            renders,
            renders / POSTERS_FOLDER,
            renders / SELECTED_FOLDER,
            *([self.data_root / "reviews"] if self.world is World.REHEARSAL else []),
        )
        require_own_folders(self.project_root, *folders, state=HIDDEN_FOLDER, writing=writing)

    def read_ledger(self) -> "AbstractAsyncContextManager[LedgerReader]":
        """The ledger for reading, also while a run writes; a missing one reads as empty and is not made."""
        self.require_own_files()
        if (shared := self._find_shared_ledger()) is not None:
            return shared.read()
        from hailuo_batch.ledger.sqlite import read_ledger

        return read_ledger(self.ledger_file, journal=self.journal_file, former=self.older_ledger_file)

    def read_moves(self, since: "LedgerMark") -> "LedgerMoves | None":
        """What moved in the ledger since then; None where that is not certain."""
        from hailuo_batch.ledger.moves import read_moves

        return None if self.places.ledger else read_moves(self.ledger_file, since)

    @asynccontextmanager
    async def open_ledger(
        self,
        clock: "Clock",
        lock: "RunLock",
        command: str = "run",
        *,
        accounts: Mapping[str, str] = MappingProxyType({}),
        mended: "AbstractSet[JournalFault]" = frozenset(),
    ) -> "AsyncIterator[LedgerWriter]":
        """The ledger for writing, traced; only the holder of the run lock may open it.

        Each purchase is entered in the journal too: see `JournalLink` for `accounts` and `mended`.
        """
        from hailuo_batch.ledger.journal import JournalLink
        from hailuo_batch.ledger.move_over import move_over
        from hailuo_batch.ledger.sqlite import open_ledger
        from hailuo_batch.ledger.trace_moves import trace_moves

        if (shared := self._find_shared_ledger()) is not None:
            async with shared.open(clock, command) as ledger:
                yield trace_moves(ledger)
            return
        file = self._own_ledger
        move_over(self.older_ledger_file, self.ledger_folder / LEDGER_NAME)
        link = JournalLink(
            file=self.journal_file,
            ledger=file,
            store=self.store_folder,
            world=self.world,
            accounts=accounts,
            mended=mended,
        )
        journal = None if self.world is World.SKETCH else link  # what is drawn here is no purchase
        async with open_ledger(file, clock=clock, lock=lock, journal=journal) as ledger:
            yield trace_moves(ledger)

    def probe_shared_ledger(self) -> "LedgerProbe | None":
        """What is true of a shared ledger's server; None where the project has a ledger of its own."""
        shared = self._find_shared_ledger()
        return None if shared is None else shared.probe()

    def report_owed(self, clips: int) -> None:
        """Says to machines that share the ledger how many clips are only on this one; `LedgerError` where it cannot."""
        if (shared := self._find_shared_ledger()) is not None:
            shared.report_owed(clips)

    def _find_shared_ledger(self) -> "SharedLedger | None":
        places = self.places
        if not places:
            return None
        from hailuo_batch.app.workspace.shared_ledger import find_shared_ledger

        return find_shared_ledger(places, self.project_root, self.journal_file)

    def open_store(self) -> "Store":
        """The clips by digest: shared with other machines where the project says so."""
        return self.open_shared_store() or self.open_cache()

    def open_shared_store(self, *, patience: float = TRANSFER_PATIENCE) -> "SharedStore | None":
        """The store that other machines share, with the local one as its cache; None where there is none.

        `patience` is how many seconds it may be silent.
        """
        if not (address := self.places.store):
            return None
        from hailuo_batch.store.shared import open_shared_store

        state = self.state_folder
        return open_shared_store(
            address,
            self.open_cache(),
            state=state,
            memory=state / CACHE_FOLDER,
            trusted=self.project_root,
            patience=patience,
        )

    def require_shared_store(self) -> "SharedStore":
        """The store that other machines share; raises where the project has none, or is not trusted."""
        self.require_own_files(writing=True)
        if (store := self.open_shared_store()) is not None:
            return store
        from hailuo_batch.app.workspace.no_store import explain_missing_store

        raise explain_missing_store(self.project_root, self.places)

    def open_cache(self) -> "LocalStore":
        """The clips of this machine alone."""
        from hailuo_batch.store.local import LocalStore

        return LocalStore(self.store_folder, trusted=self.project_root)

    @property
    def owed_folder(self) -> Path:
        """Which clips are owed to the shared store."""
        return self.state_folder / "owed"

    @property
    def has_owed_clips(self) -> bool:
        """Whether a clip is owed to the shared store; a project without one owes none."""
        from hailuo_batch.store.listing import list_folder

        return bool(list_folder(self.owed_folder) and self.places.store)

    def open_renders(self) -> "Renders":
        """The readable names, linked from the store; git ignores a new folder, whether or not `init` was run."""
        from hailuo_batch.store.renders import LocalRenders

        return LocalRenders(self.renders_folder, trusted=self.project_root, hide=True)

    def open_selected(self) -> "Renders":
        """The names of selected clips."""
        from hailuo_batch.core.plan.render_names import SELECTED_FOLDER
        from hailuo_batch.store.renders import LocalRenders

        self.require_own_files(writing=True)
        self.open_renders().make()
        return LocalRenders(self.renders_folder / SELECTED_FOLDER, trusted=self.project_root)

    @property
    def mock_tasks_file(self) -> Path:
        """What the mock of a rehearsal accepted, one task a line."""
        return self.state_folder / "mock.jsonl"

    def open_mock_tasks(self) -> "KeptTasks":
        """What the mock of a rehearsal keeps between runs."""
        from hailuo_batch.mock.kept_tasks import KeptTasks

        return KeptTasks(self.mock_tasks_file, self.project_root)

    @property
    def measures_folder(self) -> Path:
        """What was measured of clips, by digest; what is gone is measured again."""
        return self.state_folder / "measures"

    def open_measures(self) -> "Measures":
        """What was measured of clips."""
        from hailuo_batch.store.measures import LocalMeasures

        return LocalMeasures(self.measures_folder, trusted=self.project_root)

    def open_rejected(self) -> "RejectedClips":
        """The clips that were paid for and are not whole."""
        from hailuo_batch.store.rejected import LocalRejectedClips

        return LocalRejectedClips(self.store_folder / "rejected", below=self.project_root)

    def list_rejected(self) -> "tuple[RejectedClip, ...]":
        """All of those; the store of the real world holds sketches too, and no sketch is paid for."""
        return () if self.world is World.SKETCH else self.open_rejected().list_all()

    @property
    def store_folder(self) -> Path:
        """Where the local store is."""
        return self.state_folder / "store"

    def list_digests(self) -> frozenset[str]:
        """The digests of all clips in the store, here and shared."""
        return self.list_clip_places().digests

    def list_clip_places(self) -> "ClipPlaces":
        """The digests of all clips by where they are: by listing folders, and by one request to a shared store."""
        from hailuo_batch.store.listing import ClipPlaces, list_digests

        here, address = list_digests(self.store_folder), self.places.store
        if not address:
            return ClipPlaces(here=here)
        from hailuo_batch.store.object_listing import list_clip_places

        memory, root = self.state_folder / CACHE_FOLDER, self.project_root
        return list_clip_places(address, here, memory, trusted=root, patience=LISTING_PATIENCE)

    def has_clips(self, digests: AbstractSet[str]) -> bool:
        """Whether the store has all of these clips; where all are here, nobody else is queried."""
        from hailuo_batch.store.listing import list_digests

        return digests <= list_digests(self.store_folder) or digests <= self.list_digests()

    def list_rehearsed_digests(self) -> frozenset[str]:
        """The digests of rehearsed clips, as another world sees them: none of them was paid for."""
        if self.world is World.REHEARSAL:
            return frozenset()
        return Workspace(self.project_root, World.REHEARSAL).list_digests()

    def find_copies(self, digests: Iterable[str], stores: Iterable[str]) -> dict[str, str]:
        """The files of clips in other stores of this machine, by digest."""
        from hailuo_batch.store.local import LocalStore

        others = [LocalStore(Path(folder)) for folder in stores if Path(folder) != self.store_folder]
        found = ((digest, store) for store in others for digest in digests if store.stat(digest) is not None)
        return {digest: store.location(digest) for digest, store in found}

    def list_render_names(self) -> frozenset[str]:
        """The readable names of all clips below `renders/`."""
        from hailuo_batch.store.listing import list_render_names

        return list_render_names(self.renders_folder)

    @contextmanager
    def hold_run_lock(self, holder: str) -> "Iterator[RunLock]":
        """The right to write here, for one command at a time; `LedgerError` names who holds it."""
        self.require_own_files(writing=True)
        with ExitStack() as held:
            lock = held.enter_context(_locks_in(self.ledger_folder).hold_run_lock(holder))
            if self.ledger_file == self.older_ledger_file != self.ledger_folder / LEDGER_NAME:
                # A version before this one may be working on the ledger that is about to move.
                held.enter_context(_locks_in(self.state_folder).hold_run_lock(holder))
            yield lock

    def is_run_active(self) -> bool:
        """Whether a command holds the run lock now."""
        return _locks_in(self.ledger_folder).is_run_active()


def _locks_in(folder: Path) -> "Locks":
    from hailuo_batch.ledger.run_lock import FileLocks

    return FileLocks(folder / "run.lock")
