#include "host/tree_answering.hpp"

#include "spec/paths.hpp"
#include "sys/clone.hpp"
#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

namespace sandbox::host {
namespace {

// A server that has to wake its disks first takes some seconds.
constexpr int patience_ms = 10000;
constexpr int most_links = 40;  // as path_resolution(7) has it

// What somebody else answers for: a program, a server, a daemon.
constexpr std::string_view doubtful_types[] = {"nfs", "nfs4", "cifs",   "smb3",     "smbfs", "9p",    "ceph",
                                               "afs", "coda", "lustre", "orangefs", "gfs2",  "ocfs2", "autofs"};

// `/` answers, or nothing would run. Below /proc there is an autofs on many machines, where nothing of a plan lies.
bool is_doubtful(const MountEntry& mount) {
    const bool by_type =
        mount.type.starts_with("fuse") || std::ranges::find(doubtful_types, mount.type) != std::end(doubtful_types);
    return by_type && mount.target != "/" && !spec::is_below_or_same(mount.target, "/proc");
}

std::string device_text(dev_t device) {
    return std::to_string(major(device)) + ":" + std::to_string(minor(device));
}

// What the plan is going to ask, by system calls alone: the caller may have threads, whose locks this copy has, too.
[[noreturn]] void rehearse(const char* directory, const char* entry) noexcept {
    // It may wait for longer than we live: whoever reads our output must see its end all the same.
    sys::close_range(0, ~0U, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct statx found {};
    ::statx(AT_FDCWD, entry, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &found);
    const int listed = ::open(directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    char names[4096];
    ::syscall(SYS_getdents64, listed, names, sizeof names);
    ::_exit(0);
}

// Nobody can interrupt a system call that waits for a file system, but whoever waits in it can be killed.
bool answers(const std::string& directory, const std::string& name) {
    const std::string entry = spec::join(directory, name) + (name == "." ? "/." : "");
    int pidfd = -1;
    clone_args arguments{};
    arguments.flags = CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    arguments.exit_signal = 0;  // the caller's SIGCHLD is not ours
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = sys::clone_process(arguments);
    if (child == 0) {
        rehearse(directory.c_str(), entry.c_str());
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (child < 0) {
        return true;  // nobody to send: as if there were no doubt
    }
    const sys::UniqueFd process(sys::above_streams(pidfd));
    const auto ended = [&](int milliseconds) {
        pollfd watched{process.get(), POLLIN, 0};
        int got = 0;
        while ((got = ::poll(&watched, 1, milliseconds)) < 0 && errno == EINTR) {
        }
        return got > 0;
    };
    const bool in_time = ended(patience_ms);
    if (!in_time) {
        sys::pidfd_send_signal(process.get(), SIGKILL);
    }
    if (in_time || ended(1000)) {
        ::waitpid(child, nullptr, __WALL);
    }
    return in_time;
}

}  // namespace

bool TreeAnswering::is_needed(const std::vector<MountEntry>& mounts) {
    return std::ranges::any_of(mounts, is_doubtful);
}

TreeAnswering::TreeAnswering(const Tree& tree, const std::vector<MountEntry>& mounts, std::optional<std::string> cwd)
    : tree_(tree), cwd_(std::move(cwd)) {
    for (const MountEntry& mount : mounts) {
        devices_.insert(mount.device);
        if (is_doubtful(mount)) {
            doubtful_.emplace(mount.device, Mount{mount.target, mount.type});
            if (mount.type == "autofs") {
                automounts_.push_back({mount.target, mount.type});
            }
        }
    }
}

const TreeAnswering::Mount* TreeAnswering::automount_above(const std::string& directory) const {
    const auto found = std::ranges::find_if(
        automounts_, [&](const Mount& mount) { return spec::is_below_or_same(directory, mount.target); });
    return found == automounts_.end() ? nullptr : &*found;
}

// Whether a name can be looked for in a directory, `.` for all. An automount is asked for each name: its daemon mounts
// what is named, and what it has mounted is not among the mounts that are known.
std::optional<TreeAnswering::Mount> TreeAnswering::silent_at(const std::string& directory,
                                                             const std::string& name) const {
    if (plain_.contains(directory)) {
        return std::nullopt;
    }
    const std::optional<Entry> there = tree_.look(directory);
    if (!there) {
        return std::nullopt;
    }
    const std::string device = device_text(there->id.device);
    const Mount* mount = nullptr;
    for (auto [at, end] = doubtful_.equal_range(device); at != end; ++at) {
        const bool leads_here = spec::is_below_or_same(directory, at->second.target);
        mount = mount == nullptr || leads_here ? &at->second : mount;
    }
    std::string key = device;
    if (mount == nullptr ? !devices_.contains(device) : mount->type == "autofs") {
        const Mount* automount = automount_above(directory);
        mount = automount == nullptr ? mount : automount;
        key = spec::join(directory, name);
    }
    if (mount == nullptr) {
        plain_.insert(directory);
        return std::nullopt;
    }
    Answer& answer = answers_.emplace(key, Answer::unknown).first->second;
    if (answer == Answer::unknown) {
        answer = answers(directory, name) ? Answer::answers : Answer::silent;
    }
    return answer == Answer::silent ? std::optional(*mount) : std::nullopt;
}

std::optional<TreeAnswering::Mount> TreeAnswering::silent_on(const std::string& path, Last last) const {
    if (!path.starts_with('/') && !cwd_) {
        return std::nullopt;
    }
    const std::string whole = path.starts_with('/') ? path : spec::join(*cwd_, path);
    if (last == Last::left && reached_.contains(spec::parent(whole))) {
        return std::nullopt;
    }
    std::deque<std::string> todo;
    for (std::string& part : spec::components(whole)) {
        todo.push_back(std::move(part));
    }
    std::string at = "/";
    for (int links = 0; !todo.empty();) {
        const std::string part = std::move(todo.front());
        todo.pop_front();
        if (part == "..") {
            at = spec::parent(at);
            continue;
        }
        if (std::optional<Mount> silent = silent_at(at, part)) {
            return silent;
        }
        if (todo.empty() && plain_.contains(at) && at == spec::parent(whole)) {
            reached_.insert(at);
        }
        if (todo.empty() && last == Last::left) {
            return std::nullopt;
        }
        const std::string next = spec::join(at, part);
        if (plain_.contains(next)) {
            at = next;
            continue;
        }
        const std::optional<Entry> entry = tree_.look(next);
        if (!entry || (S_ISLNK(entry->id.type) && ++links > most_links)) {
            return std::nullopt;
        }
        if (!S_ISLNK(entry->id.type)) {
            at = next;
            continue;
        }
        const std::vector<std::string> target = spec::components(entry->link);
        todo.insert(todo.begin(), target.begin(), target.end());
        at = entry->link.starts_with('/') ? "/" : at;
    }
    // A slash at the end wakes an automount, and asks nothing else.
    const bool slash = path.ends_with('/') || path.ends_with("/.");
    return last == Last::entered || (slash && automount_above(at) != nullptr) ? silent_at(at, ".") : std::nullopt;
}

void TreeAnswering::check(const std::string& path, Last last) const {
    if (const std::optional<Mount> silent = silent_on(path, last)) {
        throw Error("cannot look at " + path + ": the file system mounted at " + silent->target + " (" + silent->type +
                    ") does not answer")
            .with_fix("name nothing that leads into it, or unmount it; by --hide " + silent->target +
                      " it is left out");
    }
}

std::optional<Entry> TreeAnswering::look(const std::string& path) const {
    check(path, Last::left);
    return tree_.look(path);
}

std::optional<plan::FileId> TreeAnswering::follow(const std::string& path, int& error) const {
    check(path, Last::followed);
    return tree_.follow(path, error);
}

std::optional<std::string> TreeAnswering::canonical(const std::string& path) const {
    check(path, Last::followed);
    return tree_.canonical(path);
}

Resolution TreeAnswering::resolve(const std::string& path, const LinkRule& rule) const {
    if (const std::optional<Mount> silent = silent_on(path, Last::followed)) {
        Resolution result;
        result.error = ETIMEDOUT;
        result.link = silent->target + " (" + silent->type + ")";
        return result;
    }
    return tree_.resolve(path, rule);
}

std::optional<std::vector<Entry>> TreeAnswering::list(const std::string& path) const {
    check(path, Last::entered);
    return tree_.list(path);
}

std::string TreeAnswering::read(const std::string& root, const std::string& path) const {
    check(spec::join(root, path.substr(path.find_first_not_of('/'))), Last::followed);
    return tree_.read(root, path);
}

}  // namespace sandbox::host
