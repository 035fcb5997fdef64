"""The fault suite: generated scenarios over the space of what can go wrong, replayed and scored.

    python bench/faults.py [--generate DIR] [--seeds tuning|test] [--only NAME …]

Two sets of seeds: *tuning* is for whoever builds; *test* is for the final score only.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fault_scenarios import SEEDS, generate  # noqa: E402  this folder is no package


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generate", type=Path, help="only write the scenarios, here")
    parser.add_argument("--seeds", choices=list(SEEDS), default="tuning")
    parser.add_argument("--only", nargs="*", default=[], help="scenarios whose name begins so")
    parser.add_argument("--fresh", action="store_true", help="write them anew")
    arguments = parser.parse_args()
    if arguments.generate:
        for folder in generate(arguments.generate, arguments.seeds, arguments.only, is_fresh=arguments.fresh):
            sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
