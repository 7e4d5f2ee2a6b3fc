/* The session keyring (session-keyring(7)): `keys with NAME COMMAND...` runs a command in a new one that holds a key of
 * that name; `keys find NAME` prints `done` if it is possessed, or the name of the errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "find") == 0) {
        const long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", argv[2], 0);
        puts(key >= 0 ? "done" : strerrorname_np(errno));
        return 0;
    }
    if (argc > 3 && strcmp(argv[1], "with") == 0) {
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
            syscall(SYS_add_key, "user", argv[2], "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0) {
            puts(strerrorname_np(errno));
            return 1;
        }
        execvp(argv[3], argv + 3);
    }
    return 2;
}
