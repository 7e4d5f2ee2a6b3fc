/* Receives signals in a chosen way: `signals HOW N...`, where HOW is
 *   catch     a handler; prints `caught N` for each signal
 *   sigwait   blocked, and waited for by sigwait(3)
 *   signalfd  blocked, and read from a signalfd(2)
 *   ignore    ignored
 *   block     blocked, and never looked at
 * Prints `ready` first. The first three exit with 42 after as many signals as were named; the last two print `line` for
 * each line of stdin, to show that they live, and exit with 43 at its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void say(const char* text, int number) {
    char line[64];
    int length =
        number > 0 ? snprintf(line, sizeof line, "%s %d\n", text, number) : snprintf(line, sizeof line, "%s\n", text);
    if (write(STDOUT_FILENO, line, (size_t)length) != length) {
        _exit(1);
    }
}

static volatile sig_atomic_t caught;

static void handle(int number) {
    ++caught;
    say("caught", number);
}

static int next_signal(const sigset_t* set, int signal_descriptor) {
    int number = 0;
    struct signalfd_siginfo info;
    if (signal_descriptor < 0) {
        return sigwait(set, &number) == 0 ? number : -1;
    }
    return read(signal_descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -1;
}

int main(int argc, char** argv) {
    const char* how = argc > 1 ? argv[1] : "";
    const struct rlimit none = {0, 0};
    sigset_t set, nothing;

    setrlimit(RLIMIT_CORE, &none);
    sigemptyset(&set);
    sigemptyset(&nothing);
    for (int i = 2; i < argc; ++i) {
        sigaddset(&set, atoi(argv[i]));
        if (strcmp(how, "catch") == 0) {
            const struct sigaction action = {.sa_handler = handle};
            sigaction(atoi(argv[i]), &action, NULL);
        } else if (strcmp(how, "ignore") == 0) {
            signal(atoi(argv[i]), SIG_IGN);
        }
    }
    if (strcmp(how, "ignore") != 0) {
        /* Also for `catch`: sigsuspend lets them in. */
        sigprocmask(SIG_BLOCK, &set, NULL);
    }
    int signal_descriptor = strcmp(how, "signalfd") == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;

    say("ready", 0);
    if (strcmp(how, "ignore") == 0 || strcmp(how, "block") == 0) {
        char line[256];
        while (fgets(line, sizeof line, stdin) != NULL) {
            say("line", 0);
        }
        return 43;
    }
    if (strcmp(how, "catch") == 0) {
        while (caught < argc - 2) {
            sigsuspend(&nothing);
        }
        return 42;
    }
    for (int i = 2; i < argc; ++i) {
        int number = next_signal(&set, signal_descriptor);
        if (number < 0) {
            return 1;
        }
        say("caught", number);
    }
    return 42;
}
