#!/usr/bin/env python3
"""Runs the fuzz targets for a bounded time: run.py BUILD [--seconds N] [TARGET...]

BUILD is a build with libFuzzer in it. Each target gets N seconds, beginning from its corpus here and from what earlier
runs found (BUILD/corpus). A text that a target fails for is kept in BUILD/found; once fixed, it belongs in corpus/.

Prints a table: executions; edges, which libFuzzer counts as `cov`, with the program's own; texts that cover them. Then
the regions of the sources that ran, as llvm-cov counts them. The status is 1 when anything was found or nothing ran.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
source = here.parent.parent
# What is linked but no target is for: it runs things, or prints them.
not_measured = ("src/cli/help.cpp", "src/cli/hint.cpp", "src/cli/run.cpp", "src/cli/verbose.cpp", "src/host/probe.cpp",
                "src/run/", "src/sandbox.cpp")


def read_targets():
    return re.findall(r'Target\{"(\w+)"', (here / "fuzz.hpp").read_text())


def fuzz(build, target, seconds):
    """One target to its end. What libFuzzer said, and whether it found anything."""
    seeds = build / "corpus" / target
    seeds.mkdir(parents=True, exist_ok=True)
    command = [build / "tests" / "fuzz", f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=2048",
               "-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={build}/found/{target}-", seeds,
               here / "corpus" / target]
    environment = dict(os.environ, SANDBOX_FUZZ_TARGET=target, ASAN_OPTIONS="abort_on_error=0",
                       UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
                       LLVM_PROFILE_FILE=f"{build}/profile/{target}.profraw")
    try:
        # The bound of a text that never ends is -timeout; this one is for a libFuzzer that does not keep its own.
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=2 * seconds + 120, check=False)
    except subprocess.TimeoutExpired as late:
        return target, (late.stdout or b"").decode(errors="replace"), False
    return target, done.stdout.decode(errors="replace"), done.returncode == 0


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def print_targets(results):
    print(f"{'target':<14}{'executions':>12}{'edges':>8}{'texts':>8}")
    total = 0
    for target, text, good in results:
        runs = number(r"stat::number_of_executed_units:\s*(\d+)", text)
        total += runs
        edges = number(r"cov: (\d+)", text)
        texts = number(r"corp: (\d+)/", text)
        print(f"{target:<14}{runs:>12}{edges:>8}{texts:>8}{'' if good else '  FOUND, or not run: see above'}")
    print(f"{'in all':<14}{total:>12}")
    return total


def print_coverage(build, results):
    profiles = [build / "profile" / f"{target}.profraw" for target, _, _ in results]
    merged = build / "profile" / "all.profdata"
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-o", merged, *[path for path in profiles if path.exists()]],
                   check=True)
    exported = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}",
                               build / "tests" / "fuzz"],
                              check=True, stdout=subprocess.PIPE)
    rows = []
    for file in json.loads(exported.stdout)["data"][0]["files"]:
        regions = file["summary"]["regions"]
        rows.append((os.path.relpath(file["filename"], source), regions["covered"], regions["count"]))
    rows = [row for row in rows if row[0].startswith("src/") and row[0].endswith(".cpp")
            and not row[0].startswith(not_measured)]
    print(f"\n{'regions of the sources':<30}{'covered':>8}{'of':>8}{'%':>8}")
    for name, covered, count in sorted(rows) + [("in all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
        print(f"{name:<30}{covered:>8}{count:>8}{100 * covered / max(count, 1):>8.1f}")


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="of: " + ", ".join(read_targets()))
    parser.add_argument("--seconds", type=int, default=30, metavar="N", help="for each target; 30 by default")
    arguments = parser.parse_intermixed_args()
    targets = arguments.targets or read_targets()
    unknown = [target for target in targets if target not in read_targets()]
    if unknown or arguments.seconds < 1:
        parser.error(f"no such target: {', '.join(unknown)}" if unknown else "at least one second")

    build = arguments.build.resolve()
    shutil.rmtree(build / "profile", ignore_errors=True)
    (build / "found").mkdir(exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda target: fuzz(build, target, arguments.seconds), targets))
    for target, text, good in results:
        if not good:
            print(f"--- {target}\n{text[-6000:]}", file=sys.stderr)
    total = print_targets(results)
    print_coverage(build, results)
    return 0 if total and all(good for _, _, good in results) else 1


sys.exit(main())
