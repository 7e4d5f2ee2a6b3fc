#include "run/id_mapped.hpp"

#include "host/mountinfo.hpp"
#include "host/tree.hpp"
#include "run/child/walk.hpp"
#include "run/failure.hpp"
#include "run/id_maps.hpp"
#include "run/intermediate.hpp"
#include "spec/paths.hpp"
#include "sys/blocked_signals.hpp"
#include "sys/clone.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <set>

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

namespace sandbox::run {

struct IdMappedTrees::Shown {
    std::size_t step;
    const plan::BindMount& bind;
    const plan::IdMapped& owners;
};

namespace {

constexpr unsigned clone_mount = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT;

// Interfaces of the kernel: what is in them is nobody's file.
constexpr std::array kernel_types = {
    "proc",    "sysfs",      "cgroup",    "cgroup2",     "debugfs", "tracefs",  "securityfs",
    "bpf",     "configfs",   "pstore",    "efivarfs",    "autofs",  "devtmpfs", "devpts",
    "fusectl", "rpc_pipefs", "selinuxfs", "binfmt_misc", "nsfs",
};

std::uint64_t attribute_bits(const plan::MountAttributes& attributes) {
    return (attributes.read_only ? std::uint64_t{MOUNT_ATTR_RDONLY} : 0) |
           (attributes.nosuid ? std::uint64_t{MOUNT_ATTR_NOSUID} : 0) |
           (attributes.nodev ? std::uint64_t{MOUNT_ATTR_NODEV} : 0) |
           (attributes.noexec ? std::uint64_t{MOUNT_ATTR_NOEXEC} : 0);
}

// Private: what is mounted on it inside must not appear on the host, whose mounts it is a copy of. Returns an errno.
int settle(const sys::UniqueFd& tree, std::uint64_t bits, unsigned flags, int user_namespace) {
    mount_attr attributes{};
    attributes.attr_set = bits | (user_namespace >= 0 ? std::uint64_t{MOUNT_ATTR_IDMAP} : 0);
    attributes.propagation = MS_PRIVATE;
    attributes.userns_fd = user_namespace >= 0 ? static_cast<std::uint64_t>(user_namespace) : 0;
    return sys::mount_setattr(tree.get(), "", AT_EMPTY_PATH | flags, attributes) < 0 ? errno : 0;
}

sys::UniqueFd clone_tree(const std::string& path, unsigned flags) {
    return sys::above_streams(sys::open_tree(AT_FDCWD, path.c_str(), clone_mount | flags));
}

// A mount by the path that mountinfo has for it, in which there is no symbolic link: whoever owns a directory above may
// have put one there since, to have another place of the host shown.
sys::UniqueFd clone_mount_at(const std::string& place) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const sys::UniqueFd found(sys::above_streams(sys::openat2(AT_FDCWD, place.c_str(), how)));
    struct statx entry {};
    if (!found ||
        ::statx(found.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &entry) < 0 ||
        (entry.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) {
        return {};
    }
    return sys::above_streams(sys::open_tree(found.get(), "", clone_mount | AT_EMPTY_PATH));
}

// What the launcher saw when it planned. Returns an errno.
int recognise(const sys::UniqueFd& found, const plan::Source& source) {
    plan::FileId now;
    const int error = found ? identify(found.get(), now) : errno;
    return error != 0 ? error : now == source.expected ? 0 : ESTALE;
}

bool is_gone_alone(const plan::BindMount& bind) {
    const std::string directory = bind.source.path.substr(0, bind.source.path.rfind('/') + 1);
    const sys::UniqueFd above(sys::above_streams(::open(directory.c_str(), O_PATH | O_CLOEXEC)));
    plan::FileId now;
    return above && identify(above.get(), now) == 0 && bind.beside == now;
}

// The real path of a source, as the one that was recognised has it; empty where it is another one by now.
std::string path_of(const plan::Source& source) {
    const sys::UniqueFd found(sys::above_streams(::open(source.path.c_str(), O_PATH | O_CLOEXEC)));
    if (recognise(found, source) != 0) {
        return {};
    }
    char text[PATH_MAX];
    const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(found.get())).c_str(), text, sizeof text);
    return length > 0 && text[0] == '/' ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

std::vector<host::MountEntry> host_mounts() {
    return host::parse_mountinfo(host::read_text("/proc/self/mountinfo"));
}

std::string type_of(const std::vector<host::MountEntry>& mounts, const std::string& path) {
    const host::MountEntry* holder = nullptr;
    for (const host::MountEntry& mount : mounts) {
        if (spec::is_below_or_same(path, mount.target) &&
            (holder == nullptr || mount.target.size() >= holder->target.size())) {
            holder = &mount;
        }
    }
    return holder == nullptr ? "unknown" : holder->type;
}

// Nothing but system calls: it may be the child of a process with threads. It ends with the launcher.
[[noreturn]] void wait_to_be_killed(int launcher) {
    pollfd watched{launcher, POLLIN, 0};
    ::poll(&watched, 1, -1);
    ::_exit(0);
}

// A user namespace exists with a process in it, or with a descriptor of it: the process is ended. Returns an errno.
int make_user_namespace(const std::string& users, const std::string& groups, int self, sys::UniqueFd& made) {
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_NEWUSER | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    pid_t child = -1;
    int error = 0;
    {
        const sys::BlockedSignals blocked;
        child = sys::clone_process(arguments);
        error = child < 0 ? errno : 0;
        if (child == 0) {
            wait_to_be_killed(self);
        }
    }
    if (error != 0) {
        return error;
    }
    const sys::UniqueFd process(sys::above_streams(pidfd));
    const std::string path = "/proc/" + std::to_string(child);
    const sys::UniqueFd directory(sys::above_streams(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    error = directory ? write_map_file(directory.get(), "uid_map", users) : errno;
    if (error == 0) {
        error = write_map_file(directory.get(), "gid_map", groups);
    }
    if (error == 0) {
        made = sys::above_streams(::openat(directory.get(), "ns/user", O_RDONLY | O_CLOEXEC));
        error = made ? 0 : errno;
    }
    ::kill(child, SIGKILL);
    reap(child);
    return error;
}

Error no_owners(const plan::Plan& plan, std::size_t step, const std::string& asked, const std::string& path,
                const std::string& type) {
    return Error((asked.empty() ? "" : asked + ": ") + "cannot show " + path + " with its owners: its file system (" +
                 type + ") cannot be mounted with other ids")
        .at({static_cast<unsigned>(step) + 1, plan::step_name(plan.steps[step]), plan::step_subject(plan.steps[step]),
             EINVAL})
        .with_fix("--map-users real, with which root inside is root of the host; or start it as an ordinary user");
}

// Room for many trees: their descriptors lie above the limit, which holds for new ones alone.
class ManyDescriptors {
  public:
    ManyDescriptors() {
        rlimit raised{};
        if (::getrlimit(RLIMIT_NOFILE, &former_) == 0) {
            raised = {former_.rlim_max, former_.rlim_max};
            ::setrlimit(RLIMIT_NOFILE, &raised);
        }
    }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &former_); }

    /// Out of the way of what is opened below the former limit.
    [[nodiscard]] sys::UniqueFd aside(sys::UniqueFd fd) const {
        if (former_.rlim_cur >= former_.rlim_max) {
            return fd;
        }
        sys::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, static_cast<int>(former_.rlim_cur)));
        return high ? std::move(high) : std::move(fd);
    }

  private:
    rlimit former_{};
};

}  // namespace

