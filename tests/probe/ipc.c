/* Looks for the IPC objects of others, by all ways there are: `ipc KEY NAME`, with a System V key in decimal and the
 * name of POSIX objects without the slash. One line for each kind: `found` or the name of the errno. `ipc make` makes
 * one of each kind before, and leaves them there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static void tell(const char* kind, int found) {
    printf("%s: %s\n", kind, found ? "found" : strerrorname_np(errno));
}

static const key_t made_key = 0x5a5a;

static void make(void) {
    shmget(made_key, 4096, IPC_CREAT | 0600);
    semget(made_key, 1, IPC_CREAT | 0600);
    msgget(made_key, IPC_CREAT | 0600);
    shm_open("/made", O_CREAT | O_RDWR, 0600);
    sem_open("/made", O_CREAT, 0600, 1U);
    mq_open("/made", O_CREAT | O_RDWR, 0600, NULL);
}

int main(int argc, char** argv) {
    char name[256], made_text[32];
    char* look_for_made[] = {argv[0], made_text, "made", NULL};
    if (argc == 2 && strcmp(argv[1], "make") == 0) {
        make();
        snprintf(made_text, sizeof made_text, "%d", made_key);
        argc = 3;
        argv = look_for_made;
    }
    if (argc != 3) {
        fputs("ipc: not used as the source says\n", stderr);
        return 2;
    }
    key_t key = atoi(argv[1]);
    snprintf(name, sizeof name, "/%s", argv[2]);
    tell("System V shared memory", shmget(key, 0, 0) >= 0);
    tell("System V semaphore", semget(key, 0, 0) >= 0);
    tell("System V queue", msgget(key, 0) >= 0);
    tell("POSIX shared memory", shm_open(name, O_RDONLY, 0) >= 0);
    tell("POSIX semaphore", sem_open(name, 0) != SEM_FAILED);
    tell("POSIX queue", mq_open(name, O_RDONLY) != (mqd_t)-1);
    return 0;
}
