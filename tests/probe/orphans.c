/* Makes processes that nobody waits for:
 *   orphans reap N    N that end at once; prints how many are still zombies when pid 1 has had its time
 *   orphans leave N   N that live for ever, each in a session of its own, with signals ignored and without a
 *                     parent-death signal; prints `up` and exits with 0
 *   orphans hold N    the same, but does not exit either
 * The program itself clears its own parent-death signal too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void live_for_ever(void) {
    for (;;) {
        pause();
    }
}

/* A grandchild whose parent has gone. Returns in the caller alone. */
static void make_orphan(int ends_when, int lives) {
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
        return;
    }
    if (fork() != 0) {
        _exit(0);
    }
    if (!lives) {
        _exit(0);
    }
    setsid();
    prctl(PR_SET_PDEATHSIG, 0);
    for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_IGN);
    }
    close(ends_when); /* tells that it is ready */
    for (int descriptor = 0; descriptor < 3; ++descriptor) {
        close(descriptor);
    }
    live_for_ever();
}

static int count_zombies(void) {
    DIR* processes = opendir("/proc");
    int zombies = 0;
    for (struct dirent* entry; processes != NULL && (entry = readdir(processes)) != NULL;) {
        char path[300], state = '?';
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE* stat = fopen(path, "re");
        if (stat != NULL && fscanf(stat, "%*d (%*[^)]) %c", &state) == 1 && state == 'Z') {
            ++zombies;
        }
        if (stat != NULL) {
            fclose(stat);
        }
    }
    closedir(processes);
    return zombies;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    int lives = strcmp(what, "reap") != 0;
    int ends[2];
    char byte;

    prctl(PR_SET_PDEATHSIG, 0);
    if (pipe(ends) != 0) {
        return 1;
    }
    for (int i = 0; i < number; ++i) {
        make_orphan(ends[1], lives);
    }
    /* Every orphan has its end closed: it is over, or has made itself ready. */
    close(ends[1]);
    if (read(ends[0], &byte, 1) != 0) {
        return 1;
    }
    if (!lives) {
        int zombies = count_zombies();
        for (int tries = 0; zombies > 0 && tries < 5000; ++tries) {
            poll(NULL, 0, 10);
            zombies = count_zombies();
        }
        printf("zombies=%d\n", zombies);
        return 0;
    }
    puts("up");
    fflush(stdout);
    if (strcmp(what, "hold") == 0) {
        live_for_ever();
    }
    return 0;
}