std::vector<plan::IdExtent> owner_map(const plan::IdExtent& block, std::uint32_t owner, std::uint32_t command) {
    std::vector<plan::IdExtent> map;
    const auto plain = [&](std::uint32_t from, std::uint32_t to) {
        if (from < to) {
            map.push_back({from, block.outside + from, to - from});
        }
    };
    const std::uint32_t low = std::min(owner, command);
    const std::uint32_t high = std::max(owner, command);
    if (low == high) {
        plain(0, block.count);
    } else if (high < block.count) {
        plain(0, low);
        map.push_back({low, block.outside + high, 1});
        plain(low + 1, high);
        map.push_back({high, block.outside + low, 1});
        plain(high + 1, block.count);
    } else {
        plain(0, command);
        plain(command + 1, block.count);
        map.push_back({owner, block.outside + command, 1});
    }
    return map;
}

IdMappedTrees::IdMappedTrees(const plan::Plan& plan, int self) : plan_(plan), self_(self) {
    if (plan.id_mapped.empty()) {
        return;
    }
    const ManyDescriptors many;
    for (std::size_t step = 0; step < plan.steps.size(); ++step) {
        const auto* overlay = std::get_if<plan::MountOverlay>(&plan.steps[step]);
        const auto* bind = overlay != nullptr ? &overlay->lower : std::get_if<plan::BindMount>(&plan.steps[step]);
        if (bind != nullptr && bind->id_mapped >= 0) {
            const Shown shown{step, *bind, plan.id_mapped.at(static_cast<std::size_t>(bind->id_mapped))};
            if (overlay == nullptr) {
                make(shown);
            } else if (!overlay->hollow) {
                make_lower(shown);
            }
            for (std::size_t layer = 0; overlay != nullptr && layer < overlay->layers.size(); ++layer) {
                const plan::BindMount& over = overlay->layers[layer];
                make_lower({step, over, plan.id_mapped.at(static_cast<std::size_t>(over.id_mapped))});
            }
            if (overlay != nullptr && overlay->written) {
                make_written({step, *overlay->written, shown.owners});
            }
            for (; aside_ < trees_.size(); ++aside_) {
                trees_[aside_] = many.aside(std::move(trees_[aside_]));
                parts_[aside_].tree = trees_[aside_].get();
            }
        }
    }
}

