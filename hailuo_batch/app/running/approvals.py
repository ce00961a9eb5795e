"""Approvals as a project requires them: whether a run needs one, which ones count, and what to do where none does.

Nothing of it is loaded for a project without a rule.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from shutil import which

from hailuo_batch.app.planning.caps import list_limits, run_caps
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.saved_plan import list_purchase_trees
from hailuo_batch.app.running.options import RunOptions, SavedPlanFile, Scope
from hailuo_batch.app.running.scope import keep_failed, select_run_steps
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.approval import Approval, ApprovalRule, Person, Rejection, judge_approvals
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.saved_plan import PlanTotals, SavedPlan, sum_steps
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.approvals_file import canonical_approval, read_approvals
from hailuo_batch.load.settings import read_file
from hailuo_batch.values import dataclass

_MAX_SHOWN = 10  # approvals and people that a message names
Judged = tuple[Approval | None, tuple[Rejection, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNeed:
    """A rule that asks for an approval of a run, and what the run may cost."""

    rule: ApprovalRule
    totals: PlanTotals

    @property
    def sums(self) -> str:
        """The most that the run may cost."""
        unknown = self.totals.unpriced + self.totals.unpriced_fallbacks
        more = [f"an unknown price for {unknown:,} clips"] if unknown else []
        return " and ".join([*map(str, self.totals.most), *more])


def find_approval_need(plans: Sequence[PlannedRun], scope: Scope, *, is_saved: bool) -> ApprovalNeed | None:
    """What has to be approved before a run of these plans of one project; None where nothing has to be.

    What a cap leaves out of a saved plan is never bought. Of another run it is, where a refusal makes room for it.
    """
    rule = plans[0].validation.project.approval_rule if plans else None
    if rule is None or plans[0].validation.world is not World.REAL:
        return None
    plans = [keep_failed(planned, scope) for planned in plans]
    submits = [[step for step in select_run_steps(planned, scope) if step.submits] for planned in plans]
    if not any(submits):
        return None
    pairs = zip(plans, submits, strict=True)
    totals = sum_steps(
        tree for planned, steps in pairs for tree in list_purchase_trees(planned, steps, with_left_out=False)
    )
    if not rule.needs_approval(totals) and totals.clips and not is_saved and rule.above is not None:
        most = _sum_most(plans, submits, rule.above)
        totals = replace(totals, most=(most,)) if most.amount > rule.above.amount else totals
    return ApprovalNeed(rule=rule, totals=totals) if rule.needs_approval(totals) else None


def _sum_most(plans: Sequence[PlannedRun], submits: Sequence[Sequence[Step]], above: Money) -> Money:
    """The most that a run may cost where what its caps leave out is bought in place of what is refused."""
    total, now, shared = Decimal(0), SystemClock().now(), list[Money]()
    for planned, steps in zip(plans, submits, strict=True):
        most = sum_steps(list_purchase_trees(planned, steps, with_left_out=True)).most
        caps = run_caps(planned.validation, planned.options.max_cost, now, begun_at=planned.options.begun_at)
        counted = planned.details.counted_attempts
        limits = list_limits((cap for cap in caps if cap.campaign is not None), counted)
        shared = [*list_limits((cap for cap in caps if cap.campaign is None), counted)]  # of all manifests together
        if amounts := _in_currency(most, above):
            total += min([*amounts, *_in_currency(limits, above)])
    return Money(amount=min([total, *_in_currency(shared, above)]), currency=above.currency)


def _in_currency(sums: Iterable[Money], above: Money) -> list[Decimal]:
    return [each.amount for each in sums if each.is_same_currency(above)]


def require_approval(plans: Sequence[PlannedRun], options: RunOptions) -> None:
    """Money: above the project's amount, somebody else has agreed to exactly this plan. Raises `RefusedError`."""
    need = find_approval_need(plans, options.scope, is_saved=options.saved is not None)
    if need is None:
        return
    if options.saved is None:
        raise _unapproved_error(plans, need, options, ())
    saved = options.saved
    root = plans[0].validation.project.root
    approval, rejections = judge_plan_approvals(saved.plan, read_approvals(saved.path), rule=need.rule, root=root)
    if approval is None:
        raise _unapproved_error(plans, need, options, rejections)


