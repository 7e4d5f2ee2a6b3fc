/* Ends in a chosen way: `ends exit N`, `ends raise N`, `ends abort`, `ends fault`. Says so when it lives on, and exits
 * with 99. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
    if (strcmp(how, "exit") == 0) {
        exit(number);
    } else if (strcmp(how, "raise") == 0) {
        raise(number);
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "fault") == 0) {
        *(volatile int*)(size_t)(argc - argc) = 1;
    }
    puts("still here");
    return 99;
}
