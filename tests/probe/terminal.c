/* Tries to put input into the terminal, by every descriptor that may reach it, and prints one line for each try:
 * `TIOCSTI by PATH: refused|done`. A command number is tried with bits above the low 32 set, too. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void attempt(const char* name, const char* path, int terminal, unsigned long command, void* argument) {
    long result = syscall(SYS_ioctl, terminal, command, argument);
    printf("%s by %s: %s\n", name, path, result == 0 ? "done" : strerrorname_np(errno));
}

int main(void) {
    static const char* const paths[] = {"/dev/tty", "/proc/self/fd/0", "/dev/stdin", "stdin"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; ++i) {
        int terminal = strcmp(paths[i], "stdin") == 0 ? 0 : open(paths[i], O_RDWR | O_NOCTTY | O_CLOEXEC);
        char selection = 3; /* paste, as TIOCLINUX counts */
        char letter = 'X';
        if (terminal < 0) {
            printf("%s cannot be opened: %s\n", paths[i], strerrorname_np(errno));
            continue;
        }
        attempt("TIOCSTI", paths[i], terminal, TIOCSTI, &letter);
        attempt("TIOCSTI with high bits", paths[i], terminal, TIOCSTI | (1UL << 32), &letter);
        attempt("TIOCLINUX", paths[i], terminal, TIOCLINUX, &selection);
        attempt("TIOCLINUX with high bits", paths[i], terminal, TIOCLINUX | (1UL << 63), &selection);
    }
    return 0;
}
