"""What ledger, lock and folders say, as the inputs of a plan."""

from hailuo_batch.app.planning.planned import PlanOptions
from hailuo_batch.app.planning.snapshot import LedgerSnapshot, Listings
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.recovery.rendered_files import parse_render_names, read_last_renders
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import LastRender, PlanInputs
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.providers.offers import Route, choose_route


def make_plan_inputs(
    validation: Validation,
    options: PlanOptions,
    lock: Lockfile,
    listings: Listings,
    snapshot: LedgerSnapshot,
    *,
    now: float,
) -> PlanInputs:
    """Everything that a plan is made from, beside the shots."""
    last_renders = snapshot.last_renders
    if not last_renders and not snapshot.is_part:
        last_renders = _recover_last_renders(validation, listings)
    return PlanInputs(
        model=validation.model,
        images=validation.inputs.images,
        routes=_make_routes(validation),
        standings=snapshot.standings,
        last_renders={**last_renders, **lock.last_renders},
        locked_clips=lock.clips,
        stored_digests=listings.digests,
        accepted_clips=snapshot.accepted_clips,
        selections={} if validation.review is None else validation.review.selections,
        now=now,
        force_refused=options.force_refused,
    )


def find_fingerprints(validation: Validation) -> frozenset[str]:
    """The fingerprints of all takes, where no shot starts from another one."""
    nothing = Listings(digests=frozenset(), names=frozenset(), own_digests=frozenset())
    empty = LedgerSnapshot(standings={}, is_part=True)
    lock = Lockfile(campaign=validation.campaign, shots={})
    inputs = make_plan_inputs(validation, PlanOptions(), lock, nothing, empty, now=0.0)
    steps = make_plan(validation.shots, inputs, campaign=validation.campaign).steps
    return frozenset(step.fingerprint for step in steps)


def _recover_last_renders(validation: Validation, listings: Listings) -> dict[str, LastRender]:
    """What the names below `renders/` say of shots, when the ledger that gave them is gone."""
    mine = parse_render_names(listings.names, campaign=validation.campaign, sketch=validation.sketch)
    workspace = validation.workspace
    return read_last_renders(mine, workspace.renders_folder, workspace.world, workspace.list_rehearsed_digests())


def _make_routes(validation: Validation) -> dict[ShotNeeds, Route]:
    routes: dict[ShotNeeds, Route] = {}
    for shot in validation.shots:
        needs = shot.needs
        if needs not in routes:
            routes[needs] = choose_route(shot, validation.provider_lists[shot.providers])
    return routes
