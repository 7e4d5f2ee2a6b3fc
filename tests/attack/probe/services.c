/* A28 to A32: services of the host and what other processes left for each other. `services listen NAME...` is such a
 * host: it answers on sockets in the file system (a name with `/`), in the abstract space (`@NAME`) and on TCP
 * (`:PORT`, `:0` for any), prints the last port and `up`, and lives until its stdin ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attempt.h"

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    };
    socklen_t length;
};

static struct address local_address(const char* name) {
    struct address address = {.local = {.sun_family = AF_UNIX}, .length = sizeof address.local};
    snprintf(address.local.sun_path, sizeof address.local.sun_path, "%s", name);
    if (name[0] == '@') {
        address.local.sun_path[0] = '\0';
        address.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    }
    return address;
}

static struct address four_address(const char* text, const char* port) {
    struct address address = {.four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))},
                              .length = sizeof address.four};
    inet_pton(AF_INET, text, &address.four.sin_addr);
    return address;
}

static struct address six_address(const char* text, const char* port) {
    struct address address = {.six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))},
                              .length = sizeof address.six};
    inet_pton(AF_INET6, text, &address.six.sin6_addr);
    return address;
}

static long connect_to(struct address address) {
    int client = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return client < 0 ? -1 : connect(client, &address.any, address.length);
}

/* The port, or 0 without one; -1 on failure. */
static int listen_on(const char* name) {
    struct address address = name[0] == ':' ? six_address("::", name + 1) : local_address(name);
    int server = socket(address.any.sa_family, SOCK_STREAM, 0);
    if (server < 0 || bind(server, &address.any, address.length) != 0 || listen(server, 64) != 0) {
        perror(name);
        return -1;
    }
    if (name[0] != ':') {
        return 0;
    }
    return getsockname(server, &address.any, &address.length) == 0 ? ntohs(address.six.sin6_port) : -1;
}

static int be_host(char** names) {
    char byte;
    int port = 0;
    for (; *names != NULL; ++names) {
        port = listen_on(*names);
        if (port < 0) {
            return 1;
        }
    }
    printf("%d up\n", port);
    fflush(stdout);
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
}

#define CONNECTS(name, path)                    \
    static long connect_##name(void) {          \
        return connect_to(local_address(path)); \
    }
CONNECTS(bus, "/run/dbus/system_bus_socket")
CONNECTS(docker, "/run/docker.sock")
CONNECTS(docker_by_var, "/var/run/docker.sock")
CONNECTS(systemd, "/run/systemd/private")
CONNECTS(display, "/tmp/.X11-unix/X0")
CONNECTS(user_bus, "/run/user/0/bus")
CONNECTS(agent, "/run/user/0/agent")
CONNECTS(home, "/root/.agent")
CONNECTS(by_root, "/proc/self/root/run/docker.sock")

static long connect_abstract(void) {
    return connect_to(local_address(given("abstract")));
}
static long connect_four(void) {
    return connect_to(four_address("127.0.0.1", given("port")));
}
static long connect_other_four(void) {
    return connect_to(four_address("127.1.2.3", given("port")));
}
static long connect_any(void) {
    return connect_to(four_address("0.0.0.0", given("port")));
}
static long connect_six(void) {
    return connect_to(six_address("::1", given("port")));
}
static long connect_mapped(void) {
    return connect_to(six_address("::ffff:127.0.0.1", given("port")));
}
static long connect_own_address(void) {
    return connect_to(four_address(given("address"), given("port")));
}
/* Needs nobody who answers: a route is enough to send. */
static long send_to(const char* text) {
    struct address address = four_address(text, "53");
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return any < 0 ? -1 : connect(any, &address.any, address.length);
}
static long send_to_metadata(void) {
    return send_to("169.254.169.254");
}
static long send_to_the_world(void) {
    return send_to("8.8.8.8");
}

