#!/usr/bin/env python3
"""Runs large programs of Debian in a sandbox, as an ordinary user: run.py SANDBOX [NAME...]

Installs their packages by apt. What cannot be installed has failed, as what cannot run has.
"""
import os
import subprocess
import sys
import tempfile
import time

USER = 12345
LIMIT = 900  # seconds, for one installation or one run

# Name, packages, options of the sandbox, script. The script runs in an empty, writable directory; its last line is to
# be the expected one.
WORKLOADS = [
    ("clang", ["clang", "libc6-dev", "libstdc++-12-dev"], [], "42", """
cat > a.cpp <<'END'
#include <iostream>
#include <vector>
int main() { std::vector<int> v(42); std::cout << v.size() << std::endl; }
END
clang++ -O2 -o a a.cpp && ./a"""),
    ("cmake", ["cmake", "g++", "make"], [], "built", """
printf 'cmake_minimum_required(VERSION 3.20)\\nproject(p C)\\nadd_executable(p p.c)\\nenable_testing()\\nadd_test(t p)\\n' > CMakeLists.txt
echo 'int main(void) { return 0; }' > p.c
cmake -S . -B out && cmake --build out -j 2 && ctest --test-dir out && echo built"""),
    ("node", ["nodejs"], [], "499500 true", """
cat > w.js <<'END'
const { Worker, isMainThread, parentPort } = require('worker_threads');
if (isMainThread) new Worker(__filename).on('message', n => console.log(n, require('zlib').gzipSync('x').length > 0));
else parentPort.postMessage([...Array(1000).keys()].reduce((a, b) => a + b));
END
node w.js"""),
    ("go", ["golang-go"], [], "3", """
printf 'module m\\ngo 1.19\\n' > go.mod
printf 'package main\\nimport "fmt"\\nfunc main() { c := make(chan int); for i := 0; i < 3; i++ { go func() { c <- 1 }() }; n := 0; for i := 0; i < 3; i++ { n += <-c }; fmt.Println(n) }\\n' > m.go
GOFLAGS=-mod=mod GOCACHE=$PWD/cache go run ."""),
    ("java", ["default-jdk-headless"], [], "10", """
echo 'import java.util.stream.*; class A { public static void main(String[] a) { System.out.println(IntStream.range(0, 5).parallel().sum()); } }' > A.java
javac A.java && java -XX:+UseG1GC A"""),
    # Its own sandbox is made of user namespaces, which are refused here.
    ("chromium", ["chromium"], [], "<html><head></head><body><p>3</p></body></html>", """
export HOME=$PWD
chromium --headless --no-sandbox --disable-gpu --virtual-time-budget=2000 --dump-dom \
    'data:text/html,<p></p><script>document.querySelector("p").textContent = 1 + 2; document.scripts[0].remove()</script>'"""),
    # initdb refuses to run as root.
    ("postgres", ["postgresql"], ["--uid", "1000", "--gid", "1000"], "42", """
bin=$(echo /usr/lib/postgresql/*/bin)
$bin/initdb -A trust -U me -D data >&2 && $bin/pg_ctl -D data -w -o "-k $PWD -c listen_addresses=" start >&2
$bin/psql -h "$PWD" -U me -Atc 'select 6 * 7' postgres; status=$?; $bin/pg_ctl -D data -w -m fast stop >&2; exit $status"""),
]
# Made by root, shown by --root.
DEBIAN = ("debian", ["debootstrap"], "12", "dpkg -l >/dev/null && perl -e 'print 1' >&2 && cut -d. -f1 /etc/debian_version")


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=LIMIT, check=False, **options)


def install(packages):
    missing = [p for p in packages
               if run(["dpkg-query", "-W", "-f", "${Status}", p]).stdout != "install ok installed"]
    if not missing:
        return None
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    result = run(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *missing], env=environment)
    return None if result.returncode == 0 else "cannot install " + " ".join(missing) + ": " + result.stderr[-300:]


def mirror():
    """The one that apt uses."""
    result = run(["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"])
    sites = [line for line in result.stdout.split() if "security" not in line]
    return sites[0] if sites else "http://deb.debian.org/debian"


def sandboxed(sandbox, options, command, directory):
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return run(as_user + [sandbox, "--rw", ".", *options, "--", "sh", "-c", command], cwd=directory, env=environment)


def judge(result, expected):
    lines = result.stdout.strip().splitlines()
    if result.returncode == 0 and lines and lines[-1] == expected:
        return None
    return f"exit status {result.returncode}\n{result.stdout[-500:]}\n{result.stderr[-1500:]}"


def workload(sandbox, name, scratch):
    for title, packages, options, expected, script in WORKLOADS:
        if title == name:
            failure = install(packages)
            if failure:
                return failure
            directory = os.path.join(scratch, name)
            os.mkdir(directory)
            os.chown(directory, USER, USER)
            return judge(sandboxed(sandbox, options, script, directory), expected)
    _, packages, expected, script = DEBIAN
    failure = install(packages)
    if failure:
        return failure
    root = os.path.join(scratch, "root")
    made = run(["debootstrap", "--variant=minbase", "bookworm", root, mirror()])
    if made.returncode != 0:
        return "debootstrap: " + (made.stdout + made.stderr)[-500:]
    directory = os.path.join(root, "tmp")
    return judge(sandboxed(sandbox, ["--root", root, "--cwd", "/"], script, directory), expected)


def main():
    if os.geteuid() != 0:
        sys.exit("test-workloads: installs packages and changes the user: run it as root")
    known = [row[0] for row in WORKLOADS] + [DEBIAN[0]]
    names = sys.argv[2:] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"test-workloads: no such workload: {', '.join(unknown)} (there are {', '.join(known)})")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="sandbox-workloads.", dir="/var/tmp") as scratch:
        os.chmod(scratch, 0o755)
        sandbox = os.path.join(scratch, "sandbox")
        subprocess.run(["install", "-m", "755", sys.argv[1], sandbox], check=True)
        for name in names:
            start = time.monotonic()
            try:
                failure = workload(sandbox, name, scratch)
            except subprocess.TimeoutExpired as timeout:
                failure = str(timeout)
            print(f"{name:10} {'FAILED' if failure else 'ok':7} {time.monotonic() - start:6.0f} s", flush=True)
            if failure:
                failed += 1
                print("    " + failure.replace("\n", "\n    "), flush=True)
    sys.exit(1 if failed else 0)


main()
