/* A server and a client, two processes, that talk over TCP: `talk ADDRESS PORT`, numeric, IPv4 or IPv6. Prints what the
 * client heard, or the call that failed and the name of the errno. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char* call) {
    printf("%s: %s\n", call, strerrorname_np(errno));
    exit(1);
}

static socklen_t parse(const char* text, const char* port, struct sockaddr_storage* storage) {
    struct sockaddr_in* four = (struct sockaddr_in*)storage;
    struct sockaddr_in6* six = (struct sockaddr_in6*)storage;
    in_port_t number = htons((uint16_t)atoi(port));
    memset(storage, 0, sizeof *storage);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = number;
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = number;
        return sizeof *six;
    }
    return 0;
}

/* Answers the first who calls with what it hears, behind `heard `. */
static void serve(int listener) {
    char text[64] = "heard ";
    int caller = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (caller < 0) {
        fail("accept");
    }
    ssize_t length = read(caller, text + 6, sizeof text - 6);
    if (length < 0 || write(caller, text, (size_t)length + 6) != length + 6) {
        fail("answer");
    }
    _exit(0);
}

int main(int argc, char** argv) {
    struct sockaddr_storage address;
    char answer[64];
    int status = 0;

    socklen_t length = argc == 3 ? parse(argv[1], argv[2], &address) : 0;
    if (length == 0) {
        fputs("talk: not used as the source says\n", stderr);
        return 2;
    }
    int listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, 1) != 0) {
        fail("listen");
    }
    pid_t server = fork();
    if (server == 0) {
        serve(listener);
    }
    int client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || connect(client, (struct sockaddr*)&address, length) != 0) {
        fail("connect");
    }
    if (write(client, "hello", 5) != 5) {
        fail("write");
    }
    ssize_t got = read(client, answer, sizeof answer);
    if (got < 0) {
        fail("read");
    }
    printf("%.*s\n", (int)got, answer);
    waitpid(server, &status, 0);
    return status == 0 ? 0 : 1;
}