int IdMappedTrees::user_namespace(const Shown& shown) {
    const plan::CommandIds& ids = plan_.command_ids;
    std::uint32_t user = ids.setup_user;
    std::uint32_t group = ids.setup_group;
    if (!shown.owners.plain) {
        const plan::Source& top = shown.owners.top;
        const sys::UniqueFd directory(sys::above_streams(::open(top.path.c_str(), O_PATH | O_CLOEXEC)));
        struct statx entry {};
        const int error = recognise(directory, top);
        if (error != 0 ||
            ::statx(directory.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_UID | STATX_GID, &entry) < 0) {
            throw step_failure(plan_, shown.step, error != 0 ? error : errno);
        }
        // The group of root's files, which may be any, stays what it is.
        if (entry.stx_uid != user) {
            user = entry.stx_uid;
            group = entry.stx_gid;
        }
    }
    const std::string users = plan::map_text(owner_map(plan_.setup_maps.users.front(), user, ids.setup_user));
    const std::string groups = plan::map_text(owner_map(plan_.setup_maps.groups.front(), group, ids.setup_group));
    sys::UniqueFd& made = user_namespaces_[{users, groups}];
    if (!made) {
        if (const int error = make_user_namespace(users, groups, self_, made); error != 0) {
            throw stage_failure(plan_, Stage::id_mapped, error);
        }
    }
    return made.get();
}

void IdMappedTrees::add(const Shown& shown, sys::UniqueFd tree, const std::string& below) {
    trees_.push_back(std::move(tree));
    places_.push_back(below);
    parts_.push_back({&shown.bind, trees_.back().get(), places_.back().c_str()});
}

void IdMappedTrees::make(const Shown& shown) {
    const int owners = user_namespace(shown);
    sys::UniqueFd tree = clone_tree(shown.bind.source.path, AT_RECURSIVE);
    int error = recognise(tree, shown.bind.source);
    if (error == ENOENT && is_gone_alone(shown.bind)) {
        return;
    }
    if (error == 0) {
        error = settle(tree, attribute_bits(shown.bind.attributes), AT_RECURSIVE, owners);
        if (error == EINVAL || error == EPERM) {
            make_one_by_one(shown, owners);
            return;
        }
    }
    if (error != 0) {
        throw step_failure(plan_, shown.step, error);
    }
    add(shown, std::move(tree), {});
}

