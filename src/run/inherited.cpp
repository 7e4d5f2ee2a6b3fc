// Which namespaces a new sandbox has from others (Spec::join). See joined.hpp.
#include "run/joined.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace sandbox::run {
namespace {

std::string option(const Join& join) {
    return "--join " + std::string(spec::name(join.kind)) + '=' + spec::escaped(join.from);
}

bool is_same(int one, int other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

sys::UniqueFd ask(int fd, unsigned long what) {
    return sys::above_streams(::ioctl(fd, what));
}

sys::UniqueFd own_userns() {
    return sys::above_streams(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
}

bool may_administer() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    return ::syscall(SYS_capget, &header, &data) == 0 && (data[0].effective >> CAP_SYS_ADMIN & 1U) != 0;
}

// Capabilities over a user namespace has who made it, and who has them in one above (user_namespaces(7)): what counts
// is the owner of the one right below the caller's.
bool is_made_by_caller(sys::UniqueFd userns, const sys::UniqueFd& own) {
    for (int depth = 0; depth < 32; ++depth) {  // the kernel nests no deeper
        sys::UniqueFd parent = ask(userns.get(), NS_GET_PARENT);
        if (!parent) {
            return false;
        }
        if (is_same(parent.get(), own.get())) {
            uid_t owner = 0;
            return ::ioctl(userns.get(), NS_GET_OWNER_UID, &owner) == 0 && owner == ::geteuid();
        }
        userns = std::move(parent);
    }
    return false;
}

void add(InheritedNamespaces& namespaces, const Join& join, sys::UniqueFd kind, sys::UniqueFd owner) {
    const sys::UniqueFd own = own_userns();
    const bool below = !is_same(owner.get(), own.get());
    sys::UniqueFd copy = sys::above_streams(::fcntl(owner.get(), F_DUPFD_CLOEXEC, 3));
    if (!may_administer() && (!below || !copy || !is_made_by_caller(std::move(copy), own))) {
        throw Error(option(join) + ": that namespace belongs to " +
                    (below ? "a user namespace that somebody else has made"
                           : "the user namespace that the caller is in, which asks for CAP_SYS_ADMIN there"))
            .with_fix("join one of a sandbox of your own: sandbox list shows them");
    }
    bool first = true;
    for (const sys::UniqueFd& other : namespaces.kinds) {
        first = first && !other;
    }
    if (!first &&
        (below != static_cast<bool>(namespaces.owner) || (below && !is_same(owner.get(), namespaces.owner.get())))) {
        throw Error(option(join) + ": that namespace belongs to another user namespace than those of the other --join")
            .with_fix("join namespaces of one sandbox");
    }
    namespaces.kinds.at(static_cast<std::size_t>(join.kind)) = std::move(kind);
    if (below) {
        namespaces.owner = std::move(owner);
    }
}

sys::UniqueFd owner_of(const Join& join, const sys::UniqueFd& kind) {
    sys::UniqueFd owner = ask(kind.get(), NS_GET_USERNS);
    if (!owner) {
        throw Error(option(join) +
                    ": that namespace is not the caller's to join: it belongs to a user namespace that "
                    "is not below the caller's")
            .with_fix("join one of a sandbox of your own: sandbox list shows them");
    }
    return owner;
}

}  // namespace

void add_inherited(InheritedNamespaces& namespaces, const Join& join, const registry::Found& found) {
    JoinedNamespaces all = open_namespaces(found);
    sys::UniqueFd kind = std::move(all.kinds.at(static_cast<std::size_t>(join.kind)));
    if (!kind) {
        throw Error(option(join) + ": that sandbox has no " + std::string(spec::name(join.kind)) +
                    " namespace of its own")
            .with_fix(join.kind == Namespace::net ? "--net host" : "--share " + std::string(spec::name(join.kind)));
    }
    // What the guest's user namespace owns is reached from the setup one, too, in which no quota counts.
    sys::UniqueFd owner = owner_of(join, kind);
    if (is_same(owner.get(), all.kinds.at(static_cast<std::size_t>(Namespace::user)).get())) {
        owner = std::move(all.setup);
    }
    const registry::Running& running = *found.entry.running;
    if (running.joining.private_ids && !running.sandbox.users.empty() && !running.sandbox.groups.empty()) {
        namespaces.root = {running.sandbox.users.front().outside, running.sandbox.groups.front().outside};
    }
    add(namespaces, join, std::move(kind), std::move(owner));
}

void add_inherited(InheritedNamespaces& namespaces, const Join& join) {
    // Not opened before it is known to be one: a fifo would wait.
    const sys::UniqueFd place(sys::above_streams(::open(join.from.c_str(), O_PATH | O_CLOEXEC)));
    if (!place) {
        throw Error(option(join) + ": " + std::strerror(errno)).with_fix("/proc/PID/ns/net, or /run/netns/NAME");
    }
    struct statfs about {};
    const bool is_namespace = ::fstatfs(place.get(), &about) == 0 && about.f_type == NSFS_MAGIC;
    sys::UniqueFd kind;
    if (is_namespace) {
        kind =
            sys::above_streams(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_CLOEXEC));
    }
    if (!kind) {
        throw Error(option(join) + ": not a namespace").with_fix("/proc/PID/ns/net, or /run/netns/NAME");
    }
    const int type = ::ioctl(kind.get(), NS_GET_NSTYPE);
    if (type < 0 || static_cast<std::uint64_t>(type) != spec::row(join.kind).clone_flag) {
        throw Error(option(join) + ": a namespace, but not of that kind")
            .with_fix("name the file of a " + std::string(spec::name(join.kind)) + " namespace");
    }
    sys::UniqueFd owner = owner_of(join, kind);
    add(namespaces, join, std::move(kind), std::move(owner));
}

}  // namespace sandbox::run
