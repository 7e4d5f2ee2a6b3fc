/* Prints what a process was given, one `name=value` a line: the ids, session, limits, signal masks, descriptors and
 * namespaces that a new program finds. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The lines of /proc/self/status that stand for inherited state. */
static void print_status(void) {
    static const char* const wanted[] = {"SigBlk", "SigIgn", "SigCgt",     "SigPnd",  "CapInh",    "CapPrm", "CapBnd",
                                         "CapAmb", "NSpid",  "NoNewPrivs", "Seccomp", "TracerPid", "Groups"};
    FILE* status = fopen("/proc/self/status", "re");
    char line[4096];
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; ++i) {
            size_t length = strlen(wanted[i]);
            if (strncmp(line, wanted[i], length) == 0 && line[length] == ':') {
                printf("%s=%s", wanted[i], line + length + 1 + strspn(line + length + 1, "\t"));
            }
        }
    }
    if (status != NULL) {
        fclose(status);
    }
}

/* Each as `NAME->TARGET`, with a blank between; without the one that reads the directory. */
static void print_links(const char* name, const char* directory) {
    DIR* open_directory = opendir(directory);
    printf("%s=", name);
    for (struct dirent* entry; open_directory != NULL && (entry = readdir(open_directory)) != NULL;) {
        char path[300], target[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (strstr(directory, "/fd") != NULL && atoi(entry->d_name) == dirfd(open_directory)) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = '\0';
        printf("%s->%s ", entry->d_name, target);
    }
    printf("\n");
    if (open_directory != NULL) {
        closedir(open_directory);
    }
}

int main(int argc, char** argv, char** environment) {
    int death_signal = 0;
    struct rlimit files, cores;
    char directory[4096];
    mode_t mask = umask(0);
    int variables = 0;

    umask(mask);
    prctl(PR_GET_PDEATHSIG, &death_signal);
    getrlimit(RLIMIT_NOFILE, &files);
    for (; environment[variables] != NULL; ++variables) {
    }
    printf("pid=%d\nppid=%d\nsid=%d\npgid=%d\n", getpid(), getppid(), getsid(0), getpgrp());
    printf("uid=%u\ngid=%u\n", getuid(), getgid());
    printf("argc=%d\nargv0=%s\nargument_bytes=%zu\n", argc, argc > 0 ? argv[0] : "", argc > 1 ? strlen(argv[1]) : 0);
    printf("variables=%d\n", variables);
    printf("umask=%04o\n", mask);
    printf("cwd=%s\n", getcwd(directory, sizeof directory) != NULL ? directory : "");
    getrlimit(RLIMIT_CORE, &cores);
    printf("core=%lld %lld\n", (long long)cores.rlim_cur, (long long)cores.rlim_max); /* -1: unlimited */
    printf("nofile=%llu\n", (unsigned long long)files.rlim_cur);
    printf("securebits=%#x\n", (unsigned)prctl(PR_GET_SECUREBITS));
    printf("dumpable=%d\ndeath_signal=%d\n", prctl(PR_GET_DUMPABLE), death_signal);
    print_status();
    print_links("descriptors", "/proc/self/fd");
    print_links("namespaces", "/proc/self/ns");
    return 0;
}
