// A36 to A38: what the launcher is started with.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "attack/attack.hpp"
#include "support/text.hpp"
#include "sys/fd.hpp"

namespace sandbox_attack {
namespace {

using sandbox_test::Result;
using Start = sandbox_test::SandboxTest;

std::vector<std::string> both(std::vector<std::string> options, const Setting& setting) {
    options.insert(options.end(), setting.options.begin(), setting.options.end());
    return options;
}

/// Neither works nor says why not.
bool is_neither(const Result& result) {
    const bool works = result.exit_status == 0 && result.out == "ran\n";
    const bool says_why = result.exit_status == 125 && sandbox_test::contains(result.err, "sandbox: ");
    return !works && !says_why;
}

TEST_F(Start, A36_WhatTheCallerBrings) {
    Attack attack("A36", "what the launcher inherits");
    const std::vector<std::pair<std::string, std::function<void()>>> conditions{
        {"closed 0-2", [] { close_range(0, 2, 0); }},
        {"three descriptors at most",
         [] {
             const rlimit few{3, 3};
             setrlimit(RLIMIT_NOFILE, &few);
         }},
        {"SIGCHLD ignored", [] { signal(SIGCHLD, SIG_IGN); }},
        {"all signals blocked",
         [] {
             sigset_t all;
             sigfillset(&all);
             sigprocmask(SIG_SETMASK, &all, nullptr);
         }},
        {"umask 0777", [] { umask(0777); }},
        {"no environment", [] { clearenv(); }},
        {"no arguments",
         [] {
             char* const nothing[] = {nullptr};
             execve(sandbox_test::sandbox_binary().c_str(), nothing, nothing);
         }},
    };
    for (const auto& [name, condition] : conditions) {
        attack.make(name, "launcher", [&condition = condition, &name = name](const Setting& setting) {
            const Result result =
                sandbox_test::inside({"echo", "ran"}, {.sandbox = setting.options, .before_exec = condition});
            if (name == "no arguments") {  // a shell, whose input is at its end
                return result.exit_status != 0 && is_neither(result);
            }
            // With 0-2 closed nobody hears what it says.
            return name == "closed 0-2"
                       ? result.exit_status != 0 && result.exit_status != 1 && result.exit_status != 125
                       : is_neither(result);
        });
    }
}

TEST_F(Start, A37_OptionsThatMeanNothing) {
    Attack attack("A37", "options that mean nothing");
    for (const std::vector<std::string>& option : {std::vector<std::string>{"--ro", ""},
                                                   {"--landlock", ""},
                                                   {"--landlock", "perhaps"},
                                                   {"--net", "some"},
                                                   {"--home", "none"},
                                                   {"--uid", "-1"},
                                                   {"--uid", "4294967296"},
                                                   {"--share", "user"},
                                                   {"--share", "mnt"},
                                                   {"--share", "everything"},
                                                   {"--own", "all"},
                                                   {"--allow-namespaces", ""},
                                                   {"--unknown"},
                                                   {"--landloc", "none"},
                                                   {"--net", "none", "--net", "host"},
                                                   {"--only", "net", "--share", "net"},
                                                   {"--rw", directory() / "missing"}}) {
        std::string name;
        for (const std::string& word : option) {
            name += (name.empty() ? "" : " ") + (word.starts_with("/") ? "MISSING" : word.empty() ? "''" : word);
        }
        attack.make(name, "launcher", [&](const Setting& setting) {
            const Result result = sandbox_test::inside({"echo", "ran"}, {.sandbox = both(option, setting)});
            return result.exit_status != 125 || sandbox_test::contains(result.out, "ran");
        });
    }
}

/// Whether somebody has opened the pipe for reading: only then can it be opened for writing.
bool is_opened(const std::string& fifo) {
    const sandbox::sys::UniqueFd writer(open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return static_cast<bool>(writer);
}

TEST_F(Start, A38_SourcesThatAreNoFiles) {
    const std::string fifo = directory() / "fifo";
    const std::string socket_path = directory() / "socket";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    const sandbox::sys::UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(server.get(), 1), 0);
    {
        const sandbox::sys::UniqueFd reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        ASSERT_TRUE(is_opened(fifo)) << "no control";
    }
    Attack attack("A38", "sources that are no files");
    for (const std::string use : {"--ro", "--rw"}) {
        attack.make(use + " a fifo", "launcher", [&](const Setting& setting) {
            const Result result = sandbox_test::inside({"echo", "ran"}, {.sandbox = both({use, fifo}, setting)});
            return is_neither(result) || is_opened(fifo);
        });
        attack.make(use + " a socket", "launcher", [&](const Setting& setting) {
            const Result result = sandbox_test::inside({"echo", "ran"}, {.sandbox = both({use, socket_path}, setting)});
            return is_neither(result) || accept4(server.get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0;
        });
        attack.make(use + " a device", "launcher", [&](const Setting& setting) {
            return is_neither(sandbox_test::inside({"echo", "ran"}, {.sandbox = both({use, "/dev/null"}, setting)}));
        });
    }
}

}  // namespace
}  // namespace sandbox_attack
