"""The ablation: what each eye and each piece of knowledge adds, on a sub-sample of the fault suite.

    python bench/ablation.py [--seeds tuning|test] [--every N] [--json] [--write FILE]

The suite's own scenarios and scorer; each column leaves one thing out: an eye, the four weeks of history, the changes.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fault_page import page  # noqa: E402  this folder is no package
from bench.fault_runs import ALL, EYES, KNOWLEDGE  # noqa: E402  as above
from bench.fault_scenarios import SEEDS, generate  # noqa: E402  as above
from bench.faults import CACHE, PARTS, suite, summary  # noqa: E402  as above

MODES = (ALL, *EYES, *KNOWLEDGE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", choices=list(SEEDS), default="tuning")
    parser.add_argument("--every", type=int, default=3, help="take every so-manieth scenario of the catalogue")
    parser.add_argument("--modes", nargs="*", default=list(MODES), help="what to leave out, one column each")
    parser.add_argument("--parts", type=int, default=PARTS, help="processes")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--write", type=Path, help="write the results page here")
    arguments = parser.parse_args()
    folders = generate(CACHE, arguments.seeds)[:: arguments.every]
    told = summary(suite(folders, arguments.modes, parts=arguments.parts))
    text = page(told, seeds=arguments.seeds, title="What each eye and each piece of knowledge adds", script="ablation")
    sys.stdout.write(json.dumps(told) + "\n" if arguments.json else text)
    if arguments.write:
        arguments.write.write_text(text)


if __name__ == "__main__":
    main()
