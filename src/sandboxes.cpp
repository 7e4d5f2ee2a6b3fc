// The public functions about sandboxes that have a name: what connects registry, plan and run.
#include <sandbox/registry.hpp>

#include "host/probe.hpp"
#include "plan/enter.hpp"
#include "registry/registry.hpp"
#include "run/joined.hpp"
#include "run/launcher.hpp"
#include "sandboxes.hpp"
#include "spec/escape.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <utility>

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

namespace sandbox {
namespace {

using Clock = std::chrono::steady_clock;

/// Tells when something is added to an entry, or when it is removed.
class EntryWatch {
  public:
    explicit EntryWatch(const registry::Found& found)
        : events_(sys::above_streams(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK))) {
        const std::string path = "/proc/self/fd/" + std::to_string(found.file.get());
        if (!events_ || ::inotify_add_watch(events_.get(), path.c_str(), IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF) < 0) {
            const int error = errno;
            throw Error("cannot wait for " + found.entry.request.name + ": " + std::strerror(error))
                .with_fix(error == EMFILE || error == ENOSPC ? "sudo sysctl fs.inotify.max_user_instances=1024" : "");
        }
    }
    [[nodiscard]] int descriptor() const { return events_.get(); }
    void drain() const {
        char events[4096];
        while (::read(events_.get(), events, sizeof events) > 0) {
        }
    }

  private:
    sys::UniqueFd events_;
};

bool is_removed(const registry::Found& found) {
    struct stat entry {};
    return ::fstat(found.file.get(), &entry) < 0 || entry.st_nlink == 0;
}

// Waits for more in the entry, for the launcher's end, or until the time is up. A launcher that is gone is -1
// afterwards.
void await_news(registry::Found& found, const EntryWatch& watch, std::optional<Clock::time_point> deadline) {
    int patience = -1;
    if (deadline) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
        patience = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    }
    pollfd watched[] = {{watch.descriptor(), POLLIN, 0}, {found.launcher.get(), POLLIN, 0}};
    ::poll(watched, 2, patience);
    if (watched[0].revents != 0) {
        watch.drain();
    }
    if (watched[1].revents != 0) {
        found.launcher.reset();
    }
    registry::read_again(found);
}

bool is_over(const registry::Found& found) {
    return found.entry.ended || is_removed(found) || !found.launcher;
}

// True when it is over before the time is up.
bool await_end(registry::Found& found, const EntryWatch& watch, std::optional<Clock::time_point> deadline) {
    while (!is_over(found)) {
        if (deadline && Clock::now() >= *deadline) {
            return false;
        }
        await_news(found, watch, deadline);
    }
    return true;
}

// The launcher's last word comes a moment before it gives the name away: by removing the entry or, where that is kept,
// by its own end.
void await_release(registry::Found& found, const EntryWatch& watch, Clock::time_point deadline) {
    while (!is_removed(found) && found.launcher && Clock::now() < deadline) {
        await_news(found, watch, deadline);
    }
}

// All of the sandbox is gone when init is: the kernel waits for every process of its pid namespace.
bool await_process(const sys::UniqueFd& process, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd watched{process.get(), POLLIN, 0};
        const int got = ::poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
        if (got > 0) {
            return true;
        }
        if (left <= 0) {
            return false;
        }
    }
}

// A launcher in the foreground sends on what it gets, and knows what its command's process 1 would do by default. The
// launcher of a library has other things to do: there the command gets it.
void ask_to_end(const registry::Found& found) {
    if (found.entry.request.foreground && found.launcher) {
        sys::pidfd_send_signal(found.launcher.get(), SIGTERM);
    } else if (found.entry.running) {
        if (const sys::UniqueFd command = registry::open_process(found.entry.running->command)) {
            sys::pidfd_send_signal(command.get(), SIGTERM);
        }
    }
}

