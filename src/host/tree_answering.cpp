#include "host/tree_answering.hpp"

#include "spec/paths.hpp"
#include "sys/killable.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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

struct Question {
    const char* directory;
    const char* entry;
};

// What the plan is going to ask.
int rehearse(const void* argument) noexcept {
    const auto* question = static_cast<const Question*>(argument);
    struct statx found {};
    ::statx(AT_FDCWD, question->entry, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &found);
    const int listed = ::open(question->directory, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    char names[4096];
    ::syscall(SYS_getdents64, listed, names, sizeof names);
    return 0;
}

bool answers(const std::string& directory, const std::string& name) {
    const std::string entry = spec::join(directory, name) + (name == "." ? "/." : "");
    const Question question{directory.c_str(), entry.c_str()};
    // With nobody to send it is as if there were no doubt.
    return sys::run_killable(patience_ms, rehearse, &question).has_value();
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
        throw Silent(path, silent->text());
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
        result.link = silent->text();
        return result;
    }
    return tree_.resolve(path, rule);
}

std::optional<std::vector<Entry>> TreeAnswering::list(const std::string& path) const {
    check(path, Last::entered);
    return tree_.list(path);
}

std::optional<std::vector<std::string>> TreeAnswering::names(const std::string& path) const {
    check(path, Last::entered);
    return tree_.names(path);
}

std::string TreeAnswering::read(const std::string& root, const std::string& path) const {
    check(spec::join(root, path.substr(path.find_first_not_of('/'))), Last::followed);
    return tree_.read(root, path);
}

std::optional<std::string> TreeAnswering::silent(const std::string& path) const {
    const std::optional<Mount> mount = silent_on(path, Last::entered);
    return mount ? std::optional(mount->text()) : std::nullopt;
}

}  // namespace sandbox::host
