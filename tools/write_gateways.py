"""Writes docs/gateways.md from the gateways' tables; a test holds the two together.

python tools/write_gateways.py > docs/gateways.md
"""

from collections.abc import Callable, Iterator, Sequence

from hailuo_batch.core.manifest.shot import Mode
from hailuo_batch.core.models import DEFAULT_MODEL
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.load.provider_tables import provider_names, read_provider, read_provider_table
from hailuo_batch.views.providers import interval_text, limit_words, list_switches

NAMES = provider_names()
MODES = {
    Mode.TEXT: "from words",
    Mode.FIRST: "from a first frame",
    Mode.FIRST_LAST: "between two frames",
}

HEAD = """\
# The gateways

These gateways sell MiniMax Hailuo-02, and some of them other models. A manifest goes from one to another by a word:
`providers: [mindvideo]`. They are asked in the order in which they are named, and the next one only after the one
before has definitely not accepted.

Written from the tables in `hailuo_batch/gateways/tables` by `tools/write_gateways.py`. Nothing here was tried against a
live service: it is what their pages and official clients say, read on the day that stands beside it. What a gateway
does not say itself and a sibling or a client does is called *inferred*; what nobody says is *not known*. The same, with
your keys and your project's settings looked at, is printed by:

```
hailuo-batch providers
hailuo-batch providers mindvideo
hailuo-batch providers minimax --model hailuo-2.3
```

## What each sells

Of Hailuo-02 first, then of the other models of [models.md](models.md):
"""

BETWEEN = """
A number of seconds is exact: `duration: 6` is not sold by a gateway that makes 5 and 10 s, and `validate` says who
sells it. `short` (5 or 6 s) and `long` (10 s) are sold by all of them, and moving such a shot to another gateway costs
nothing. The model itself makes 6 or 10 s, so that a clip sold as 5 s probably lasts about 6.

Where a gateway lists what the model itself does not make (of Hailuo-02, 512p from words or between two frames, and
1080p for 10 s), `validate` warns: it may be refused, or come out at another size or length.

With two frames the clip has the shape of the first; the last is cropped to it.

## What differs
"""

MONEY = """
Where a price is not known the plan says so; it is never taken for zero, and different currencies are never added
together.

## When no answer comes

A request that was sent and got no answer may have been accepted, and may cost money. Only MindVideo promises to take
a repeated request once (an *idempotency key*): there the same request is sent again, and it costs nothing more.
Everywhere else the take is *in doubt*: it is not sent again by itself, and not sent to another gateway either. GCC AI
and odkkk are sent such a key too, because their siblings read it; nothing is built on that.

## Links die

A finished clip is fetched in the same step that sees that it is finished, because its link dies: after an hour at two
of them, after a day at two, after a time that is not known at the others. A link is treated as a secret, and the key
is not sent to the host it leads to.

## Pictures

A frame may be a file of the project, a frame of another shot, or an address on the web. Files and frames of other shots
are sent along with the request; odkkk takes addresses only, so a shot with a local picture cannot go there. Put the
picture on the web and name it with the hash of its bytes, or choose another provider:

```yaml
frames:
  first:
    url: https://assets.example.com/open.png
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
```

Before anything is sent a file is looked at: JPG, PNG or WebP by its bytes (not by its name), less than 20 MB, more than
300 pixels on each side, and a shape from 2:5 to 5:2, as it is seen upright. These are the limits that odkkk, Vtrix and
MiniMax publish; the others name none.

A file is sent as it is, byte for byte, unless EXIF says that it lies on its side, or it is a last frame of another
shape than the first: then it is sent upright, or only the middle of it that has the first one's shape, and without its
metadata.

An address without `sha256` is fetched by `plan` and `run`, once; from then on they only ask whether the picture
changed, and other bytes make another shot. The gateway is told the address, and what it finds there a minute later
nobody knows: pin what must not move. Without a network the picture counts as it was last seen, and the plan says so;
one that was never seen, or that gateways would refuse, holds its shot. `status` and the others that only look never ask
the web, and neither does a sketch. The bytes are kept in `.hailuo/frames`.

## Camera commands

Manifests use MiniMax's fifteen commands everywhere. Vtrix has a list of its own, in which the same words name other
moves; where they do, the prompt says the move in plain language.
"""

OWN = """
## Callbacks

MiniMax, odkkk and Vtrix can tell that a clip is ready, so that it is fetched at once and not at the next look:

    hailuo-batch run film.yaml --callback-url https://render.example.com/hooks --callback-listen 127.0.0.1:8089

`--callback-listen` is where this machine listens, in plain HTTP; `--callback-url` is the public https address of a
proxy or tunnel that leads there, with or without a path. Each gateway is given an address of its own with a secret that
is new in every run. Start the proxy first: MiniMax checks the address when it takes an order, and refuses the order
when nobody answers within 3 seconds. A callback is only a reason to look: what it says is never believed. If none
arrives nothing is lost, since tasks are looked at as without them.

## A gateway of your own

`hailuo.yaml` may hold tables of its own, of the form that `hailuo-batch schema provider` prints. `like` takes over
how one of these talks and what it sells; never its prices, limits or notes. The table's `key` is the *name* of the
environment variable that holds the key; a key itself is refused.

`regions` chooses a region of a gateway, or any other base address. A region has its own keys, currency and prices; the
prices of a model are under `regions.NAME.models.MODEL.prices`.

```yaml
version: 1
providers: [studio, minimax]
gateways:
  studio:
    title: The studio's own
    key: STUDIO_API_KEY
    base_url: https://video.studio.example
    like: mindvideo
regions:
  minimax: china                        # a region that its table has
  vtrix: https://gateway.vtrix.ai       # or an address
```

Python packages add a way of talking by an entry point of the group `hailuo_batch.dialects`; a table names it under
`dialect`.
"""


