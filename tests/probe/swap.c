/* `swap ONE OTHER`: exchanges two names with RENAME_EXCHANGE, again and again, until its standard input ends. Prints
 * `swapping` after the first time, and at the end how often it was. What stands under ONE at the end is what stood
 * there at first. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void exchange(const char* one, const char* other) {
    if (renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) != 0) {
        perror("renameat2");
        exit(1);
    }
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "swap ONE OTHER\n");
        return 2;
    }
    unsigned long times = 0;
    struct pollfd input = {0, POLLIN, 0};
    while (poll(&input, 1, 0) == 0) {
        for (int i = 0; i < 2; ++i) {
            exchange(argv[1], argv[2]);
            if (times++ == 0) {
                puts("swapping");
                fflush(stdout);
            }
        }
    }
    printf("%lu\n", times);
    return 0;
}
