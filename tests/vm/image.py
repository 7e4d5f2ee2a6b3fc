"""The file system of the virtual machines: what is in it, and how it is written for the kernel.

A kernel unpacks one archive behind the other (initramfs, cpio's `newc` form), so there is one with the system, the
binary and the tests, and one for each kernel with its modules.
"""

import lzma
import os
import pathlib
import re
import stat
import subprocess

# What the tests call. All files of these packages of the host are taken, without their documentation.
PACKAGES = ("bash", "bsdutils", "btrfs-progs", "coreutils", "dash", "diffutils", "e2fsprogs", "findutils", "grep",
            "hostname", "iproute2", "iputils-ping", "libc-bin", "login", "make", "mawk", "mount", "ncurses-base",
            "nftables", "passwd", "perl-base", "procps", "sed", "tar", "util-linux", "xfsprogs")
NOT_TAKEN = re.compile(r"/usr/share/(doc|man|info|locale|lintian|bug|bash-completion|perl5|apport)/|/usr/lib/systemd/"
                       r"|/lib/systemd/|/usr/lib/tmpfiles\.d/|/etc/(cron|init|logrotate|pam)")
# With what they need, in the order of loading. The first is init's.
MODULES = ("brd", "overlay", "tun", "veth", "dummy", "nf_tables", "loop", "xfs", "btrfs")

LOADER = "/lib64/ld-linux-x86-64.so.2"  # what ldd asks, for every program, and slower

# As a small Debian has them. The user of the tests owns nothing but its home directory.
TEXTS = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                   "tester:x:12345:12345:tester:/home/tester:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n",
    "/etc/group": "root:x:0:\ndaemon:x:1:\nadm:x:4:\ntty:x:5:\nsudo:x:27:\ntester:x:12345:\nnogroup:x:65534:\n",
    "/etc/shadow": "root:*:19000:0:99999:7:::\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/hostname": "vm\n",
    "/etc/resolv.conf": "nameserver 192.0.2.53\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "/etc/os-release": "ID=debian\nNAME=Debian\n",
}
DIRECTORIES = {"/dev": 0o755, "/etc": 0o755, "/home": 0o755, "/media": 0o755, "/mnt": 0o755, "/opt": 0o755,
               "/proc": 0o555, "/root": 0o700, "/run": 0o755, "/srv": 0o755, "/sys": 0o555, "/tmp": 0o1777,
               "/usr": 0o755, "/usr/local": 0o755, "/var": 0o755, "/var/tmp": 0o1777, "/var/log": 0o755,
               "/var/spool": 0o755}
# Debian's /usr has been merged.
LINKS = {"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64", "/var/run": "/run",
         "/etc/mtab": "/proc/self/mounts"}


class Tree:
    """Entries by path: (mode, owner, content). A content is bytes, or a file of the host."""

    def __init__(self):
        self.entries = {}

    def directory(self, path, mode=0o755, owner=0):
        if path not in ("", "/") and path not in self.entries:
            self.directory(os.path.dirname(path))
            self.entries[path] = (stat.S_IFDIR | mode, owner, b"")

    def add(self, path, mode, content, owner=0):
        self.directory(os.path.dirname(path))
        self.entries[path] = (mode, owner, content)

    def text(self, path, text, mode=0o644):
        self.add(path, stat.S_IFREG | mode, text.encode())

    def copy(self, source, path):
        """A file or link of the host. What an ordinary user may not read there is readable here."""
        info = os.lstat(source)
        if stat.S_ISLNK(info.st_mode):
            self.add(path, stat.S_IFLNK | 0o777, os.readlink(source).encode())
        elif stat.S_ISREG(info.st_mode):
            mode = stat.S_IMODE(info.st_mode) | 0o444 | (0o111 if info.st_mode & 0o100 else 0)
            self.add(path, stat.S_IFREG | mode, pathlib.Path(source))
        elif stat.S_ISDIR(info.st_mode):
            self.directory(path)

    def write(self, path):
        with open(path, "wb") as file:
            for inode, (name, (mode, owner, content)) in enumerate(sorted(self.entries.items()), 1):
                data = content if isinstance(content, bytes) else content.read_bytes()
                write_entry(file, inode, name.lstrip("/"), mode, owner, data)
            write_entry(file, 0, "TRAILER!!!", 0, 0, b"")


def write_entry(file, inode, name, mode, owner, data):
    encoded = name.encode() + b"\0"
    fields = (inode, mode, owner, owner, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
    file.write(header + b"\0" * (-len(header) % 4))
    file.write(data + b"\0" * (-len(data) % 4))


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def merged(path):
    """Where a path of Debian's packages lies since /usr has been merged."""
    return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)


