#include "plan/streams.hpp"

#include <sandbox/error.hpp>

#include <array>

#include <fcntl.h>
#include <sys/stat.h>

namespace sandbox::plan {

void check_streams(const host::Facts& facts) {
    static constexpr std::array names = {"standard input (0)", "standard output (1)", "standard error (2)"};
    for (std::size_t fd = 0; fd < names.size(); ++fd) {
        const host::Stream& stream = facts.streams[fd];
        if (!stream.open) {
            continue;
        }
        const bool usual =
            S_ISREG(stream.type) || S_ISCHR(stream.type) || S_ISFIFO(stream.type) || S_ISSOCK(stream.type);
        if (stream.path_only || !usual) {
            throw Error(std::string("cannot pass ") + names[fd] + ": it is " +
                        (S_ISDIR(stream.type) ? "a directory, through which the host's files could be reached"
                         : stream.path_only   ? "open for its path only (O_PATH)"
                                              : "neither a file, a pipe, a terminal nor a socket"))
                .with_fix("redirect it, e.g. " + std::to_string(fd) + (fd == 0 ? "</dev/null" : ">/dev/null"));
        }
    }
}

// What is a terminal outside becomes the command's own; a file or a pipe stays what it is.
void plan_own_terminal(Plan& plan, const Spec& spec, const host::Facts& facts) {
    if (spec.tty != Tty::own) {
        return;
    }
    OwnTerminal terminal;
    bool any = facts.has_terminal;
    for (std::size_t fd = 0; fd < facts.streams.size(); ++fd) {
        terminal.streams[fd] = facts.streams[fd].terminal;
        any = any || facts.streams[fd].terminal;
    }
    if (!any) {
        plan.notes.emplace_back("terminal: the caller has none, so the command has none");
        return;
    }
    terminal.of_host = spec.only.has_value();
    // Some shells make their pipes of sockets.
    terminal.keyboard_shared = S_ISFIFO(facts.streams[1].type) || S_ISSOCK(facts.streams[1].type);
    plan.terminal = terminal;
}

void plan_session(Plan& plan, const Spec& spec, const host::Facts& facts) {
    if (plan.terminal) {
        ProcessGroup group;
        group.own_terminal = true;
        plan.steps.push_back(group);
        plan.listen = plan.command_is_pid1;
        return;
    }
    if (spec.new_session || spec.tty == Tty::own) {
        plan.steps.push_back(NewSession{});
        return;
    }
    // The foreground is taken when the command has the terminal to itself. In `sandbox -- CMD | less` it is less's,
    // too: the command gets it when it asks for it.
    ProcessGroup group;
    const bool alone = facts.streams[0].controlling && facts.streams[1].controlling;
    if (spec.foreground && facts.terminal_foreground && alone) {
        group.terminal = 0;
    }
    plan.steps.push_back(group);
    plan.listen = spec.foreground && facts.has_terminal && plan.command_is_pid1;
}

// A descriptor of a file can do more than it was opened for: one for reading changes mode, times and attributes
// (fchmod(2) and the like ask for the owner and for a writable mount, and the host's is), one for appending can be told
// not to append (F_SETFL). Opened again through /proc/self/fd it has all the rights of the file. No layer forbids all
// of that, so such a file is not handed over: its bytes are.
void plan_relays(Plan& plan, const Spec& spec, const host::Facts& facts) {
    const auto& streams = facts.streams;
    const auto is_file = [&](std::size_t fd) { return streams[fd].open && S_ISREG(streams[fd].type); };
    plan.relayed[0] = is_file(0);
    for (const std::size_t fd : {std::size_t{1}, std::size_t{2}}) {
        if (is_file(fd) && streams[fd].access == O_RDONLY) {
            throw Error("cannot pass a file that is open for reading only as descriptor " + std::to_string(fd) +
                        ": its mode and times could be changed through it")
                .with_fix("redirect it, e.g. " + std::to_string(fd) + ">/dev/null");
        }
        const bool counted = spec.limits.output && streams[fd].open && !(plan.terminal && plan.terminal->streams[fd]);
        plan.relayed[fd] = counted || (is_file(fd) && streams[fd].append);
    }
    plan.errors_with_output = plan.relayed[1] && plan.relayed[2] && streams[1].id == streams[2].id;
}

}  // namespace sandbox::plan
