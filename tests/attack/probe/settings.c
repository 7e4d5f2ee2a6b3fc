/* A16, A26: the settings of the kernel, which ask for user id 0 and not for a capability, and what it tells about
 * itself. Nothing is written: that a file can be opened for writing is enough. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attempt.h"

#define OPENS(name, path, flags)      \
    static long open_##name(void) {   \
        return can_open(path, flags); \
    }
OPENS(core_pattern, "/proc/sys/kernel/core_pattern", O_WRONLY)
OPENS(modprobe, "/proc/sys/kernel/modprobe", O_WRONLY)
OPENS(printk, "/proc/sys/kernel/printk", O_WRONLY)
OPENS(pid_max, "/proc/sys/kernel/pid_max", O_WRONLY)
OPENS(overcommit, "/proc/sys/vm/overcommit_memory", O_WRONLY)
OPENS(drop_caches, "/proc/sys/vm/drop_caches", O_WRONLY)
OPENS(binfmt, "/proc/sys/fs/binfmt_misc/register", O_WRONLY)
OPENS(file_max, "/proc/sys/fs/file-max", O_WRONLY)
OPENS(sysrq, "/proc/sysrq-trigger", O_WRONLY)
OPENS(affinity, "/proc/irq/default_smp_affinity", O_WRONLY)
OPENS(uevent_helper, "/sys/kernel/uevent_helper", O_WRONLY)
OPENS(power, "/sys/power/state", O_WRONLY)
OPENS(hugepages, "/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY)
OPENS(module_parameter, "/sys/module/printk/parameters/time", O_WRONLY)
OPENS(cgroup_procs, "/sys/fs/cgroup/cgroup.procs", O_WRONLY)
OPENS(release_agent, "/sys/fs/cgroup/release_agent", O_WRONLY)
OPENS(cgroup_control, "/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY)
OPENS(kcore, "/proc/kcore", O_RDONLY)
OPENS(keys, "/proc/keys", O_RDONLY)
OPENS(key_users, "/proc/key-users", O_RDONLY)
OPENS(timer_list, "/proc/timer_list", O_RDONLY)
OPENS(config, "/proc/config.gz", O_RDONLY)
OPENS(slabs, "/proc/slabinfo", O_RDONLY)
OPENS(page_types, "/proc/pagetypeinfo", O_RDONLY)
OPENS(vmallocs, "/proc/vmallocinfo", O_RDONLY)
OPENS(page_flags, "/proc/kpageflags", O_RDONLY)
OPENS(page_counts, "/proc/kpagecount", O_RDONLY)

static int writable_found;
static int visit(const char* path, const struct stat* state, int kind, struct FTW* where) {
    (void)where;
    if (kind == FTW_F && S_ISREG(state->st_mode) && (state->st_mode & 0222) != 0 &&
        faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0) {
        writable_found = 1;
        return 1;
    }
    return 0;
}
static long find_writable(const char* tree) {
    if (nftw(tree, visit, 16, FTW_PHYS | FTW_MOUNT) < 0) {
        return -1;
    }
    return writable_found ? 0 : refused(EROFS);
}
static long any_of_proc_sys(void) {
    return find_writable("/proc/sys");
}
static long any_of_sys(void) {
    return find_writable("/sys");
}

static long list(const char* path) {
    DIR* directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    for (const struct dirent* entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') {
            return 0;
        }
    }
    return refused(ENODATA);
}
static long list_firmware(void) {
    return list("/sys/firmware");
}
static long list_debug(void) {
    return list("/sys/kernel/debug");
}
static long list_tracing(void) {
    return list("/sys/kernel/tracing");
}
static long list_security(void) {
    return list("/sys/kernel/security");
}

/* Addresses, where they are hidden, are all noughts. */
static long read_addresses(void) {
    unsigned long long address = 0;
    FILE* symbols = fopen("/proc/kallsyms", "re");
    if (symbols == NULL) {
        return -1;
    }
    for (int line = 0; line < 1000 && fscanf(symbols, "%llx %*[^\n]", &address) == 1; ++line) {
        if (address > 0xFFFF000000000000ULL) {
            return 0;
        }
    }
    return refused(EPERM);
}
static long read_log(void) {
    static char text[4096];
    return klogctl(3 /* SYSLOG_ACTION_READ_ALL */, text, sizeof text);
}

int main(int argc, char** argv) {
    enum { both = needs_root | needs_kernel };
    static const struct attempt settings[] = {
        {"core_pattern", "mounts", open_core_pattern, {0}, both},
        {"modprobe", "mounts", open_modprobe, {0}, both},
        {"printk", "mounts", open_printk, {0}, both},
        {"pid_max", "mounts", open_pid_max, {0}, both},
        {"overcommit_memory", "mounts", open_overcommit, {0}, both},
        {"drop_caches", "mounts", open_drop_caches, {0}, both},
        {"binfmt_misc", "mounts", open_binfmt, {0}, both},
        {"file-max", "mounts", open_file_max, {0}, both},
        {"sysrq-trigger", "mounts", open_sysrq, {0}, both},
        {"default_smp_affinity", "mounts", open_affinity, {0}, both},
        {"uevent_helper", "mounts", open_uevent_helper, {0}, both},
        {"power/state", "mounts", open_power, {0}, both},
        {"transparent_hugepage", "mounts", open_hugepages, {0}, both},
        {"a parameter of a module", "mounts", open_module_parameter, {0}, both},
        {"cgroup.procs", "mounts", open_cgroup_procs, {0}, both},
        {"release_agent", "mounts", open_release_agent, {0}, both},
        {"cgroup.subtree_control", "mounts", open_cgroup_control, {0}, both},
        {"any of /proc/sys", "mounts", any_of_proc_sys, {0}, needs_root},
        {"any of /sys", "mounts", any_of_sys, {0}, needs_root},
    };
    static const struct attempt secrets[] = {
        {"kcore", "mounts", open_kcore, {0}, both},
        {"keys", "mounts", open_keys, {0}, needs_kernel},
        {"key-users", "mounts", open_key_users, {0}, needs_kernel},
        {"timer_list", "mounts", open_timer_list, {0}, both},
        {"config.gz", "mounts", open_config, {0}, needs_kernel},
        {"slabinfo", "mounts", open_slabs, {0}, both},
        {"pagetypeinfo", "mounts", open_page_types, {0}, both},
        {"vmallocinfo", "mounts", open_vmallocs, {0}, both},
        {"kpageflags", "mounts", open_page_flags, {0}, both},
        {"kpagecount", "mounts", open_page_counts, {0}, both},
        {"/sys/firmware", "mounts", list_firmware, {0}, needs_kernel},
        {"/sys/kernel/debug", "mounts", list_debug, {0}, both},
        {"/sys/kernel/tracing", "mounts", list_tracing, {0}, both},
        {"/sys/kernel/security", "mounts", list_security, {0}, both},
        {"addresses of kallsyms", "mounts", read_addresses, {0}, both},
        {"the log of the kernel", "ownership", read_log, {SYS_syslog}, both},
    };
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=secrets") == 0) {
            return RUN_ATTEMPTS(argc, argv, secrets);
        }
    }
    return RUN_ATTEMPTS(argc, argv, settings);
}
