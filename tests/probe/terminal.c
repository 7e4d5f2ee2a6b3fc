/* Tries to put input into the terminal, to change its line discipline and to take it, by every descriptor that may
 * reach it, and prints one line for each try: `TIOCSTI by PATH: EPERM|done`. A command number is tried with bits above
 * the low 32 set, too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void attempt(const char* name, const char* path, int terminal, unsigned long command, void* argument) {
    long result = syscall(SYS_ioctl, terminal, command, argument);
    printf("%s by %s: %s\n", name, path, result == 0 ? "done" : strerrorname_np(errno));
    fflush(stdout);
}

/* As the leader of a session without a terminal: once asked for, once taken away from another session. */
static void take(const char* path, int terminal) {
    pid_t child = fork();
    if (child == 0) {
        setsid();
        attempt("TIOCSCTTY", path, terminal, TIOCSCTTY, (void*)0);
        attempt("TIOCSCTTY by force", path, terminal, TIOCSCTTY, (void*)1);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void) {
    static const char* const paths[] = {"/dev/tty", "/proc/self/fd/0", "/dev/stdin",
                                        "stdin",    "/dev/pts/0",      "/dev/console"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
        int terminal = strcmp(paths[i], "stdin") == 0 ? 0 : open(paths[i], O_RDWR | O_NOCTTY | O_CLOEXEC);
        char selection = 3; /* paste, as TIOCLINUX counts */
        char letter = 'X';
        int discipline = 0;
        if (terminal < 0) {
            printf("%s cannot be opened: %s\n", paths[i], strerrorname_np(errno));
            continue;
        }
        attempt("TIOCSTI", paths[i], terminal, TIOCSTI, &letter);
        attempt("TIOCSTI with high bits", paths[i], terminal, TIOCSTI | (1UL << 32), &letter);
        attempt("TIOCLINUX", paths[i], terminal, TIOCLINUX, &selection);
        attempt("TIOCLINUX with high bits", paths[i], terminal, TIOCLINUX | (1UL << 63), &selection);
        attempt("TIOCSETD", paths[i], terminal, TIOCSETD, &discipline);
        attempt("TIOCSETD with high bits", paths[i], terminal, TIOCSETD | (1UL << 40), &discipline);
        take(paths[i], terminal);
    }
    return 0;
}
