/* Looks for the IPC objects of others, by all ways there are: `ipc KEY NAME`, with a System V key in decimal and the
 * name of POSIX objects without the slash. One line for each kind: `found` or the name of the errno. */
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

int main(int argc, char** argv) {
    char name[256];
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
