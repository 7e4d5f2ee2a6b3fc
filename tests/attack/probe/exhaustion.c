/* A35: more of everything than there should be. Each attempt ends where it has enough, so that no machine suffers.
 * `of=limits` tries what the caller's limits (setrlimit(2)) are for; `hold=1` keeps it all until the program is killed,
 * and says `up` before. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "attempt.h"

enum { enough = 600 }; /* processes, threads, descriptors */

static const char* const private_places[] = {"/tmp", "/run", "/var/tmp", "/dev/shm"};
enum { places = sizeof private_places / sizeof private_places[0] };

/* A file system without limits where the probe may mount; inside it is there, with one of 1 MiB. */
static void make_places(void) {
    const char* ground = given_or_null("ground");
    if (ground != NULL && strcmp(ground, "own") == 0) {
        mount("none", "/mnt", "tmpfs", 0, "size=0,nr_inodes=0");
        for (int i = 0; i < places; ++i) {
            mount("none", private_places[i], "tmpfs", 0, "size=0,nr_inodes=0");
        }
    }
}

static long hold_or(long result) {
    int error = errno;
    if (given_or_null("hold") != NULL) {
        printf("up\n");
        fflush(stdout);
        alarm(0);
        for (;;) {
            pause();
        }
    }
    errno = error;
    return result;
}

static long fork_on(void) {
    pid_t children[enough];
    int count = 0;
    for (; count < enough; ++count) {
        children[count] = fork();
        if (children[count] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) {
                pause();
            }
        }
        if (children[count] < 0) {
            break;
        }
    }
    long result = hold_or(count == enough ? 0 : -1);
    int error = errno;
    for (int i = 0; i < count; ++i) {
        kill(children[i], SIGKILL);
    }
    errno = error;
    return result;
}

static void* wait_for_ever(void* unused) {
    (void)unused;
    for (;;) {
        pause();
    }
    return NULL;
}
static long start_threads(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 16384);
    for (int count = 0; count < enough; ++count) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, wait_for_ever, NULL);
        if (error != 0) {
            return refused(error);
        }
    }
    return 0;
}

/* Nothing of it is touched. */
static long map_memory(void) {
    void* memory = mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? -1 : 0;
}
static long open_on(void) {
    for (int count = 0; count < enough; ++count) {
        if (open("/", O_PATH | O_CLOEXEC) < 0) {
            return hold_or(-1);
        }
    }
    return hold_or(0);
}
static long write_big_file(void) {
    signal(SIGXFSZ, SIG_IGN);
    int file = memfd_create("big", MFD_CLOEXEC);
    return file < 0 ? -1 : ftruncate(file, 1L << 30);
}

static long fill_place(void) {
    static const char block[1 << 16];
    int file = open("/mnt/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return -1;
    }
    for (int count = 0; count < 64; ++count) {
        ssize_t written = write(file, block, sizeof block);
        if (written != sizeof block) {
            int error = written < 0 ? errno : ENOSPC;
            unlink("/mnt/file");
            return refused(error);
        }
    }
    return unlink("/mnt/file");
}
static long allocate_place(void) {
    int file = open("/mnt/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return -1;
    }
    unlink("/mnt/file");
    return fallocate(file, 0, 0, 4 << 20);
}

static unsigned long long memory_size(void) {
    return (unsigned long long)sysconf(_SC_PHYS_PAGES) * (unsigned long long)sysconf(_SC_PAGESIZE);
}
/* Of all private places together: those that are parts of one file system have one limit. */
static long have_all_memory(void) {
    unsigned long long sum = 0;
    dev_t seen[places];
    int count = 0;
    for (int i = 0; i < places; ++i) {
        struct stat state;
        struct statvfs size;
        if (stat(private_places[i], &state) != 0 || statvfs(private_places[i], &size) != 0) {
            return -1;
        }
        if (size.f_blocks == 0) {
            return 0;
        }
        int known = 0;
        for (int j = 0; j < count; ++j) {
            known = known || seen[j] == state.st_dev;
        }
        if (!known) {
            seen[count++] = state.st_dev;
            sum += (unsigned long long)size.f_blocks * size.f_frsize;
        }
    }
    return sum > memory_size() / 2 ? 0 : refused(ENOSPC);
}
static long have_files_without_end(void) {
    for (int i = 0; i < places; ++i) {
        struct statvfs size;
        if (statvfs(private_places[i], &size) != 0) {
            return -1;
        }
        if (size.f_files == 0) {
            return 0;
        }
    }
    return refused(ENOSPC);
}

int main(int argc, char** argv) {
    static const struct attempt limits[] = {
        {"processes", "limits", fork_on, {0}, 0},
        {"threads", "limits", start_threads, {0}, 0},
        {"memory", "limits", map_memory, {0}, 0},
        {"descriptors", "limits", open_on, {0}, 0},
        {"the size of files", "limits", write_big_file, {0}, 0},
    };
    static const struct attempt directories[] = {
        {"fill a directory with a limit", "limits", fill_place, {0}, never_plain},
        {"fallocate more than its limit", "limits", allocate_place, {0}, never_plain},
        {"private directories of more than half of the memory", "limits", have_all_memory, {0}, never_plain},
        {"files without end in them", "limits", have_files_without_end, {0}, never_plain},
    };
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=limits") == 0) {
            return RUN_ATTEMPTS(argc, argv, limits);
        }
    }
    before_attempt = make_places;
    return RUN_ATTEMPTS(argc, argv, directories);
}
