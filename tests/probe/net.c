/* Tries to reach somebody: `net connect ADDRESS PORT`, `net listen ADDRESS PORT`, `net connect-unix NAME` (a path, or
 * @NAME for an abstract one). Prints `done`, or the name of the errno. ADDRESS is numeric, IPv4 or IPv6. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t internet_address(const char* text, const char* port, struct sockaddr_storage* storage) {
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

static socklen_t unix_address(const char* name, struct sockaddr_storage* storage) {
    struct sockaddr_un* address = (struct sockaddr_un*)storage;
    size_t length = strlen(name);
    memset(storage, 0, sizeof *storage);
    if (length >= sizeof address->sun_path) {
        return 0;
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length);
    if (name[0] == '@') {
        address->sun_path[0] = '\0';
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '@' ? 0 : 1));
}

int main(int argc, char** argv) {
    struct sockaddr_storage address;
    const char* what = argc > 1 ? argv[1] : "";
    int listens = strcmp(what, "listen") == 0;
    int one = 1;
    socklen_t length = 0;

    if (strcmp(what, "connect-unix") == 0 && argc == 3) {
        length = unix_address(argv[2], &address);
    } else if (argc == 4) {
        length = internet_address(argv[2], argv[3], &address);
    }
    if (length == 0) {
        fputs("net: not used as the source says\n", stderr);
        return 2;
    }
    int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    int result = descriptor < 0 ? -1
                 : listens      ? bind(descriptor, (struct sockaddr*)&address, length)
                                : connect(descriptor, (struct sockaddr*)&address, length);
    if (result == 0 && listens) {
        result = listen(descriptor, 1);
    }
    puts(result == 0 ? "done" : strerrorname_np(errno));
    return result == 0 ? 0 : 1;
}
