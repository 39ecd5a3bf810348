"""Run one sandbox: `python -m sandboxes marketplace --port 8101 [--seed FILE] [--state FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from sandboxes.acronis import Acronis
from sandboxes.autotask import AutotaskApp
from sandboxes.bucketry import Bucketry
from sandboxes.connectwise import ConnectWise
from sandboxes.graph import Graph
from sandboxes.kit import App, serve
from sandboxes.marketplace import MarketplaceApp
from sandboxes.stripe import Stripe

APPS: dict[str, type[App]] = {
    "marketplace": MarketplaceApp,
    "autotask": AutotaskApp,
    "connectwise": ConnectWise,
    "graph": Graph,
    "stripe": Stripe,
    "acronis": Acronis,
    "bucketry": Bucketry,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="purser sandbox", description=__doc__)
    parser.add_argument("vendor", choices=sorted(APPS))
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=Path, help="JSON to begin with")
    parser.add_argument("--state", type=Path, help="JSON to keep the state in; wins over the seed when it is there")
    given = parser.parse_args()
    serve(APPS[given.vendor](), port=given.port, seed=given.seed, state=given.state)


if __name__ == "__main__":
    main()