def libraries_of(path):
    """All libraries of a program, the loader included; none of a static one."""
    found = subprocess.run([LOADER, "--list", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", found.stdout)


def is_program(content):
    if isinstance(content, bytes):
        return False
    with open(content, "rb") as file:
        return file.read(4) == b"\x7fELF"


def add_libraries(tree):
    for _, _, content in list(tree.entries.values()):
        for library in libraries_of(content) if is_program(content) else []:
            tree.add(merged(library), stat.S_IFREG | 0o755, pathlib.Path(os.path.realpath(library)))


def add_system(tree):
    for path, mode in DIRECTORIES.items():
        tree.directory(path, mode)
    tree.directory("/home/tester", 0o755, 12345)
    for path, target in LINKS.items():
        tree.add(path, stat.S_IFLNK | 0o777, target.encode())
    for path, text in TEXTS.items():
        tree.text(path, text, 0o640 if path == "/etc/shadow" else 0o644)
    for path in output("dpkg", "-L", *PACKAGES).splitlines():
        path = merged(path)
        if path not in LINKS and path not in tree.entries and not NOT_TAKEN.search(path + "/") and os.path.lexists(path):
            tree.copy(path, path)
    # Debian chooses by links below /etc/alternatives.
    for name in ("awk",):
        tree.copy(os.path.realpath(f"/usr/bin/{name}"), f"/usr/bin/{name}")
    tree.add("/usr/bin/sh", stat.S_IFLNK | 0o777, b"dash")
    tree.copy(os.path.realpath("/bin/busybox"), "/usr/bin/busybox")


def add_project(tree, source, build, programs):
    """What the tests look at: their programs and probes, the binary, and the texts that they compare with."""
    for path in [build / "sandbox", *programs, build / "tests/integration/library_user",
                 *(path for path in (build / "tests/probe").iterdir() if path.is_file())]:
        tree.copy(path, f"/opt/sandbox/build/{path.relative_to(build)}")
    for part in ("include", "man", "src", "tests/unit", "tests/fuzz/corpus"):
        for path in (source / part).rglob("*"):
            tree.copy(path, f"/opt/sandbox/{path.relative_to(source)}")
    tree.copy(source / "meson.build", "/opt/sandbox/meson.build")


def write_system(path, source, build, programs, plan):
    """The archive that all kernels share."""
    tree = Tree()
    add_system(tree)
    add_project(tree, source, build, programs)
    add_libraries(tree)
    here = pathlib.Path(__file__).resolve().parent
    tree.add("/vm/run", stat.S_IFREG | 0o755, here / "inside.sh")
    tree.text("/vm/plan", plan)
    write_below_system(path, tree)


def write_for_systemd(path, source, build, programs, plan):
    """What is put into the system on the disk before it starts."""
    tree = Tree()
    add_project(tree, source, build, programs)
    here = pathlib.Path(__file__).resolve().parent
    tree.copy(os.path.realpath("/bin/busybox"), "/usr/bin/busybox")
    tree.text("/vm/run", "#!/bin/sh\nexec /lib/systemd/systemd\n", 0o755)
    tree.add("/vm/tests", stat.S_IFREG | 0o755, here / "inside_systemd.sh")
    tree.add("/etc/systemd/system/vm.service", stat.S_IFREG | 0o644, here / "vm.service")
    tree.add("/etc/systemd/system/multi-user.target.wants/vm.service", stat.S_IFLNK | 0o777, b"../vm.service")
    tree.text("/vm/plan", plan)
    write_below_system(path, tree)


def write_below_system(path, tree):
    """It lies below /system: init copies it to where it can be left (see init.sh)."""
    here = pathlib.Path(__file__).resolve().parent
    below = Tree()
    for name, entry in tree.entries.items():
        below.entries["/system" + name] = entry
    below.directory("/system")
    below.add("/init", stat.S_IFREG | 0o755, here / "init.sh")
    below.directory("/bin")
    below.add("/bin/busybox", stat.S_IFREG | 0o755, pathlib.Path(os.path.realpath("/bin/busybox")))
    below.add("/dev/console", stat.S_IFCHR | 0o600, b"")
    below.write(path)


def write_modules(path, kernel):
    """The archive of one kernel: modules with what they need, numbered in the order of loading. `kernel` is its
    package, unpacked."""
    version = next((kernel / "lib/modules").iterdir()).name
    if not (kernel / "lib/modules" / version / "modules.dep").exists():
        subprocess.run(["depmod", "-b", kernel, version], check=True)
    needed = {}
    for line in (kernel / "lib/modules" / version / "modules.dep").read_text().splitlines():
        module, needs = line.split(":")
        needed[pathlib.Path(module).name.split(".")[0]] = [*reversed(needs.split()), module]
    order = list(dict.fromkeys(module for name in MODULES for module in needed[name]))
    tree = Tree()
    for index, module in enumerate(order):
        data = (kernel / "lib/modules" / version / module).read_bytes()
        name = pathlib.Path(module).name.split(".")[0]
        tree.add(f"/system/vm/modules/{index:02}-{name}.ko", stat.S_IFREG | 0o644,
                 lzma.decompress(data) if module.endswith(".xz") else data)
    tree.write(path)
