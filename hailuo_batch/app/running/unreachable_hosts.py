"""Resolves names before anything is bought: where no clip could be downloaded, none is paid for.

A proxy on this machine that makes up addresses does so for every name, the gateway's own too. So the first run there is
stopped as well, before it knows a host of clips. A name that cannot be resolved now proves nothing.
"""

from urllib.parse import urlsplit

from hailuo_batch.app.planning.destinations import list_gateways
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import Scope
from hailuo_batch.app.running.scope import select_run_steps
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.gateway_keys import find_key_route, read_gateway_key
from hailuo_batch.load.link_hosts import LinkHosts


async def refuse_unreachable_hosts(planned: PlannedRun, scope: Scope) -> None:
    """Raises `RefusedError` when a run would buy clips whose hosts it may not contact."""
    project = planned.validation.project
    steps = [step for step in select_run_steps(planned, scope) if step.submits]
    if planned.validation.world is not World.REAL or not steps or project.allow_private_downloads:
        return
    from hailuo_batch.drivers.host_canary import find_refused_host
    from hailuo_batch.drivers.public_hosts import FAKE_SETTING

    gateways = [name for name in list_gateways(steps, project) if read_gateway_key(project, name)]
    own = [urlsplit(find_key_route(project, name).address).hostname or "" for name in gateways]
    allow_fake = project.allow_fake_ip_downloads
    found = await find_refused_host(LinkHosts().list_hosts(gateways), allow_fake=allow_fake)
    # A gateway itself may be in a private network: the user named it.
    found = found or await find_refused_host(own, allow_fake=allow_fake, only_fake=True)
    if found is not None:
        host, address = found
        fake = f"{address}, an address that proxies such as Clash, sing-box and Surge make up."
        setting = (
            f"If such a proxy runs here, add to hailuo.yaml:\n    {FAKE_SETTING}: true\nThen trust it, and run again:"
        )
        raise RefusedError(
            "clips could not be downloaded here, so nothing was bought",
            why=f"{host} leads to {fake if address else 'a private address, which is not opened.'}",
            remedy=f"{setting}\n    {command_line('trust')}" if address else "Check the name server of this network.",
        )
