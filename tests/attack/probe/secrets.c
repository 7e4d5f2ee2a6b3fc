/* A19: what the launcher and init were told, looked for in every process that can be seen: `variable=` in the
 * environments, `word=` in the arguments. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"

/* The probe's own arguments have the word, too: it looks at itself no more than at its parent, the first probe. */
static long find(const char* file, const char* text) {
    DIR* processes = opendir("/proc");
    long result = refused(ENOENT);
    for (const struct dirent* entry; processes != NULL && result < 0 && (entry = readdir(processes)) != NULL;) {
        char path[300];
        pid_t pid = atoi(entry->d_name);
        if (pid > 0 && pid != getpid() && pid != getppid()) {
            snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
            result = can_read(path, text);
        }
    }
    return result < 0 ? refused(EACCES) : 0;
}
static long find_variable(void) {
    return find("environ", given("variable"));
}
static long find_variable_of_self(void) {
    return can_read("/proc/self/environ", given("variable"));
}
static long find_word(void) {
    return find("cmdline", given("word"));
}

int main(int argc, char** argv) {
    static const struct attempt attempts[] = {
        {"the environment of another process", "init", find_variable, {0}, 0},
        {"the own environment", "environment", find_variable_of_self, {0}, 0},
        {"the arguments of another process", "init", find_word, {0}, 0},
    };
    return RUN_ATTEMPTS(argc, argv, attempts);
}
