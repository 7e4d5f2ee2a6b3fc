/* `fuse DIRECTORY`: mounts a FUSE file system there that never answers, not even the kernel's first request, and keeps
 * it until its standard input ends. Prints `mounted`. Needs to be root of the user namespace that owns the mount
 * namespace, and /dev/fuse; prints `none` and ends where that is missing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 2) {
        fprintf(stderr, "fuse DIRECTORY\n");
        return 2;
    }
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
    if (device < 0 || mount("silent", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        printf("none: %s\n", strerror(errno));
        return 0;
    }
    puts("mounted");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