// What is mounted below has an overlay of its own. Where that cannot be idmapped, its files are nobody's, and stay as
// they are.
void IdMappedTrees::make_lower(const Shown& shown) {
    sys::UniqueFd tree = clone_tree(shown.bind.source.path, 0);
    int error = recognise(tree, shown.bind.source);
    if (error == 0) {
        error = settle(tree, 0, 0, user_namespace(shown));
        const std::string& path = shown.bind.source.path;
        if ((error == EINVAL || error == EPERM) && path == shown.owners.top.path) {
            throw no_owners(plan_, shown.step, shown.owners.top.asked, path,
                            type_of(host_mounts(), path_of(shown.bind.source)));
        }
        error = error == EINVAL || error == EPERM ? settle(tree, 0, 0, -1) : error;
    }
    if (error != 0) {
        throw step_failure(plan_, shown.step, error);
    }
    add(shown, std::move(tree), shown.bind.target);
}

// What is written there belongs to whom it would belong to in the lower directory.
void IdMappedTrees::make_written(const Shown& shown) {
    sys::UniqueFd tree = clone_tree(shown.bind.source.path, 0);
    int error = recognise(tree, shown.bind.source);
    error = error == 0 ? settle(tree, 0, 0, user_namespace(shown)) : error;
    if (error == EINVAL || error == EPERM) {
        throw no_owners(plan_, shown.step, shown.bind.source.asked, shown.bind.source.path,
                        type_of(host_mounts(), path_of(shown.bind.source)));
    }
    if (error != 0) {
        throw step_failure(plan_, shown.step, error);
    }
    add(shown, std::move(tree), shown.bind.target);
}

// One of the mounts is of a kind that cannot be idmapped, and the kernel does all of them or none.
void IdMappedTrees::make_one_by_one(const Shown& shown, int user_namespace) {
    const std::vector<host::MountEntry> mounts = host_mounts();
    const std::string canonical = path_of(shown.bind.source);
    sys::UniqueFd tree = clone_tree(shown.bind.source.path, 0);
    if (const int error = recognise(tree, shown.bind.source); error != 0 || canonical.empty()) {
        throw step_failure(plan_, shown.step, error != 0 ? error : ESTALE);
    }
    // A part of what was asked for may be a mount of its own, and is no more then than what is mounted below it.
    const bool part = shown.bind.source.path != shown.owners.top.path &&
                      std::ranges::any_of(mounts, [&](const auto& mount) { return mount.target == canonical; });
    add_single(shown, user_namespace, part, std::move(tree), canonical, type_of(mounts, canonical));
    std::set<std::string> places;
    for (const host::MountEntry& mount : mounts) {
        if (mount.target != canonical && spec::is_below_or_same(mount.target, canonical)) {
            places.insert(mount.target);
        }
    }
    for (const std::string& place : places) {  // in this order: what is above comes first
        // Out of sight, or not to be copied: a recursive clone leaves it out, too.
        if (sys::UniqueFd mount = clone_mount_at(place)) {
            add_single(shown, user_namespace, true, std::move(mount), place, type_of(mounts, place),
                       place.substr(canonical == "/" ? 0 : canonical.size()));
        }
    }
}

// What cannot be idmapped is an error where it was asked for. What comes along is shown as it is, nobody's inside:
// nothing of it is open that is not open to all - and read-only, as what is made there would belong to no user of the
// host.
void IdMappedTrees::add_single(const Shown& shown, int user_namespace, bool part, sys::UniqueFd tree,
                               const std::string& path, const std::string& type, const std::string& rest) {
    const std::uint64_t bits = attribute_bits(shown.bind.attributes);
    if (settle(tree, bits, 0, user_namespace) != 0) {
        if (!part && !shown.owners.optional && std::ranges::find(kernel_types, type) == kernel_types.end()) {
            throw no_owners(plan_, shown.step, shown.owners.top.asked, path, type);
        }
        if (const int error = settle(tree, bits | (part ? MOUNT_ATTR_RDONLY : 0), 0, -1); error != 0) {
            throw step_failure(plan_, shown.step, error);
        }
    }
    add(shown, std::move(tree), rest);
}

}  // namespace sandbox::run
