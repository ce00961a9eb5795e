"""Writes into the copies that an export makes how they were made: XMP, and with a certificate Content Credentials.

Only copies: the store keeps the bytes that came. A clip with Content Credentials of its own is left as it is, unless
there is a certificate to sign it again: any change would make them invalid.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch import __version__
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.origin import Disclosure
from hailuo_batch.core.plan.evidence import make_disclosure
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.core.plan.review import EMPTY_REVIEW, ShotReview
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import UnsafeFileError, read_regular
from hailuo_batch.media.mp4_boxes import UnsoundError
from hailuo_batch.media.origin_marks import read_origin_marks
from hailuo_batch.media.xmp import add_xmp
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.media.content_credentials import SigningKey

TOOL = f"hailuo-batch {__version__}"
_MAX_KEY_BYTES = 1_000_000
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Discloser:
    """What is known of a campaign's clips, for what copies of them say.

    `attempts` are those that stored the clips, by digest. Without a `key` nothing is signed.
    """

    planned: PlannedRun
    attempts: Mapping[str, AttemptRecord]
    key: "SigningKey | None" = field(default=None, repr=False)

    def make_copy(self, row: TakeRow, source: Path) -> bytes:
        """A copy that says how it was made; of a clip with credentials that nobody signs again, its own bytes."""
        data = source.read_bytes()
        if self.key is None and read_origin_marks(source).content_credentials:
            return data
        return self._disclose(data, self._disclosure(row), [(f"{row.shot}#{row.take}", data)])

    def disclose_film(self, film: Path, clips: Sequence[tuple[TakeRow, Path]], *, title: str) -> None:
        """Writes the same into a film that was joined from clips."""
        made = [self._disclosure(row) for row, _ in clips]
        said = Disclosure(
            made_by_ai=any(each.made_by_ai for each in made),
            tool=TOOL,
            model=", ".join(dict.fromkeys(each.model for each in made)),
            made=max((each.made for each in made), default=""),
            oversight="; ".join(dict.fromkeys(each.oversight for each in made if each.oversight)),
            text=made[0].text if made else "",
            title=title,
            is_composite=True,
        )
        parts = [(f"{row.shot}#{row.take}", path) for row, path in clips]
        data = film.read_bytes()
        write_beside(film, self._disclose(data, said, [(name, path.read_bytes()) for name, path in parts]))

    def _disclosure(self, row: TakeRow) -> Disclosure:
        return make_disclosure(
            row,
            model=self.planned.plan.inputs.model.name,
            tool=TOOL,
            text=self.planned.validation.project.disclosure,
            world=self.planned.validation.world,
            attempt=self.attempts.get(row.clip.digest) if row.clip is not None else None,
            review=self._review(row),
        )

    def _review(self, row: TakeRow) -> ShotReview:
        review = self.planned.validation.review
        return EMPTY_REVIEW if review is None else review.shots.get(row.shot, EMPTY_REVIEW)

    def _disclose(self, data: bytes, said: Disclosure, ingredients: Iterable[tuple[str, bytes]]) -> bytes:
        try:
            marked = add_xmp(data, said)
        except UnsoundError as error:
            validation = self.planned.validation
            check = command_line("verify", "--deep", manifest=validation.name, world=validation.world)
            raise InputError(
                f"{said.title} cannot say how it was made",
                why=str(error),
                remedy=f"To check its bytes in the store:\n    {check}",
            ) from None
        if self.key is None:
            return marked
        from hailuo_batch.media.content_credentials import Ingredient, sign_film

        return sign_film(marked, said, self.key, [Ingredient(title=name, data=part) for name, part in ingredients])


async def open_discloser(planned: PlannedRun, *, certificate: Path | None = None, key: Path | None = None) -> Discloser:
    """What copies of a plan's clips say; with a certificate and its private key (PEM), signed."""
    digests = {row.clip.digest for row in planned.report.rows if row.clip is not None}
    async with planned.validation.workspace.read_ledger() as ledger:
        attempts = [each for each in await ledger.attempts() if each.stage is Stage.STORED and each.digest in digests]
    by_digest = {each.digest: each for each in attempts if each.digest is not None}
    return Discloser(planned=planned, attempts=by_digest, key=_read_signing_key(certificate, key))


def require_disclosure(clips: Iterable[tuple[TakeRow, Path]]) -> None:
    """Raises `RefusedError` where the file of a clip says nothing of how it was made."""
    missing = [f"{row.shot}#{row.take}" for row, path in clips if not read_origin_marks(path).is_disclosed]
    if missing:
        more = f" and {len(missing) - _MAX_NAMED:,} more" if len(missing) > _MAX_NAMED else ""
        raise RefusedError(
            "a clip does not say how it was made",
            why=f"The files of {', '.join(missing[:_MAX_NAMED])}{more} carry no mark of their origin.",
            remedy="Copies carry one: export with --media FOLDER, or as a rough cut.",
        )


async def require_disclosed_report(file: Path | str, *, world: World = World.REAL, only: Sequence[str] = ()) -> None:
    """The same for each clip that a report of a manifest shows."""
    planned = await plan(file, world=world, only=only, full_report=True, offline=True)
    store = planned.validation.workspace.open_store()
    shown = [(row, row.clip.digest) for row in planned.report.rows if row.clip is not None]
    require_disclosure([(row, await store.local_copy(digest)) for row, digest in shown])


def _read_signing_key(certificate: Path | None, key: Path | None) -> "SigningKey | None":
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise InputError("a signature needs both a certificate and its private key")
    from hailuo_batch.media.content_credentials import SigningKey

    return SigningKey(certificates=_read_key_file(certificate), key=_read_key_file(key))


def _read_key_file(path: Path) -> bytes:
    try:
        return read_regular(path, _MAX_KEY_BYTES)
    except UnsafeFileError as error:
        raise InputError(f"{path} is not read", why=f"It {error.reason}.", remedy=error.remedy) from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=f"The system says: {error.strerror}.") from None
