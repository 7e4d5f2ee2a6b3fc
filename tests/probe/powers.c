/* Does one thing for each capability of the default set that the kernel asks for it: a line `NAME: done` or
 * `NAME: ERRNO` each. `powers DIRECTORY`: files in it are `other` (of user id 1) and `group` (own, of group id 1),
 * where those ids are mapped; what else is needed is made there and removed again. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { other_id = 1 };

static void tell(const char* name, long result) {
    printf("%s: %s\n", name, result >= 0 ? "done" : strerrorname_np(errno));
    fflush(stdout);
}

/* The file belongs to us, and its mode lets nobody read it. */
static long read_closed(void) {
    int made = open("closed", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
    if (made >= 0) {
        close(made);
    }
    int opened = open("closed", O_RDONLY | O_CLOEXEC);
    int error = errno;
    unlink("closed");
    errno = error;
    return opened;
}

static long give_away(void) {
    int made = open("given", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    long result = fchown(made, other_id, (gid_t)-1);
    int error = errno;
    unlink("given");
    errno = error;
    return result;
}

/* The kernel takes the bit away without a word. */
static long keep_setgid(void) {
    struct stat status;
    if (chmod("group", 02755) < 0 || stat("group", &status) < 0) {
        return -1;
    }
    errno = EPERM;
    return status.st_mode & S_ISGID ? 0 : -1;
}

/* What cannot be taken back is done by a child: it reports an errno, or 0. */
static long in_child(int (*act)(void)) {
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        _exit(act() < 0 ? errno : 0);
    }
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    return errno == 0 ? 0 : -1;
}

static int take_user(void) {
    return setuid(other_id);
}
static int take_group(void) {
    return setgid(other_id);
}
static int drop_from_bounding_set(void) {
    return prctl(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0, 0);
}
static int leave_for_directory(void) {
    return chroot(".");
}

static long kill_other(void) {
    int ready[2];
    char byte;
    if (pipe(ready) < 0) {
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        if (setuid(other_id) < 0 || write(ready[1], "", 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) {
        waitpid(child, NULL, 0);
        close(ready[0]);
        errno = ESRCH; /* there is nobody else */
        return -1;
    }
    close(ready[0]);
    long result = kill(child, SIGTERM);
    int error = errno;
    if (result < 0) {
        /* As it is not ours to kill, somebody of its own id has to. */
        pid_t killer = fork();
        if (killer == 0) {
            _exit(setuid(other_id) == 0 && kill(child, SIGKILL) == 0 ? 0 : 1);
        }
        waitpid(killer, NULL, 0);
    }
    waitpid(child, NULL, 0);
    errno = error;
    return result;
}

static long bind_low_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80)};
    int socket_descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(socket_descriptor, (struct sockaddr*)&address, sizeof address);
}

static long set_file_capability(void) {
    struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2};
    int made = open("program", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    long result = fsetxattr(made, "security.capability", &data, sizeof data, 0);
    int error = errno;
    unlink("program");
    errno = error;
    return result;
}

int main(int argc, char** argv) {
    if (argc < 2 || chdir(argv[1]) < 0) {
        return 2;
    }
    tell("chown", give_away());
    tell("dac_override", read_closed());
    tell("fowner", chmod("other", 0600));
    tell("fsetid", keep_setgid());
    tell("kill", kill_other());
    tell("setgid", in_child(take_group));
    tell("setuid", in_child(take_user));
    tell("setpcap", in_child(drop_from_bounding_set));
    tell("net_bind_service", bind_low_port());
    tell("sys_chroot", in_child(leave_for_directory));
    tell("sys_admin", sethostname("tried", 5));
    tell("setfcap", set_file_capability());
    return 0;
}
