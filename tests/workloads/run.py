#!/usr/bin/env python3
"""Runs large programs of Debian in a sandbox, as an ordinary user: run.py SANDBOX [NAME...]

Installs their packages by apt. What cannot be installed has failed, as what cannot run has.
"""
import contextlib
import functools
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
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

# A whole Debian of an ordinary user's, whose files are his and those of the ids that are granted to him.
APT = ("apt", ["debootstrap", "uidmap"], "somebody:games", """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends uuid-runtime >&2
id uuidd
useradd -m somebody
su somebody -c 'id -un; touch ~/file'
mkdir /srv/t
echo text >/srv/t/file
chown somebody:games /srv/t/file
tar -C /srv -cf /srv/t.tar t
rm -r /srv/t
tar -C /srv -xpf /srv/t.tar
stat -c %U:%G /srv/t/file""")
# The same Debian, tried and left as it is.
TRIAL = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq install -y --no-install-recommends hello >&2
apt-get -qq purge -y uuid-runtime >&2
useradd another
! id uuidd 2>/dev/null
hello"""
# A project whose only dependency comes from a registry of the test's own.
NPM = ("npm", ["npm"])
FIRST_GRANTED = 300000
GRANTED = 65536
WRITABLE = ["boot", "etc", "home", "media", "mnt", "opt", "srv", "usr", "var"]


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
    return next((line for line in result.stdout.split() if "security" not in line), "")


def sandboxed(sandbox, options, command, directory):
    as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return run(as_user + [sandbox, "--rw", ".", *options, "--", "sh", "-c", command], cwd=directory, env=environment)


def granted(command, directory, scratch):
    """Runs a command as an ordinary user to whom ids are granted, in a mount namespace where the files say so."""
    files = {"subuid": f"tester:{FIRST_GRANTED}:{GRANTED}\n", "subgid": f"tester:{FIRST_GRANTED}:{GRANTED}\n",
             "passwd": f"tester:x:{USER}:{USER}::/nonexistent:/bin/sh\n", "group": f"tester:x:{USER}:\n"}
    script = "set -e\n"
    for name, line in files.items():
        place = os.path.join("/etc", name)
        with open(place, "a", encoding="utf-8"):  # there may be none to mount on
            pass
        with open(place, encoding="utf-8") as file:
            others = [other for other in file if f":{USER}:" not in other and not other.startswith("tester:")]
        copy = os.path.join(scratch, name)
        with open(copy, "w", encoding="utf-8") as file:
            file.writelines(others + [line])
        os.chmod(copy, 0o644)
        script += f"mount --bind {copy} {place}\n"
    script += f'exec setpriv --reuid={USER} --regid={USER} --clear-groups --inh-caps=-all -- "$@"'
    environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return run(["unshare", "--mount", "sh", "-c", script, "sh", *command], cwd=directory, env=environment)


def judge(result, expected):
    lines = result.stdout.strip().splitlines()
    if result.returncode == 0 and (expected is None or (lines and lines[-1] == expected)):
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
    return {APT[0]: apt, DEBIAN[0]: debian, NPM[0]: npm}[name](sandbox, scratch)


def bootstrap(scratch):
    """Where the tree is, and what went wrong."""
    root = os.path.join(scratch, "root")
    if os.path.exists(root):
        return root, None
    made = run(["debootstrap", "--variant=minbase", "bookworm", root, mirror()])
    failure = None if made.returncode == 0 else "debootstrap: " + (made.stdout + made.stderr)[-500:]
    return root, failure


def debian(sandbox, scratch):
    _, packages, expected, script = DEBIAN
    failure = install(packages)
    root, failure = (None, failure) if failure else bootstrap(scratch)
    if failure:
        return failure
    return judge(sandboxed(sandbox, ["--root", root, "--cwd", "/"], script, os.path.join(root, "tmp")), expected)


def apt(sandbox, scratch):
    _, packages, expected, script = APT
    failure = install(packages)
    root, failure = (None, failure) if failure else bootstrap(scratch)
    if failure:
        return failure
    archive = os.path.join(scratch, "base.tar")
    directory = os.path.join(scratch, "apt")
    os.mkdir(directory)
    os.chown(directory, USER, USER)
    ids = [sandbox, "--map-users", "auto"]
    failure = judge(run(["tar", "-C", root, "-cf", archive, "."]), None)
    unpack = "mkdir tree && tar -C tree -xpf ../base.tar --exclude='./dev/*' && echo unpacked"
    failure = failure or judge(granted([*ids, "--rw", ".", "--ro", archive, "--", "sh", "-c", unpack], directory, scratch),
                               "unpacked")
    shown = [word for name in WRITABLE for word in ("--rw", f"tree/{name}:/{name}")]
    failure = failure or judge(granted([*ids, "--root", "tree", *shown, "--net", "host", "--cwd", "/", "--", "sh", "-c",
                                        script], directory, scratch), expected)
    if failure:
        return failure
    # On the host, too: the first of the granted ids is 1 inside.
    home = os.stat(os.path.join(directory, "tree/home/somebody/file")).st_uid
    games = os.stat(os.path.join(directory, "tree/srv/t/file")).st_gid
    if home != FIRST_GRANTED + 1000 - 1 or games != FIRST_GRANTED + 60 - 1:
        return f"on the host the files belong to {home} and {games}"
    owners = {os.lstat(os.path.join(path, name)).st_uid
              for path, folders, files in os.walk(os.path.join(directory, "tree")) for name in folders + files}
    strangers = {uid for uid in owners if uid != USER and not FIRST_GRANTED <= uid < FIRST_GRANTED + GRANTED}
    if strangers:
        return f"files of {strangers}"
    before = listing(directory)
    trial = granted([*ids, "--root", "tree", "--overlay", "/", "--net", "host", "--cwd", "/", "--", "sh", "-c", TRIAL], directory,
                    scratch)
    failure = judge(trial, "Hello, world!")
    if failure or listing(directory) != before:
        return failure or "the trial has changed the tree"
    removed = granted([*ids, "--rw", ".", "--", "rm", "-r", "tree"], directory, scratch)
    return judge(removed, None) or ("something is left" if os.listdir(directory) else None)


def listing(directory):
    """All that can be seen of a tree from outside without reading it, times of change included."""
    return run(["find", directory, "-printf", "%P %y %m %U %G %s %T@ %C@ %l\\n"]).stdout


def package(name, version, files):
    """As npm-pack(1) makes it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path, text in {"package.json": json.dumps({"name": name, "version": version}), **files}.items():
            entry = tarfile.TarInfo("package/" + path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


@contextlib.contextmanager
def registry(scratch, name, version, content):
    """A registry of npm with that package, on loopback. Its address."""
    served = os.path.join(scratch, "registry")
    os.mkdir(served)
    with open(os.path.join(served, "content.tgz"), "wb") as file:
        file.write(content)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *arguments):  # pylint: disable=redefined-builtin
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served)) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        versions = {version: {"name": name, "version": version,
                              "dist": {"tarball": address + "content.tgz", "shasum": hashlib.sha1(content).hexdigest()}}}
        with open(os.path.join(served, name), "w", encoding="utf-8") as file:
            json.dump({"name": name, "dist-tags": {"latest": version}, "versions": versions}, file)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield address
        finally:
            server.shutdown()
            thread.join()


