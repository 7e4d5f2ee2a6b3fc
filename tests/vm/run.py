#!/usr/bin/env python3
"""Runs the tests on kernels of Debian, each in an emulated machine: run.py BUILD CACHE [--kernel SERIES] [SUITE...]

BUILD is the release build; CACHE keeps the kernels' packages, which apt downloads and nobody installs. A SUITE is the
name of a program in the list `suites`, with or without its directory; all by default, as root and as a user.

Prints, for each kernel and user, how many tests ran, passed, failed and were skipped, with the reasons, and what is left
out. The status is 1 when a test failed, a suite ran none, a machine did not come to its end, or the time is up.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import time

import image

here = pathlib.Path(__file__).resolve().parent
source = here.parent.parent
# The package that names the newest of each series.
KERNELS = {"6.1": "linux-image-cloud-amd64", "6.12": "linux-image-6.12-cloud-amd64"}
USERS = ("root", "user")
# Of 25 minutes in all, which begin before the machines do.
MINUTES = 25


def read_suites():
    """[(users, program, seconds, filter)], [what is left out]"""
    run, left_out = [], []
    for line in (here / "suites").read_text().splitlines():
        if line.startswith("left out "):
            left_out.append(line.removeprefix("left out "))
        elif line and not line.startswith("#"):
            program, seconds, who, *only = line.split()
            run.append((USERS if who == "both" else (who,), program, int(seconds), only[0] if only else "*"))
    return run, left_out


def fetch(series, cache):
    """The newest kernel of a series, unpacked. One that is there is taken: no network is needed then."""
    found = sorted((cache / "kernels").glob(f"linux-image-{series}.*/boot"))
    if found:
        return found[-1].parent
    depends = image.output("apt-cache", "depends", "--important", KERNELS[series])
    package = re.search(r"Depends: (linux-image-\S+)", depends)[1]
    debs = cache / "packages"
    debs.mkdir(parents=True, exist_ok=True)
    # As root, apt(8) would fetch as _apt, who may not write here, and says so at length.
    subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=debs, check=True, stdout=sys.stderr)
    target = cache / "kernels" / package
    unpacked = cache / "kernels" / "unpacking"
    subprocess.run(["rm", "-rf", unpacked], check=True)
    unpacked.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", next(debs.glob(f"{package}_*.deb")), unpacked], check=True)
    unpacked.rename(target)
    return target


def boot(series, kernel, archives, cache, deadline, more=(), arguments=""):
    """One machine, to its end or until the time is up. What it wrote to its second serial port. `more` is qemu's,
    `arguments` the kernel's."""
    initrd = cache / f"{series}.cpio"
    with open(initrd, "wb") as file:
        for archive in archives:
            file.write(archive.read_bytes())
    results = cache / f"{series}.results"
    results.write_bytes(b"")
    command = [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max,-smap,-smep,-la57", "-m", "3G", "-smp", "1", "-nic", "none",
        "-display", "none", "-no-reboot", "-serial", f"file:{cache}/{series}.console", "-serial", f"file:{results}",
        "-kernel", str(next((kernel / "boot").glob("vmlinuz-*"))), "-initrd", str(initrd),
        # What protects a kernel costs much where every instruction is emulated, and protects nobody there. Any clock but
        # the processor's own is a device, and asked at every start.
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off rcupdate.rcu_expedited=1 tsc=reliable clocksource=tsc "
        + arguments, *more]
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=max(1, deadline - time.monotonic()), check=False)
    except subprocess.TimeoutExpired:
        pass
    return results.read_text(errors="replace")