// The command, so that init can say how it ended; init, should that not be enough; before there is one, the launcher.
void end_by_force(const registry::Found& found, bool init_as_well) {
    if (!found.entry.running) {
        if (found.entry.request.foreground && found.launcher) {
            sys::pidfd_send_signal(found.launcher.get(), SIGKILL);
        }
        return;
    }
    if (const sys::UniqueFd command = registry::open_process(found.entry.running->command)) {
        sys::pidfd_send_signal(command.get(), SIGKILL);
    }
    if (init_as_well && found.init) {
        sys::pidfd_send_signal(found.init.get(), SIGKILL);
    }
}

constexpr std::chrono::seconds grace{2};  // for a launcher to take note of the end

}  // namespace

// Between its command's exec and its launcher's taking note of it, somebody may have heard of it already.
std::optional<registry::Found> find_started(const std::string& name) {
    constexpr std::chrono::seconds patience{10};
    std::optional<registry::Found> found = registry::find_any(name);
    if (found && !found->entry.running && !found->entry.ended) {
        const EntryWatch watch(*found);
        registry::read_again(*found);
        const Clock::time_point deadline = Clock::now() + patience;
        while (!found->entry.running && !is_over(*found) && Clock::now() < deadline) {
            await_news(*found, watch, deadline);
        }
    }
    // What ran when it was looked at is not looked at again.
    return found && registry::is_running(*found) ? std::move(found) : registry::find_running(name);
}

std::vector<NamedSandbox> list() {
    std::vector<NamedSandbox> sandboxes;
    for (const registry::Found& found : registry::running_sandboxes()) {
        sandboxes.push_back(registry::sandbox_of(found.entry));
    }
    return sandboxes;
}

std::optional<NamedSandbox> find(const std::string& name) {
    const std::optional<registry::Found> found = find_started(name);
    return found ? std::optional(registry::sandbox_of(found->entry)) : std::nullopt;
}

bool stop(const std::string& name, std::chrono::milliseconds patience) {
    std::optional<registry::Found> found = registry::find_any(name);
    if (!found || found->entry.ended) {
        return false;
    }
    const Clock::time_point deadline = Clock::now() + patience;
    const EntryWatch watch(*found);
    ask_to_end(*found);
    if (!await_end(*found, watch, deadline)) {
        end_by_force(*found, false);
        if (!await_end(*found, watch, Clock::now() + grace)) {
            end_by_force(*found, true);
        }
    }
    if (found->entry.running && !found->init) {
        found->init = registry::open_process(found->entry.running->init);
    }
    if (found->init && !await_process(found->init, Clock::now() + patience + grace)) {
        throw Error("cannot stop " + name + ": its init, process " + std::to_string(found->entry.running->init.pid) +
                    ", does not end")
            .with_fix(
                "look at what it waits for: a process inside may be traced, or wait for a file system that does "
                "not answer");
    }
    await_release(*found, watch, Clock::now() + grace);
    return true;
}

std::optional<Outcome> wait(const std::string& name) {
    std::optional<registry::Found> found = registry::find_any(name);
    if (!found) {
        return std::nullopt;
    }
    const EntryWatch watch(*found);
    registry::read_again(*found);
    (void)await_end(*found, watch, std::nullopt);
    registry::read_again(*found);  // what its launcher wrote last
    if (found->entry.ended) {
        registry::forget(*found);
        return found->entry.ended;
    }
    return found->entry.running ? std::optional(Outcome{}) : std::nullopt;
}

Process enter(const std::string& name, const EnterSpec& spec) {
    const std::optional<registry::Found> found = find_started(name);
    if (!found) {
        throw Error("cannot enter " + spec::escaped(name) + ": no sandbox of that name runs")
            .with_fix("sandbox list shows those that do");
    }
    run::Settings settings;
    settings.foreground = spec.foreground;
    settings.trace = spec.trace;
    settings.joined = run::open_namespaces(*found);
    const host::Facts facts = host::probe({.surroundings = false});
    return run::start(plan::build_entering(spec, found->entry, facts), std::move(settings));
}

}  // namespace sandbox
