/* Prints the clocks that a time namespace shifts, in whole seconds: `monotonic N`, `boottime N`. */
#include <stdio.h>
#include <time.h>

int main(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("monotonic %lld\n", (long long)now.tv_sec);
    clock_gettime(CLOCK_BOOTTIME, &now);
    printf("boottime %lld\n", (long long)now.tv_sec);
    return 0;
}
