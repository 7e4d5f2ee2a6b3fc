#!/usr/bin/env python3
"""Runs the tests of limits on Debian with systemd, in an emulated machine: systemd.py BUILD CACHE [--user WHO]

BUILD is the release build. CACHE keeps the system, which debootstrap makes the first time, as the image of a disk, and
the kernel's package. Each run begins with the system as it was made.

Prints what run.py does.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

import image
import run

SERIES = "6.12"
SUITE = "integration/limits_systemd"
MINUTES = 20
# What a user's session takes, and what the tests call.
PACKAGES = "systemd,systemd-sysv,libpam-systemd,dbus,dbus-user-session,procps"
# No getty, nothing by the clock, and no unit that waits for a device: there is no udev.
ARGUMENTS = ("systemd.default_timeout_start_sec=900 systemd.mask=serial-getty@ttyS0.service systemd.mask=getty@tty1.service "
             "systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer systemd.mask=e2scrub_reap.service "
             "systemd.show_status=no")


def mirror():
    """The one that apt uses."""
    found = image.output("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages").split()
    return next(line for line in found if "security" not in line)


def privileged(*command):
    words = command if os.geteuid() == 0 else ("sudo", *command)
    subprocess.run(words, check=True, stdout=sys.stderr)


def fetch_disk(cache):
    """The system as a disk. One that is there is taken: no network is needed then."""
    disk = cache / "systemd.ext4"
    if disk.exists():
        return disk
    tree = cache / "systemd.tree"
    privileged("rm", "-rf", tree)
    privileged("debootstrap", "--variant=minbase", "--include=" + PACKAGES, "bookworm", tree, mirror())
    privileged("rm", "-rf", tree / "var/cache/apt", tree / "var/lib/apt/lists", tree / "usr/share/doc")
    making = cache / "systemd.making"
    making.unlink(missing_ok=True)
    privileged("mke2fs", "-q", "-t", "ext4", "-d", tree, making, "1G")
    privileged("chown", f"{os.getuid()}:{os.getgid()}", making)
    privileged("rm", "-rf", tree)
    making.rename(disk)
    return disk


def main():
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="./dev test-vm systemd")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--user", choices=run.USERS, action="append", help="one of them only")
    parser.add_argument("--filter", default="*", help="of the tests' names, as Googletest has it")
    arguments = parser.parse_args()
    plan = [(who, SUITE, 600, arguments.filter) for who in arguments.user or run.USERS]

    cache = arguments.cache.resolve()
    build = arguments.build.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    kernel = run.fetch(SERIES, cache)
    disk = fetch_disk(cache)
    image.write_for_systemd(cache / "systemd-tests.cpio", run.source, build, [build / "tests" / SUITE, build / "tests/integration/library_limited"],
                            "".join(" ".join(map(str, line)) + "\n" for line in plan))
    image.write_modules(cache / f"modules-{SERIES}.cpio", kernel)
    disk_of_machine = ("-drive", f"file={disk},format=raw,if=none,id=disk,snapshot=on", "-device", "nvme,drive=disk,serial=disk")
    results = run.Results(run.boot("systemd", kernel, [cache / "systemd-tests.cpio", cache / f"modules-{SERIES}.cpio"], cache,
                                   began + MINUTES * 60, disk_of_machine, ARGUMENTS))
    good = run.show("systemd", results, plan)
    print(f"in {(time.monotonic() - began) / 60:.0f} minutes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