class Results:
    """What one machine said, read line by line."""

    def __init__(self, text):
        self.about = {}
        self.ended = False
        self.seconds = 0
        self.times = []
        self.count = {who: collections.Counter() for who in USERS}
        self.problems = []
        self.skipped = collections.defaultdict(set)
        self.measured = []
        self.ran = set()
        program = None
        lines = []
        for line in text.splitlines():
            if not line.startswith("@"):
                lines.append(line)
                continue
            word, *rest = line[1:].split(" ")
            if word == "begin":
                program, lines = tuple(rest), []
            elif word == "end" and program == tuple(rest[:2]):
                self.read_program(*program, int(rest[2]), lines)
                self.times.append((int(rest[3]) - self.seconds, *program))
                self.seconds = int(rest[3])
                program = None
            elif word == "done":
                self.ended = True
            else:
                self.about[word] = " ".join(rest)
        if program:
            self.problems.append(f"{' '.join(program)}: not over")
            self.problems += lines[-30:]

    def read_program(self, who, program, status, lines):
        self.ran.add((who, program))
        count = self.count[who]
        before = []
        failed = 0
        ran = 0
        for line in lines:
            case = re.match(r"\[ +(RUN|OK|FAILED|SKIPPED) +\] ([\w/]+\.[\w/]+)(?:, where .*)?(?: \(\d+ ms\))?$", line)
            if line.startswith("measured: "):
                self.measured.append(f"as {who}: {line.removeprefix('measured: ')}")
            if not case:
                before.append(line)
                continue
            verdict = case[1]
            if verdict == "OK":
                count["passed"] += 1
                ran += 1
            elif verdict == "FAILED" and line.endswith("ms)"):
                count["failed"] += 1
                failed += 1
                ran += 1
                self.problems += [f"{who} {program}: {case[2]}", *("    " + text for text in before[-40:])]
            elif verdict == "SKIPPED" and line.endswith("ms)"):
                count["skipped"] += 1
                self.skipped[before[-1].strip() if before else "no reason"].add((who, case[2]))
            before = []
        if ran == 0:
            self.problems += [f"{who} {program}: ran no test (status {status})", *("    " + text for text in lines[-20:])]
        elif status != 0 and failed == 0:
            self.problems += [f"{who} {program}: status {status}" + (", out of time" if status in (124, 137) else ""),
                              *("    " + text for text in lines[-20:])]


def show(series, results, plan):
    """The table of one kernel. Whether all is well."""
    print(f"Linux {results.about.get('kernel', series)}: Landlock {results.about.get('Landlock') or 'unknown'}; "
          f"{results.seconds} s in the machine")
    for who in USERS:
        count = results.count[who]
        if any(user == who for user, _, _, _ in plan):
            print(f"  as {who + ':':<6} ran {count['passed'] + count['failed']}, passed {count['passed']}, "
                  f"failed {count['failed']}, skipped {count['skipped']}")
    for reason, cases in sorted(results.skipped.items()):
        print(f"  skipped: {reason}: {', '.join(sorted({name for _, name in cases}))}")
    for line in results.measured:
        print(f"  measured {line}")
    slowest = ", ".join(f"{program} as {who} {seconds} s" for seconds, who, program in sorted(results.times)[:-6:-1])
    print(f"  slowest: {slowest}")
    missing = [(who, program) for who, program, _, _ in plan if (who, program) not in results.ran]
    problems = list(results.problems)
    if not results.ended:
        problems.append("the machine did not come to its end: see build/vm/" + series + ".console")
    problems += [f"{who} {program}: was not run" for who, program in missing]
    for problem in problems:
        print(f"  {problem}")
    return not problems


def main():
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="./dev test-vm")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    parser.add_argument("--kernel", choices=KERNELS, action="append", help="one series only")
    parser.add_argument("--user", choices=USERS, action="append", help="one of them only")
    arguments = parser.parse_intermixed_args()
    suites, left_out = read_suites()
    names = {name for _, program, _, _ in suites for name in (program, pathlib.Path(program).name)}
    if unknown := set(arguments.suites) - names:
        parser.error("no such suite: " + ", ".join(sorted(unknown)))
    # One that is named is run as both, if it has no line for each.
    lines = collections.Counter(program for _, program, _, _ in suites)
    plan = [(who, program, seconds, only) for users, program, seconds, only in suites for who in arguments.user or USERS
            if (not arguments.suites or {program, pathlib.Path(program).name} & set(arguments.suites))
            and (who in users or (arguments.suites and lines[program] == 1))]

    cache = arguments.cache.resolve()
    build = arguments.build.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    kernels = {series: fetch(series, cache) for series in arguments.kernel or KERNELS}
    # One of the tests runs the first two inside a sandbox.
    programs = [build / "tests" / program for program in sorted({"unit", "golden"} | {line[1] for line in plan})]
    image.write_system(cache / "system.cpio", source, build, programs,
                       "".join(" ".join(map(str, line)) + "\n" for line in plan))
    for series, kernel in kernels.items():
        image.write_modules(cache / f"modules-{series}.cpio", kernel)
    deadline = began + MINUTES * 60 - 30

    def one(series):
        return series, Results(boot(series, kernels[series], [cache / "system.cpio", cache / f"modules-{series}.cpio"],
                                    cache, deadline))

    # One machine a processor.
    with concurrent.futures.ThreadPoolExecutor(len(kernels)) as pool:
        results = list(pool.map(one, kernels))
    good = [show(series, result, plan) for series, result in results]
    for line in left_out:
        print(f"left out: {line}")
    if not arguments.suites:
        for who in USERS:
            alone = ", ".join(program for users, program, _, _ in suites if users == (who,))
            print(f"as {who} alone: {alone}")
    total = sum((count for _, result in results for count in result.count.values()), collections.Counter())
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped, "
          f"in {(time.monotonic() - began) / 60:.0f} minutes")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
