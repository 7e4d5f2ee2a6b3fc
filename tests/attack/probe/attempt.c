#define _GNU_SOURCE
#include "attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void (*before_attempt)(void);

static char** arguments;
static int argument_count;

/* Where an attempt, in its own process, leaves what came of it. */
static struct {
    long result;
    int error;
} * outcome;

const char* given_or_null(const char* key) {
    size_t length = strlen(key);
    for (int i = 1; i < argument_count; ++i) {
        if (strncmp(arguments[i], key, length) == 0 && arguments[i][length] == '=') {
            return arguments[i] + length + 1;
        }
    }
    return NULL;
}

const char* given(const char* key) {
    const char* value = given_or_null(key);
    if (value == NULL) {
        fprintf(stderr, "%s: %s= is missing\n", arguments[0], key);
        exit(2);
    }
    return value;
}

pid_t given_pid(const char* key) {
    return atoi(given(key));
}

long refused(int error) {
    errno = error;
    return -1;
}

long can_open(const char* path, int flags) {
    char byte;
    int file = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    long result = file;
    if (file >= 0 && (flags & O_ACCMODE) == O_RDONLY && (flags & (O_PATH | O_DIRECTORY)) == 0) {
        result = read(file, &byte, 1);
    }
    int error = errno;
    if (file >= 0) {
        close(file);
    }
    errno = error;
    return result;
}

long can_read(const char* path, const char* part) {
    static char text[1 << 16];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return -1;
    }
    ssize_t length = read(file, text, sizeof text);
    int error = errno;
    close(file);
    if (length < 0) {
        return refused(error);
    }
    return memmem(text, (size_t)length, part, strlen(part)) != NULL ? 0 : refused(ENODATA);
}

long write_text(const char* path, int flags, const char* text) {
    int file = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
    long result = file;
    if (file >= 0) {
        result = write(file, text, strlen(text));
    }
    int error = errno;
    if (file >= 0) {
        close(file);
    }
    errno = error;
    return result;
}

long run_program(const char* const* words) {
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp(words[0], (char* const*)(uintptr_t)words);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        return -1;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        return refused(ENOENT);
    }
    return status == 0 ? 0 : refused(EPROTO);
}

/* A second filter over the one that may be there. Of two filters' answers the kernel takes the stricter one, and an
 * errno is stricter than a tracer that is not there, which gives ENOSYS. So what answers is the first filter, if it
 * refuses. */
static void watch_for_filter(const struct attempt* attempt) {
    struct sock_filter filter[calls_of_attempt * 2 + 2];
    unsigned short length = 0;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < calls_of_attempt && attempt->calls[i] != 0; ++i) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)attempt->calls[i], 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        outcome->result = -1;
        outcome->error = ENOTRECOVERABLE;
        _exit(0);
    }
}

/* In a process of its own: one that succeeds must not change what the next one finds. */
static const char* try_one(const struct attempt* attempt, int only_filter, int own) {
    static char text[64];
    outcome->result = -1;
    outcome->error = ENOMSG; /* it ended without a word */
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        if (own && unshare(CLONE_NEWNS) != 0) {
            outcome->error = ENOTRECOVERABLE;
            _exit(0);
        }
        if (before_attempt != NULL) {
            before_attempt();
        }
        if (only_filter) {
            watch_for_filter(attempt);
        }
        errno = 0;
        outcome->result = attempt->make();
        outcome->error = errno;
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        if (WTERMSIG(status) == SIGALRM) {
            return "hangs";
        }
        snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
        return text;
    }
    if (outcome->result >= 0) {
        return "done";
    }
    const char* name = strerrorname_np(outcome->error);
    return name != NULL ? name : "?";
}

static void put(const char* path, const char* text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(3);
    }
    close(file);
}

/* Namespaces of all kinds, and root in them. Returns in process 1 of the new pid namespace. */
static void make_own_ground(void) {
    char map[64];
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                CLONE_NEWCGROUP) != 0) {
        perror("unshare");
        exit(3);
    }
    put("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    put("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    put("/proc/self/gid_map", map);
    pid_t child = fork();
    if (child > 0) {
        int status = 0;
        waitpid(child, &status, 0);
        exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("proc", "/proc", "proc", 0, NULL) != 0) {
        perror("mount");
        exit(3);
    }
}

int run_attempts(int argc, char** argv, const struct attempt* attempts, size_t count) {
    arguments = argv;
    argument_count = argc;
    const char* ground = given_or_null("ground");
    int own = ground != NULL && strcmp(ground, "own") == 0;
    int plain = ground != NULL && strcmp(ground, "plain") == 0;
    const char* only = given_or_null("only");

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (own) {
        make_own_ground();
    }
    outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED) {
        perror("mmap");
        return 3;
    }
    for (size_t i = 0; i < count; ++i) {
        if (only != NULL && strcmp(only, attempts[i].name) != 0) {
            continue;
        }
        printf("%s\t%s\t", attempts[i].name, attempts[i].layer);
        fflush(stdout);
        printf("%s\t", plain && (attempts[i].flags & never_plain) != 0 ? "not made" : try_one(&attempts[i], 0, own));
        fflush(stdout);
        if (attempts[i].calls[0] == 0) {
            printf("-\t");
        } else {
            const char* answer = try_one(&attempts[i], 1, own);
            printf("%s\t", strcmp(answer, "ENOSYS") == 0 ? "passes" : answer);
        }
        printf("%u\n", attempts[i].flags);
    }
    return 0;
}
