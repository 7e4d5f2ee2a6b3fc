// What the command will see: mounts. See floor.h.
#include "floor.h"

enum {
    read_only = MOUNT_ATTR_RDONLY,
    nosuid = MOUNT_ATTR_NOSUID,
    nodev = MOUNT_ATTR_NODEV,
    noexec = MOUNT_ATTR_NOEXEC
};

static void bind_host(int directory, const char* source, const char* target, uint64_t attributes) {
    const int tree = clone_tree(directory, source, AT_NO_AUTOMOUNT | AT_RECURSIVE);
    struct stat status;
    must(fstat(tree, &status), source);
    set_attributes(tree, attributes, AT_RECURSIVE);
    attach(tree, target);
    close(tree);
}
static void show_private(const char* directory, mode_t mode, const char* target, uint64_t attributes) {
    must(mkdirat(scratch, directory, mode), directory);
    const int tree = clone_tree(scratch, directory, 0);
    set_attributes(tree, attributes, 0);
    attach(tree, target);
    close(tree);
}

static int is_replaced(const char* name) {
    static const char* const replaced[] = {"dev", "home", "proc", "root", "run", "sys", "tmp"};
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; ++i) {
        if (strcmp(name, replaced[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

void make_root(void) {
    const char* const options[] = {"mode", "0700", NULL};
    scratch = make_filesystem("tmpfs", options, nosuid | nodev);
    must(syscall(SYS_move_mount, scratch, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "scratch");
    must(mkdirat(scratch, "empty", 0555), "empty");
    must(mkdirat(scratch, "root", 0755), "root");
    root = clone_tree(scratch, "root", 0);
    set_attributes(root, read_only | nosuid | nodev, 0);
    must(syscall(SYS_move_mount, root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "root");
    for (size_t i = 0; i < entry_count; ++i) {
        const char* const path = entries[i].path;
        if (S_ISLNK(entries[i].mode)) {
            must(symlinkat(entries[i].link, scratch, path), path);
            continue;
        }
        if (S_ISDIR(entries[i].mode)) {
            must(mkdirat(scratch, path, 0755), path);
        } else {
            must(mknodat(scratch, path, S_IFREG | 0444, 0), path);
        }
        if (!is_replaced(path + 5)) {
            bind_host(AT_FDCWD, path + 4, path + 5, read_only | nosuid | nodev);
        }
    }
}

void make_devices(void) {
    static const char* const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
    static const char* const links[][2] = {{"private-0/fd", "/proc/self/fd"},
                                           {"private-0/stdin", "/proc/self/fd/0"},
                                           {"private-0/stdout", "/proc/self/fd/1"},
                                           {"private-0/stderr", "/proc/self/fd/2"},
                                           {"private-0/ptmx", "pts/ptmx"}};
    char path[64];
    char inside[64];
    show_private("private-0", 0755, "dev", read_only | nosuid | nodev);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; ++i) {
        snprintf(inside, sizeof inside, "private-0/%s", nodes[i]);
        must(mknodat(scratch, inside, S_IFREG | 0444, 0), inside);
        snprintf(path, sizeof path, "/dev/%s", nodes[i]);
        bind_host(AT_FDCWD, path, path + 1, read_only | nosuid | noexec);
    }
    must(mkdirat(scratch, "private-0/pts", 0755), "pts");
    const char* const options[] = {"ptmxmode", "0666", "mode", "0620", NULL};
    int tree = make_filesystem("devpts", options, nosuid | noexec);
    attach(tree, "dev/pts");
    close(tree);
    must(mkdirat(scratch, "private-0/shm", 0755), "shm");
    show_private("private-1", 01777, "dev/shm", nosuid | nodev);
    must(mkdirat(scratch, "private-0/mqueue", 0755), "mqueue");
    tree = make_filesystem("mqueue", no_options, nosuid | nodev | noexec);
    attach(tree, "dev/mqueue");
    close(tree);
    for (size_t i = 0; i < sizeof links / sizeof *links; ++i) {
        must(symlinkat(links[i][1], scratch, links[i][0]), links[i][0]);
    }
}

static int is_below(const char* path, const char* directory) {
    const size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

void make_private_places(void) {
    show_private("private-2", 01777, "tmp", nosuid | nodev);
    show_private("private-3", 0755, "run", nosuid | nodev);
    show_private("private-4", 01777, "var/tmp", nosuid | nodev);
    show_private("private-5", 0700, "root", nosuid | nodev);
    // A current directory below /var/tmp is shown again: the benchmark works there.
    if (is_below(cwd, "/var/tmp")) {
        char path[sizeof cwd + 16];
        snprintf(path, sizeof path, "private-4%s", cwd + strlen("/var/tmp"));
        for (char* slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
            char* end = strchrnul(slash + 1, '/');
            const char kept = *end;
            *end = '\0';
            must(mkdirat(scratch, path, 0755), path);
            *end = kept;
        }
        bind_host(host_cwd, ".", cwd + 1, read_only | nosuid | nodev);
    }
}

void make_proc(void) {
    new_proc = make_filesystem("proc", no_options, nosuid | nodev | noexec);
    attach(new_proc, "proc");
}

void make_sysfs(void) {
    new_sysfs = make_filesystem("sysfs", no_options, read_only | nosuid | nodev | noexec);
    attach(new_sysfs, "sys");
}

static void keep_read_only(const char* path) {
    const int target = open_inside(new_proc, path);
    if (target >= 0) {
        const int tree = clone_tree(target, "", AT_EMPTY_PATH | AT_RECURSIVE);
        set_attributes(tree, read_only, AT_RECURSIVE);
        move(tree, target);
        close(tree);
        close(target);
    }
}

static void mask(int filesystem, const char* path) {
    const int target = open_inside(filesystem, path);
    if (target >= 0) {
        struct stat status;
        must(fstat(target, &status), path);
        const int tree =
            S_ISDIR(status.st_mode) ? clone_tree(scratch, "empty", 0) : clone_tree(AT_FDCWD, "/dev/null", 0);
        set_attributes(tree, read_only | nosuid | nodev | noexec, 0);
        move(tree, target);
        close(tree);
        close(target);
    }
}

void protect_kernel_trees(void) {
    static const char* const kept[] = {"asound", "bus", "fs", "irq", "sys"};
    static const char* const masked[] = {"acpi",        "kcore", "keys",       "key-users",   "latency_stats",
                                         "sched_debug", "scsi",  "timer_list", "timer_stats", "sysrq-trigger"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; ++i) {
        keep_read_only(kept[i]);
    }
    for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) {
        mask(new_proc, masked[i]);
    }
    mask(new_sysfs, "firmware");
}
