"""Write the demo's files: `python -m sandboxes.msp --today YYYY-MM-DD --out DIR [--seed N]`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from sandboxes.msp.write import write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandboxes.msp", description=__doc__)
    parser.add_argument("--today", type=date.fromisoformat, required=True, help="the last day of the story")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write into")
    parser.add_argument("--seed", type=int, default=1, help="another number gives another book")
    given = parser.parse_args()
    write(given.out, today=given.today, seed=given.seed)


if __name__ == "__main__":
    main()
