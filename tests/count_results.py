#!/usr/bin/env python3
"""Counts what the test runs below a directory gave: count_results.py RESULTS

Each run is a directory with meson's testlog.json (one test program a line) and, for each program written with
GoogleTest, its own PROGRAM.xml, which has the cases. A program that failed without a failed case (it crashed, timed out,
or a sanitizer ended it) is a failure too, as is a run that ran nothing.

Ends with the line `N passed, N failed, N skipped`; the status is 1 when anything failed or nothing passed.
"""

import collections
import json
import pathlib
import sys
import xml.etree.ElementTree


def read_cases(path):
    """Yields (name, 'passed' | 'failed' | 'skipped') for each case of a GoogleTest report."""
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        elif case.get("result") == "skipped" or case.get("status") == "notrun":
            yield name, "skipped"
        else:
            yield name, "passed"


def read_program(program, directory):
    """The cases of one program, as meson (a line of its log) and the program itself (a file, or nothing) tell them."""
    # PROJECT:SUITE / NAME
    name = program["name"].rsplit(" / ", 1)[-1].rsplit(":", 1)[-1]
    report = directory / f"{name}.xml"
    if not report.exists():
        verdict = {"OK": "passed", "SKIP": "skipped"}.get(program["result"], "failed")
        return [(f"{name} ({program['result']})", verdict)]
    try:
        cases = list(read_cases(report))
    except xml.etree.ElementTree.ParseError:
        return [(f"{name} (its report is broken)", "failed")]
    if not cases:
        cases.append((f"{name} (has no case)", "failed"))
    if program["result"] != "OK" and not any(verdict == "failed" for _, verdict in cases):
        cases.append((f"{name} ({program['result']}, status {program.get('returncode')})", "failed"))
    return cases


def read_run(directory):
    log = directory / "testlog.json"
    programs = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    if not programs:
        return [("no test ran", "failed")]
    return [case for program in programs for case in read_program(program, directory)]


def main():
    runs = sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir())
    total = collections.Counter()
    for run in runs:
        cases = read_run(run)
        count = collections.Counter(verdict for _, verdict in cases)
        total += count
        print(f"{run.name}: passed {count['passed']}, failed {count['failed']}, skipped {count['skipped']}")
        for name, verdict in cases:
            if verdict != "passed":
                print(f"  {verdict}: {name}")
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or not total["passed"] else 0


sys.exit(main())