def npm(sandbox, scratch):
    """sandbox --net host --overlay . --changes ../c -- npm install, and what comes behind that."""
    failure = None if shutil.which("npm") else install(NPM[1])  # many have it from elsewhere
    if failure:
        return failure
    directory = os.path.join(scratch, "npm")
    project = os.path.join(directory, "project")
    os.makedirs(project)
    with open(os.path.join(project, "package.json"), "w", encoding="utf-8") as file:
        json.dump({"name": "project", "version": "1.0.0", "dependencies": {"answer": "^1.0.0"}}, file)
    for path in (directory, project, os.path.join(project, "package.json")):
        os.chown(path, USER, USER)
    before = listing(project)

    def as_user(*words):
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all", "--", *words]
        return run(command, cwd=project, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory, "LANG": "C.UTF-8"})

    with registry(scratch, "answer", "1.2.3", package("answer", "1.2.3", {"index.js": "module.exports = 42;\n"})) as address:
        installed = as_user(sandbox, "--net", "host", "--overlay", ".", "--changes", "../c", "--env", "npm_config_cache=/tmp/npm",
                            "--env", "npm_config_registry=" + address, "--env", "npm_config_update_notifier=false", "--", "npm",
                            "install", "--no-audit", "--no-fund")
    failure = judge(installed, None)
    if failure or listing(project) != before:
        return failure or "the project was changed"
    shown = as_user(sandbox, "diff", "../c")
    if shown.returncode != 1 or "node_modules/answer/index.js" not in shown.stdout:
        return "diff: " + str(judge(shown, ""))
    kept = as_user(sandbox, "apply", "../c", "package-lock.json")
    names = sorted(os.listdir(project))
    if kept.returncode != 0 or names != ["package-lock.json", "package.json"]:
        return f"apply of one: {names} {kept.stderr}"
    failure = judge(as_user(sandbox, "apply", "../c"), None)
    failure = failure or judge(as_user("node", "-p", "require('answer')"), "42")
    failure = failure or judge(as_user(sandbox, "discard", "../c"), None)
    return failure or ("something is left" if os.listdir(directory) != ["project"] else None)


def main():
    if os.geteuid() != 0:
        sys.exit("test-workloads: installs packages and changes the user: run it as root")
    known = [row[0] for row in WORKLOADS] + [DEBIAN[0], APT[0], NPM[0]]
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
