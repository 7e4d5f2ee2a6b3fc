/* `automount DIRECTORY`: mounts an automount point there whose daemon never mounts anything, and keeps it until its
 * standard input ends. Prints `mounted`, and `waked` when something was to be mounted. Needs to be root of the host, in
 * a mount namespace of its own; prints `none` and ends where there is no autofs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 2) {
        fprintf(stderr, "automount DIRECTORY\n");
        return 2;
    }
    /* A daemon's own process group passes: nobody else's may be in it. */
    setpgid(0, 0);
    int requests[2];
    char options[128];
    if (pipe2(requests, O_CLOEXEC) != 0) {
        return 1;
    }
    snprintf(options, sizeof options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,direct", requests[1], getpgrp());
    if (mount("asleep", argv[1], "autofs", 0, options) != 0) {
        printf("none: %s\n", strerror(errno));
        return 0;
    }
    close(requests[1]);
    puts("mounted");
    fflush(stdout);
    struct pollfd watched[2] = {{STDIN_FILENO, POLLIN, 0}, {requests[0], POLLIN, 0}};
    char bytes[4096];
    while (poll(watched, 2, -1) > 0 && watched[0].revents == 0) {
        if (watched[1].revents != 0) {
            if (read(requests[0], bytes, sizeof bytes) <= 0) {
                break;
            }
            puts("waked");
            fflush(stdout);
        }
    }
    return 0;
}