def judge_plan_approvals(plan: SavedPlan, approvals: Sequence[Approval], *, rule: ApprovalRule, root: Path) -> Judged:
    """The first approval of a plan that counts in a project, and why those before it do not; signatures are checked."""
    faults: dict[Approval, str] | None = None
    author = Person(name=plan.author["name"], email=plan.author["email"])
    if rule.signers:
        signers = _read_signers(root, rule.signers)
        signed = (each for each in approvals if each.signature and each.plan == plan.hash)
        faults = {each: _find_signature_fault(each, author if rule.two_persons else None, signers) for each in signed}
    return judge_approvals(approvals, plan=plan.hash, author=author, rule=rule, signature_faults=faults)


def _find_signature_fault(approval: Approval, author: Person | None, signers: bytes) -> str:
    """Why a signature does not count; `author` is one who may not have given it: a key may be for many addresses."""
    from hailuo_batch.load.ssh_signatures import find_signature_fault

    def find_fault(identity: str) -> str:
        return find_signature_fault(
            canonical_approval(approval), approval.signature, identity=identity, signers=signers
        )

    if fault := find_fault(approval.by.identity):
        return fault
    names = {author.identity, author.identity.lower()} if author is not None and author.identity else set()
    is_shared = any(not find_fault(name) for name in names)
    return "its key may also sign for the plan's author, and two persons are required" if is_shared else ""


def _read_signers(root: Path, name: str) -> bytes:
    if Path(name).is_absolute() or ".." in Path(name).parts:  # who protects the project does not protect that file
        raise _unreadable_signers(f"{name} is outside the project.")
    try:
        return read_file(root / name)
    except InputError as error:
        raise _unreadable_signers(f"{error.summary}. {error.why}".strip()) from None


def _unreadable_signers(why: str) -> RefusedError:
    remedy = "hailuo.yaml names it under require_approval.allowed_signers."
    return RefusedError("no signature can be checked, so nothing was submitted", why=why, remedy=remedy)


def find_rule_fault(rule: ApprovalRule, root: Path) -> str:
    """What keeps every approval from counting in a project; "" where nothing does."""
    if not rule.signers:
        return ""
    try:
        signers = _read_signers(root, rule.signers)
    except RefusedError as error:
        return error.why
    if not any(line.strip() and not line.lstrip().startswith(b"#") for line in signers.splitlines()):
        return f"{rule.signers} names nobody."
    return "" if which("ssh-keygen") else "ssh-keygen is not installed, so no signature can be checked."


def save_command(plans: Sequence[PlannedRun], file: str) -> str:
    """The command that saves these plans."""
    validation = plans[0].validation
    names = [planned.validation.name for planned in plans]
    return command_line("plan", "-o", file, *plans[0].options.words, *names, world=validation.world)


def approve_command(rule: ApprovalRule, file: str) -> str:
    """The command by which somebody else approves a saved plan, so that it counts here."""
    return command_line("approve", *(("--sign",) if rule.signers else ()), file)


def suggest_plan_file(plans: Sequence[PlannedRun]) -> str:
    """Where a plan of these manifests may be saved."""
    return f"plans/{plans[0].validation.file.stem if len(plans) == 1 else 'all'}.plan.json"


def _unapproved_error(
    plans: Sequence[PlannedRun], need: ApprovalNeed, options: RunOptions, rejections: Sequence[Rejection]
) -> RefusedError:
    saved: SavedPlanFile | None = options.saved
    lines = [f"The run may cost {need.sums}. {need.rule.amount_sentence}"]
    lines += [f"{each}." for each in rejections[:_MAX_SHOWN]]
    if need.rule.by:
        lines.append(f"May approve: {', '.join(need.rule.by[:_MAX_SHOWN])}.")
    file = suggest_plan_file(plans) if saved is None else str(saved.path)
    commands = [save_command(plans, file)] if saved is None else []
    commands += [approve_command(need.rule, file), command_line("run", "--plan", file)]
    begin = "Have it approved, then run it" if saved is not None else "Save the plan, have it approved, then run it"
    remedy = f"{begin}:\n" + "\n".join(f"    {command}" for command in commands)
    return RefusedError("not approved, so nothing was submitted", why="\n".join(lines), remedy=remedy)
