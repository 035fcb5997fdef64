"""The fault suite: generated scenarios over the space of what can go wrong, and the recorded ones, replayed and scored.

    python bench/faults.py [--seeds tuning|test] [--only NAME …] [--modes MODE …] [--quick] [--json] [--write FILE]
    python bench/faults.py --generate DIR [--seeds tuning|test] [--only NAME …]

Two sets of seeds: *tuning* is for whoever builds; *test* is for the final score only. Every scenario is replayed with
all eyes, without the client eye, and without the panel. Scenarios are kept in a cache outside the project.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.fault_figures import calibration, figures  # noqa: E402  this folder is no package
from bench.fault_page import page  # noqa: E402  as above
from bench.fault_runs import SUITE, Run, run  # noqa: E402  as above
from bench.fault_scenarios import SEEDS, generate  # noqa: E402  as above
from bench.fault_scores import Alarms, Score, scored  # noqa: E402  as above
from bench.fault_truth import Truth, is_counted, truths, watched  # noqa: E402  as above

from tocsin.catalog.queries import load_pack, pack_folder  # noqa: E402  as above

BESIDE = ROOT.parent / "shared" / "scenarios"
CACHE = Path(os.environ.get("TOCSIN_BENCH_CACHE", Path(tempfile.gettempdir()) / "tocsin-faults"))
PARTS = 2

type Result = tuple[Run, list[Truth], list[Score], Alarms]


def replayed(job: tuple[Path, str]) -> Result:
    """Replay one scenario in one mode and score it; the truth is read after the replay, but for when to look."""
    folder, mode = job
    found = run(folder, mode, watched(folder))
    true = truths(folder)
    scores, alarms = scored(found, true, pack=load_pack(pack_folder("belgium")), is_counted=is_counted(folder))
    return found, true, scores, alarms


def suite(folders: Sequence[Path], modes: Sequence[str], *, parts: int = PARTS) -> dict[str, list[Result]]:
    """Replay all scenarios in all modes; return the results by mode."""
    jobs = [(folder, mode) for mode in modes for folder in _by_history(folders)]
    results: dict[str, list[Result]] = {mode: [] for mode in modes}
    began_s = time.monotonic()
    with ProcessPoolExecutor(parts) as pool:
        for number, (job, result) in enumerate(zip(jobs, pool.map(replayed, jobs, chunksize=1), strict=True), start=1):
            results[job[1]].append(result)
            short = [text for score in result[2] for text in score.shortfalls] or ["nothing falls short"]
            false = f"; {result[3].false_incidents} false" if result[3].false_incidents else ""
            told = f"{number}/{len(jobs)}, {time.monotonic() - began_s:.0f} s, {job[0].name} ({job[1]})"
            sys.stderr.write(f"{told}: {'; '.join(short)}{false}\n")
    return results


def _by_history(folders: Sequence[Path]) -> list[Path]:
    """Put scenarios that share their past together: what is learnt from it need not be learnt again."""

    def past(folder: Path) -> int:
        path = folder / "history" / "part-0.parquet"
        return path.stat().st_ino if path.is_file() else 0

    return sorted(folders, key=lambda folder: (past(folder), folder.name))


def summary(results: dict[str, list[Result]]) -> dict[str, object]:
    """Return everything in one object: figures and failing cases by mode, calibration with all eyes."""
    told: dict[str, object] = {}
    for mode, rows in results.items():
        scores = [score for _, _, found, _ in rows for score in found]
        alarms = [each for *_, each in rows]
        told[mode] = {
            "figures": [asdict(figure) for figure in figures(scores, alarms)],
            "scores": [asdict(score) for score in scores],
            "alarms": [asdict(each) for each in alarms],
            "calibration": asdict(calibration([(found, true) for found, true, _, _ in rows])),
        }
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generate", type=Path, help="only write the scenarios, here")
    parser.add_argument("--seeds", choices=list(SEEDS), default="tuning")
    parser.add_argument("--only", nargs="*", default=[], help="scenarios whose name begins so")
    parser.add_argument("--fresh", action="store_true", help="write the scenarios anew")
    parser.add_argument("--modes", nargs="*", default=list(SUITE), help="all, without client, without panel, …")
    parser.add_argument("--quick", action="store_true", help="with all eyes only, every fourth scenario")
    parser.add_argument("--generated-only", action="store_true", help="leave the recorded scenarios out")
    parser.add_argument("--parts", type=int, default=PARTS, help="processes")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--write", type=Path, help="write the results page here")
    arguments = parser.parse_args()
    place = arguments.generate or CACHE
    folders = generate(place, arguments.seeds, arguments.only, is_fresh=arguments.fresh)
    if arguments.generate:
        sys.stdout.writelines(f"{folder}\n" for folder in folders)
        return
    if BESIDE.is_dir() and not arguments.only and not arguments.generated_only:
        folders += sorted(path.parent for path in BESIDE.glob("*/scenario.toml"))
    modes = ["all"] if arguments.quick else arguments.modes
    told = summary(suite(folders[::4] if arguments.quick else folders, modes, parts=arguments.parts))
    text = page(told, seeds=arguments.seeds)
    sys.stdout.write(json.dumps(told) + "\n" if arguments.json else text)
    if arguments.write:
        arguments.write.write_text(text)


if __name__ == "__main__":
    main()