def page() -> str:
    """The page's text."""
    known = [read_provider(name, DEFAULT_MODEL) for name in NAMES]
    parts = [
        HEAD,
        *_sold(known),
        *_sold_models(known),
        BETWEEN,
        *_differences(known),
        *_prices(known),
        MONEY,
        *_camera(known),
        OWN,
    ]
    for provider in known:
        parts += _about(provider)
    return "".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"


def _sold(known: Sequence[Provider]) -> Iterator[str]:
    rows = [
        [f"{words}, {size}", *(_seconds(provider, mode, size) for provider in known)]
        for mode, words in MODES.items()
        for size in ("512p", "768p", "1080p")
    ]
    yield from _table(["seconds", *NAMES], rows)


def _sold_models(known: Sequence[Provider]) -> Iterator[str]:
    """Who sells another model than the one of the page's first table."""
    others = dict.fromkeys(name for provider in known for name in provider.models if name != DEFAULT_MODEL)
    for model in others:
        selling = [read_provider(each.name, model) for each in known if model in each.models]
        sizes = dict.fromkeys(size for each in selling for row in each.offers.values() for size in row)
        rows = [
            [f"{model}, {words}, {size}", *(_seconds(each, mode, size) for each in selling)]
            for mode, words in MODES.items()
            for size in sizes
            if any(each.offers.get(mode, {}).get(size) for each in selling)
        ]
        yield from _table(["seconds", *(each.name for each in selling)], rows)


def _seconds(provider: Provider, mode: Mode, size: str) -> str:
    return ", ".join(map(str, provider.offers.get(mode, {}).get(size, ()))) or "–"


def _differences(known: Sequence[Provider]) -> Iterator[str]:
    rows: dict[str, Callable[[Provider], str]] = {
        "key variable": lambda p: f"`{p.key}`",
        "regions": lambda p: ", ".join(p.regions) or "–",
        "prices": lambda p: "below" if p.prices else "not known",
        "bills in": lambda p: p.currency or "not known",
        "pictures": lambda p: "address or file" if p.accepts_data else "address only",
        "without a prompt": lambda p: "with a frame" if Mode.FIRST not in p.prompt_modes else "never",
        "no switch for": lambda p: ", ".join(f"`{s}`" for s in SWITCH_NAMES if s not in list_switches(p)) or "–",
        "a request sent twice": lambda p: "is taken once" if p.idempotent else "may cost twice",
        "callbacks": lambda p: "yes" if p.callbacks else "–",
    }
    limits = [_limits(provider) for provider in known]
    cells = [[name, *map(say, known)] for name, say in rows.items()]
    cells += [[name, *(each[name] for each in limits)] for name in limits[0]]
    yield from _table(["", *NAMES], cells)


def _limits(provider: Provider) -> dict[str, str]:
    """Its limits in words, with a word on those that only a sibling or a client says."""
    table = read_provider_table(provider.name).get("limits", {})
    keys = ("per_minute", "at_once", "poll_seconds", "link_seconds")
    said = zip(keys, limit_words(provider.limits).items(), strict=True)
    return {name: words + " (inferred)" * table.get(key, {}).get("inferred", False) for key, (name, words) in said}


def _prices(known: Sequence[Provider]) -> Iterator[str]:
    named = [(each.name, read_provider(each.name, model)) for each in known for model in each.models]
    for name, provider in tuple(named):
        model = provider.model.name
        regions = [(each, read_provider(name, model, region=each)) for each in provider.regions]
        named += [(f"{name}, {each}", there) for each, there in regions if there.prices != provider.prices]
    yield "\n## Prices\n"
    rows: dict[tuple[str, ...], list[str]] = {}
    for name, provider in named:
        for row in provider.prices:
            key = (
                provider.model.name,
                row.resolution,
                f"{row.seconds} s",
                str(row.price),
                row.read,
                row.source,
            )
            rows.setdefault(key, []).append(name)
    cells = [[" and ".join(names), *key[:4], f"{key[4]}, {_link(key[5])}"] for key, names in rows.items()]
    yield from _table(["gateway", "model", "size", "length", "a clip", "read"], cells)


def _camera(known: Sequence[Provider]) -> Iterator[str]:
    for provider in known:
        camera = read_provider_table(provider.name).get("camera")
        if camera:
            rows = [[f"`[{command}]`", f"`[{word}]`"] for command, word in camera["words"].items()]
            rows += [[f"`[{command}]`", "plain language"] for command in camera["plain"]]
            yield from _table(["command", f"at {provider.title}"], rows)


def _about(provider: Provider) -> Iterator[str]:
    table = read_provider_table(provider.name)
    row = table["models"][DEFAULT_MODEL]
    yield f"\n## {provider.title}\n\n{table.get('about', '').rstrip()}\n\n"
    yield f"- In a manifest: `providers: [{provider.name}]`; key in `{provider.key}`\n"
    yield f"- Base address: <{provider.base_url}>\n"
    yield from (f"- {note}\n" for note in provider.notes)
    if provider.limits.answer_seconds is not None:
        yield f"- The answer to a request is waited for {interval_text(provider.limits.answer_seconds)}.\n"
    yield f"- Read {row['read']}: {_link(row['source'])}\n"
    yield from _table(
        ["only inferred", "from", "read"], [[i.what, _link(i.source), i.read] for i in provider.inferences]
    )


def _link(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


if __name__ == "__main__":
    print(page(), end="")
