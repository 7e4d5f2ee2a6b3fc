/* Does to another process what its user may: `pester PID WHAT`, where WHAT is
 *   signals   every signal there is
 *   limits    every resource limit but the one below to nothing
 *   time      the limit of processor time to nothing: the kernel may kill it for that, sooner or later
 *   schedule  the lowest priority, the idle class, one processor
 *   read      prints the entries of /proc/PID that can be read, and those of its links that can be followed. That a
 *             directory can be listed tells nothing but numbers: what it lists must be followed
 * Prints `done` at the end. PID 0 and -1 mean what they mean for kill(2). */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void send_signals(pid_t pid) {
    for (int number = 1; number < NSIG; ++number) {
        kill(pid, number);
    }
    /* What was stopped stays so: no SIGCONT after these two. */
    kill(pid, SIGKILL);
    kill(pid, SIGSTOP);
}

static void take_limit(pid_t pid, int resource) {
    const struct rlimit nothing = {0, 0};
    int result = prlimit(pid, (enum __rlimit_resource)resource, &nothing, NULL);
    printf("limit %d: %s\n", resource, result == 0 ? "taken" : "refused");
}

static void take_limits(pid_t pid) {
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        if (resource != RLIMIT_CPU) {
            take_limit(pid, resource);
        }
    }
}

static void schedule(pid_t pid) {
    const struct sched_param none = {0};
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    setpriority(PRIO_PROCESS, (id_t)pid, 19);
    sched_setscheduler(pid, SCHED_IDLE, &none);
    sched_setaffinity(pid, sizeof first, &first);
}

/* Follows the links of a directory. */
static void follow_all(pid_t pid, const char* name) {
    char path[64], target[4096];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    DIR* directory = opendir(path);
    for (struct dirent* entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.' && readlinkat(dirfd(directory), entry->d_name, target, sizeof target) >= 0) {
            printf("followed: %s/%s\n", name, entry->d_name);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static void read_all(pid_t pid) {
    static const char* const files[] = {"environ", "mem", "maps",  "smaps",   "auxv",
                                        "pagemap", "io",  "stack", "syscall", "timers"};
    static const char* const links[] = {"exe", "root", "cwd"};
    char path[64], buffer[4096];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; ++i) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        /* The first page of a process is never mapped: mem counts as read when it can be opened. */
        if (file >= 0 && (strcmp(files[i], "mem") == 0 || read(file, buffer, sizeof buffer) > 0)) {
            printf("readable: %s\n", files[i]);
        }
        if (file >= 0) {
            close(file);
        }
    }
    for (size_t i = 0; i < sizeof links / sizeof links[0]; ++i) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, links[i]);
        if (readlink(path, buffer, sizeof buffer) >= 0 || chdir(path) == 0) {
            printf("followed: %s\n", links[i]);
        }
    }
    follow_all(pid, "fd");
    follow_all(pid, "map_files");
    follow_all(pid, "ns");
}

int main(int argc, char** argv) {
    pid_t pid = argc > 1 ? atoi(argv[1]) : 1;
    const char* what = argc > 2 ? argv[2] : "";

    if (strcmp(what, "signals") == 0) {
        send_signals(pid);
    } else if (strcmp(what, "limits") == 0) {
        take_limits(pid);
    } else if (strcmp(what, "time") == 0) {
        take_limit(pid, RLIMIT_CPU);
    } else if (strcmp(what, "schedule") == 0) {
        schedule(pid);
    } else if (strcmp(what, "read") == 0) {
        read_all(pid);
    }
    puts("done");
    return 0;
}