static key_t given_key(void) {
    return (key_t)atoi(given("key"));
}
static long find_memory(void) {
    return shmget(given_key(), 0, 0);
}
static long find_semaphore(void) {
    return semget(given_key(), 0, 0);
}
static long find_queue(void) {
    return msgget(given_key(), 0);
}
static long find_any_memory(void) {
    struct shm_info info;
    return shmctl(0, SHM_INFO, (struct shmid_ds*)(void*)&info) < 0 ? -1 : info.used_ids > 0 ? 0 : refused(ENOENT);
}
static long open_memory(void) {
    return shm_open(given("name"), O_RDONLY, 0);
}
static long open_semaphore(void) {
    return sem_open(given("name"), 0) == SEM_FAILED ? -1 : 0;
}
static long open_queue(void) {
    return mq_open(given("name"), O_RDONLY);
}

static long search(int keyring) {
    return syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", "sandbox-attack", 0);
}
static long search_session(void) {
    return search(KEY_SPEC_SESSION_KEYRING);
}
static long search_user(void) {
    return search(KEY_SPEC_USER_KEYRING);
}
static long search_user_session(void) {
    return search(KEY_SPEC_USER_SESSION_KEYRING);
}
static long request(void) {
    return syscall(SYS_request_key, "user", "sandbox-attack", NULL, 0);
}
static long read_by_number(void) {
    char text[16];
    return syscall(SYS_keyctl, KEYCTL_READ, atoi(given("serial")), text, sizeof text, 0);
}
/* The same as long as a command runs; its status. */
static int serve(char** names) {
    int status = 0;
    for (; *names != NULL && strcmp(*names, "--") != 0; ++names) {
        if (listen_on(*names) != 0) {
            return 1;
        }
    }
    pid_t child = *names != NULL ? fork() : -1;
    if (child == 0) {
        close_range(3, ~0U, 0);
        execvp(names[1], names + 1);
        perror(names[1]);
        _exit(1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A key for the others to find, in the session and the user's keyring; prints its number and runs the rest. */
static int with_key(char** words) {
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    long key = syscall(SYS_add_key, "user", "sandbox-attack", "x", (size_t)1, KEY_SPEC_SESSION_KEYRING);
    syscall(SYS_keyctl, KEYCTL_LINK, key, KEY_SPEC_USER_KEYRING);
    syscall(SYS_keyctl, KEYCTL_LINK, key, KEY_SPEC_USER_SESSION_KEYRING);
    char argument[64];
    snprintf(argument, sizeof argument, "serial=%ld", key);
    for (char** word = words; *word != NULL; ++word) {
        if (strcmp(*word, "serial=") == 0) {
            *word = argument;
        }
    }
    execvp(words[0], words);
    perror(words[0]);
    return 1;
}

/* A file where a service looks for work. */
static long leave(const char* path) {
    return write_text(path, O_WRONLY | O_CREAT, "work");
}
static long leave_for_cron(void) {
    return leave("/var/spool/cron/crontabs/attack");
}
static long leave_for_at(void) {
    return leave("/var/spool/at/attack");
}
static long leave_for_systemd(void) {
    return leave("/run/systemd/transient/attack.service");
}
static long leave_for_udev(void) {
    return leave("/run/udev/rules.d/attack.rules");
}
static long leave_for_the_users_systemd(void) {
    return leave("/root/.config/systemd/user/attack.service");
}
static long leave_for_the_desktop(void) {
    return leave("/root/.config/autostart/attack.desktop");
}
static long leave_by_root(void) {
    return leave("/proc/self/root/run/systemd/system/attack.service");
}

int main(int argc, char** argv) {
    static const struct attempt paths[] = {
        {"the system's bus", "mounts", connect_bus, {SYS_connect}, 0},
        {"docker", "mounts", connect_docker, {SYS_connect}, 0},
        {"docker by /var/run", "mounts", connect_docker_by_var, {SYS_connect}, needs_kernel},
        {"systemd", "mounts", connect_systemd, {SYS_connect}, 0},
        {"X11", "mounts", connect_display, {SYS_connect}, 0},
        {"the user's bus", "mounts", connect_user_bus, {SYS_connect}, 0},
        {"an agent", "mounts", connect_agent, {SYS_connect}, 0},
        {"an agent in the home", "mounts", connect_home, {SYS_connect}, 0},
        {"by /proc/self/root", "mounts", connect_by_root, {SYS_connect}, 0},
    };
    static const struct attempt addresses[] = {
        {"an abstract socket", "namespaces", connect_abstract, {SYS_connect}, 0},
        {"127.0.0.1", "namespaces", connect_four, {SYS_connect}, 0},
        {"127.1.2.3", "namespaces", connect_other_four, {SYS_connect}, 0},
        {"0.0.0.0", "namespaces", connect_any, {SYS_connect}, 0},
        {"::1", "namespaces", connect_six, {SYS_connect}, needs_kernel},
        {"::ffff:127.0.0.1", "namespaces", connect_mapped, {SYS_connect}, 0},
        {"an address of the host", "namespaces", connect_own_address, {SYS_connect}, needs_kernel},
        {"169.254.169.254", "namespaces", send_to_metadata, {SYS_connect}, needs_kernel},
        {"8.8.8.8", "namespaces", send_to_the_world, {SYS_connect}, needs_kernel},
    };
    static const struct attempt objects[] = {
        {"shmget", "namespaces", find_memory, {SYS_shmget}, 0},
        {"semget", "namespaces", find_semaphore, {SYS_semget}, 0},
        {"msgget", "namespaces", find_queue, {SYS_msgget}, 0},
        {"the list of shared memory", "namespaces", find_any_memory, {SYS_shmctl}, 0},
        {"shm_open", "mounts", open_memory, {0}, 0},
        {"sem_open", "mounts", open_semaphore, {0}, 0},
        {"mq_open", "namespaces", open_queue, {SYS_mq_open}, 0},
    };
    static const struct attempt keys[] = {
        {"the session's keyring", "namespaces", search_session, {SYS_keyctl}, needs_kernel},
        {"the user's keyring", "namespaces", search_user, {SYS_keyctl}, needs_kernel},
        {"the keyring of the user's sessions", "namespaces", search_user_session, {SYS_keyctl}, needs_kernel},
        {"request_key", "namespaces", request, {SYS_request_key}, needs_kernel},
        {"a key by its number", "namespaces", read_by_number, {SYS_keyctl}, needs_kernel},
    };
    static const struct attempt work[] = {
        {"cron", "mounts", leave_for_cron, {0}, 0},
        {"at", "mounts", leave_for_at, {0}, 0},
        {"systemd", "mounts", leave_for_systemd, {0}, 0},
        {"systemd by /proc/self/root", "mounts", leave_by_root, {0}, 0},
        {"udev", "mounts", leave_for_udev, {0}, 0},
        {"the user's systemd", "mounts", leave_for_the_users_systemd, {0}, 0},
        {"the user's session", "mounts", leave_for_the_desktop, {0}, 0},
    };
    if (argc > 1 && strcmp(argv[1], "listen") == 0) {
        return be_host(argv + 2);
    }
    if (argc > 1 && strcmp(argv[1], "serve") == 0) {
        return serve(argv + 2);
    }
    if (argc > 1 && strcmp(argv[1], "with-key") == 0) {
        return with_key(argv + 2);
    }
    for (int i = 1; i < argc; ++i) {
        if (strcmp(argv[i], "of=paths") == 0) {
            return RUN_ATTEMPTS(argc, argv, paths);
        }
        if (strcmp(argv[i], "of=objects") == 0) {
            return RUN_ATTEMPTS(argc, argv, objects);
        }
        if (strcmp(argv[i], "of=work") == 0) {
            return RUN_ATTEMPTS(argc, argv, work);
        }
        if (strcmp(argv[i], "of=keys") == 0) {
            return RUN_ATTEMPTS(argc, argv, keys);
        }
    }
    return RUN_ATTEMPTS(argc, argv, addresses);
}
