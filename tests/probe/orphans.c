/* Makes processes that nobody waits for:
 *   orphans reap N    N that end at once; prints how many are still zombies when pid 1 has had its time
 *   orphans leave N   N that live for ever, each in a session of its own, with signals ignored and without a
 *                     parent-death signal; prints `up` and exits with 0
 *   orphans hold N    the same, but does not exit either
 * The program itself clears its own parent-death signal too. */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { at_once = 100 };

static void live_for_ever(void) {
    for (;;) {
        pause();
    }
}

static void be_orphan(int ends_when) {
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

static int end_at_once(void* nothing) {
    (void)nothing;
    _exit(0);
}

/* One that only ends needs no memory of its own, the copying of which is nearly all that ten thousand of them cost. */
static pid_t start_orphan(int index, int ends_when, int lives) {
    static char stacks[at_once][4096] __attribute__((aligned(16)));
    if (!lives) {
        return clone(end_at_once, stacks[index] + sizeof stacks[index], CLONE_VM | SIGCHLD, NULL);
    }
    pid_t orphan = fork();
    if (orphan == 0) {
        be_orphan(ends_when);
    }
    return orphan;
}

/* Grandchildren whose parent has gone. Many of one parent, as to wait for each takes its time on a loaded machine. */
static void make_orphans(int number, int ends_when, int lives) {
    pid_t child = fork();
    if (child == 0) {
        for (int index = 0; index < number; ++index) {
            if (start_orphan(index, ends_when, lives) < 0) {
                _exit(1);
            }
        }
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        fputs("not all orphans could be made\n", stderr);
        exit(1);
    }
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
    for (int made = 0; made < number; made += at_once) {
        make_orphans(number - made < at_once ? number - made : at_once, ends[1], lives);
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
