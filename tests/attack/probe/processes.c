/* A17, A18: another process, `victim=PID`: looked into, signalled, stopped, changed. With `of=init` it is process 1 of
 * the sandbox. `processes hold` is such a victim: it prints `up` and waits to be killed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attempt.h"

static pid_t victim;

static long open_entry(const char* name, int flags) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", victim, name);
    return can_open(path, flags);
}
static long follow(const char* name) {
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", victim, name);
    return readlink(path, target, sizeof target);
}

static long send_signal(void) {
    return kill(victim, SIGCONT);
}
static long queue_signal(void) {
    siginfo_t info = {.si_code = SI_QUEUE};
    return syscall(SYS_rt_sigqueueinfo, victim, SIGCONT, &info);
}
static long signal_thread(void) {
    return syscall(SYS_tgkill, victim, victim, SIGCONT);
}
static long open_pidfd(void) {
    return syscall(SYS_pidfd_open, victim, 0);
}
static long take_descriptor(void) {
    int process = (int)syscall(SYS_pidfd_open, victim, 0);
    return process < 0 ? -1 : syscall(SYS_pidfd_getfd, process, 0, 0);
}
static long trace(void) {
    return ptrace(PTRACE_SEIZE, victim, NULL, NULL);
}
static long attach(void) {
    return ptrace(PTRACE_ATTACH, victim, NULL, NULL);
}
/* What a static program has at the same place in every process of the same file; readable, whatever it is. */
static long read_memory(void) {
    static char mine[8];
    const struct iovec here = {mine, sizeof mine}, there = {(void*)(uintptr_t)given_or_null, sizeof mine};
    return process_vm_readv(victim, &here, 1, &there, 1, 0);
}
static long take_limits(void) {
    struct rlimit old;
    return prlimit(victim, RLIMIT_NOFILE, NULL, &old) == 0 ? prlimit(victim, RLIMIT_NOFILE, &old, NULL) : -1;
}
static long lower_priority(void) {
    return setpriority(PRIO_PROCESS, (id_t)victim, 19);
}
static long make_idle(void) {
    const struct sched_param none = {0};
    return sched_setscheduler(victim, SCHED_IDLE, &none);
}
static long pin_to_processor(void) {
    cpu_set_t set;
    return sched_getaffinity(victim, sizeof set, &set) < 0 ? -1 : sched_setaffinity(victim, sizeof set, &set);
}
static long ask_for_group(void) {
    return getpgid(victim);
}
static long move_pages_of(void) {
    return syscall(SYS_move_pages, victim, 0UL, NULL, NULL, NULL, 0);
}
static long read_environment(void) {
    return open_entry("environ", O_RDONLY);
}
static long read_arguments(void) {
    return open_entry("cmdline", O_RDONLY);
}
static long open_memory(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", victim);
    return open(path, O_RDWR | O_CLOEXEC);
}
static long read_maps(void) {
    return open_entry("maps", O_RDONLY);
}
static long follow_root(void) {
    return follow("root");
}
static long follow_cwd(void) {
    return follow("cwd");
}
static long follow_exe(void) {
    return follow("exe");
}
static long follow_descriptor(void) {
    return follow("fd/0");
}
static long follow_namespace(void) {
    return follow("ns/mnt");
}
static long list_mapped_files(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/map_files", victim);
    DIR* directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    errno = EACCES; /* there is no file without one */
    for (const struct dirent* entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') {
            return 0;
        }
    }
    return -1;
}
static long write_executable(void) {
    return open_entry("exe", O_WRONLY) >= 0 || errno == ETXTBSY ? 0 : -1;
}
static long choose_for_death(void) {
    return open_entry("oom_score_adj", O_WRONLY);
}
int main(int argc, char** argv) {
    static const struct attempt outside[] = {
        {"kill", "namespaces", send_signal, {SYS_kill}, 0},
        {"rt_sigqueueinfo", "namespaces", queue_signal, {SYS_rt_sigqueueinfo}, 0},
        {"tgkill", "namespaces", signal_thread, {SYS_tgkill}, 0},
        {"pidfd_open", "namespaces", open_pidfd, {SYS_pidfd_open}, 0},
        {"pidfd_getfd", "namespaces", take_descriptor, {SYS_pidfd_open, SYS_pidfd_getfd}, needs_kernel},
        {"ptrace seize", "namespaces", trace, {SYS_ptrace}, needs_kernel},
        {"ptrace attach", "namespaces", attach, {SYS_ptrace}, needs_kernel},
        {"process_vm_readv", "namespaces", read_memory, {SYS_process_vm_readv}, needs_kernel},
        {"prlimit", "namespaces", take_limits, {SYS_prlimit64}, 0},
        {"setpriority", "namespaces", lower_priority, {SYS_setpriority}, 0},
        {"sched_setscheduler", "namespaces", make_idle, {SYS_sched_setscheduler}, 0},
        {"sched_setaffinity", "namespaces", pin_to_processor, {SYS_sched_getaffinity, SYS_sched_setaffinity}, 0},
        {"getpgid", "namespaces", ask_for_group, {SYS_getpgid}, 0},
        {"move_pages", "namespaces", move_pages_of, {SYS_move_pages}, needs_kernel},
        {"read environ", "namespaces", read_environment, {0}, 0},
        {"read cmdline", "namespaces", read_arguments, {0}, 0},
        {"open mem", "namespaces", open_memory, {0}, needs_kernel},
        {"read maps", "namespaces", read_maps, {0}, 0},
        {"follow root", "namespaces", follow_root, {0}, 0},
        {"follow exe", "namespaces", follow_exe, {0}, 0},
        {"follow fd", "namespaces", follow_descriptor, {0}, 0},
        {"write oom_score_adj", "namespaces", choose_for_death, {0}, 0},
    };
    static const struct attempt init[] = {
        {"pidfd_getfd", "init", take_descriptor, {SYS_pidfd_open, SYS_pidfd_getfd}, needs_kernel},
        {"ptrace seize", "init", trace, {SYS_ptrace}, needs_kernel},
        {"ptrace attach", "init", attach, {SYS_ptrace}, needs_kernel},
        {"process_vm_readv", "init", read_memory, {SYS_process_vm_readv}, needs_kernel},
        {"read environ", "init", read_environment, {0}, 0},
        {"open mem", "init", open_memory, {0}, needs_kernel},
        {"read maps", "init", read_maps, {0}, 0},
        {"follow root", "init", follow_root, {0}, 0},
        {"follow cwd", "init", follow_cwd, {0}, 0},
        {"follow exe", "init", follow_exe, {0}, 0},
        {"follow fd", "init", follow_descriptor, {0}, 0},
        {"follow ns", "init", follow_namespace, {0}, 0},
        {"list map_files", "init", list_mapped_files, {0}, 0},
        {"write its executable", "init", write_executable, {0}, needs_root},
    };
    if (argc > 1 && strcmp(argv[1], "hold") == 0) {
        puts("up");
        fflush(stdout);
        for (;;) {
            pause();
        }
    }
    int is_init = 0;
    for (int i = 1; i < argc; ++i) {
        if (strncmp(argv[i], "victim=", 7) == 0) {
            victim = atoi(argv[i] + 7);
        } else if (strncmp(argv[i], "of=", 3) == 0) {
            is_init = 1;
        }
    }
    return is_init ? RUN_ATTEMPTS(argc, argv, init) : RUN_ATTEMPTS(argc, argv, outside);
}
