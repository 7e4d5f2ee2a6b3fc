#include "run/joined.hpp"

#include "spec/namespaces.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstring>
#include <string>

#include <linux/nsfs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

namespace sandbox::run {
namespace {

Error ended(const std::string& name) {
    return Error("cannot enter " + name + ": it is ending").with_fix("sandbox list shows what runs");
}

bool is_alive(const sys::UniqueFd& process) {
    pollfd watched{process.get(), POLLIN, 0};
    return process && ::poll(&watched, 1, 0) == 0;
}

std::uint64_t inode_of(int fd) {
    struct stat entry {};
    return ::fstat(fd, &entry) == 0 ? entry.st_ino : 0;
}

sys::UniqueFd parent_of(const sys::UniqueFd& userns) {
    return sys::above_streams(userns ? ::ioctl(userns.get(), NS_GET_PARENT) : -1);
}

}  // namespace

std::uint64_t own_inode(const char* kind) {
    struct stat entry {};
    return ::stat((std::string("/proc/self/ns/") + kind).c_str(), &entry) == 0 ? entry.st_ino : 0;
}

JoinProgram join_program(const JoinedNamespaces& namespaces, NamespaceSet owned) {
    JoinProgram program;
    const auto add = [&](int fd) {
        if (fd >= 0) {
            program.all[program.count++] = fd;
        }
    };
    const auto add_kinds = [&](bool inherited, bool of_guest) {
        for (const spec::NamespaceRow& row : spec::namespace_table) {
            if (row.kind != Namespace::user && namespaces.inherited.contains(row.kind) == inherited &&
                owned.contains(row.kind) == of_guest) {
                add(namespaces.kinds.at(static_cast<std::size_t>(row.kind)).get());
            }
        }
    };
    add(namespaces.owner.get());
    add_kinds(true, false);
    add(namespaces.setup.get());
    add_kinds(false, false);
    program.of_setup = program.count;
    add(namespaces.kinds.at(static_cast<std::size_t>(Namespace::user)).get());
    add_kinds(false, true);
    return program;
}

JoinedNamespaces open_namespaces(const registry::Found& found) {
    const std::string& name = found.entry.request.name;
    const registry::Running& running = *found.entry.running;
    const sys::UniqueFd command = registry::open_process(running.command);
    const std::string path = "/proc/" + std::to_string(running.command.pid) + "/ns";
    const sys::UniqueFd directory(sys::above_streams(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    if (!directory || !is_alive(command)) {
        throw ended(name);
    }
    JoinedNamespaces namespaces;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const auto index = static_cast<std::size_t>(row.kind);
        const std::uint64_t known = running.sandbox.namespaces.at(index).inside;
        if (known == 0 || known == own_inode(row.name)) {
            continue;
        }
        sys::UniqueFd fd(sys::above_streams(::openat(directory.get(), row.name, O_RDONLY | O_CLOEXEC)));
        if (!fd) {
            const int error = errno;
            if (!is_alive(command)) {
                throw ended(name);
            }
            throw Error("cannot enter " + name + ": cannot open its " + row.name +
                        " namespace: " + std::strerror(error))
                .with_fix("enter it as the user who started it, from where it was started");
        }
        if (inode_of(fd.get()) != known) {
            throw Error("cannot enter " + name + ": its command has left the " + row.name +
                        " namespace that it was started in")
                .with_fix("leave " + std::string(row.name) + " out of --allow-namespaces and --own");
        }
        namespaces.kinds.at(index) = std::move(fd);
    }
    const sys::UniqueFd& guest = namespaces.kinds.at(static_cast<std::size_t>(Namespace::user));
    namespaces.setup = parent_of(guest);
    if (running.joining.quota_userns) {
        namespaces.setup = parent_of(namespaces.setup);
    }
    namespaces.inherited = running.joining.inherited;
    if (!namespaces.inherited.empty() && namespaces.setup) {
        namespaces.owner = parent_of(namespaces.setup);
        if (namespaces.owner && inode_of(namespaces.owner.get()) == own_inode("user")) {
            namespaces.owner.reset();
        }
    }
    if (!namespaces.setup) {
        throw Error("cannot enter " + name + ": cannot open its setup user namespace: " + std::strerror(errno));
    }
    if (!running.sandbox.cgroup.empty()) {
        // Whoever joins counts in it, and is held by its limits.
        namespaces.cgroup =
            sys::above_streams(::open(running.sandbox.cgroup.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
        if (!namespaces.cgroup && is_alive(command)) {
            throw Error("cannot enter " + name + ": cannot open its cgroup " + running.sandbox.cgroup + ": " +
                        std::strerror(errno));
        }
    }
    if (!is_alive(command)) {
        throw ended(name);
    }
    return namespaces;
}

}  // namespace sandbox::run
