#include "host/cgroups.hpp"

#include "host/tree.hpp"
#include "spec/paths.hpp"
#include "sys/fd.hpp"
#include "sys/interface_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox::host {
namespace {

bool is_there(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) == 0;
}

// By its directory, one after the other upwards, and not by names: those may lead elsewhere meanwhile.
class Cgroup {
  public:
    explicit Cgroup(int directory) : directory_(directory) {}
    [[nodiscard]] Cgroup above() const { return Cgroup(::openat(directory_.get(), "..", path_only)); }
    /// It may be above the mount's root, or something else may be mounted there.
    [[nodiscard]] bool is_one() const {
        struct statfs system {};
        return directory_ && ::fstatfs(directory_.get(), &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
    }
    [[nodiscard]] bool has(const char* name) const {
        return ::faccessat(directory_.get(), name, F_OK, AT_EACCESS) == 0;
    }
    [[nodiscard]] bool may_write(const char* name) const {
        return ::faccessat(directory_.get(), name, W_OK, AT_EACCESS) == 0;
    }
    [[nodiscard]] std::vector<std::string> words(const char* name) const {
        return words_of(sys::read_interface(directory_.get(), name));
    }

    static constexpr int path_only = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

  private:
    sys::UniqueFd directory_;
};

// user.delegate since systemd 251; before, trusted.delegate, which root alone can read.
bool is_handed_over(const std::string& unit) {
    char value = 0;
    return (::getxattr(unit.c_str(), "user.delegate", &value, 1) == 1 && value == '1') ||
           (::getxattr(unit.c_str(), "trusted.delegate", &value, 1) == 1 && value == '1');
}

// The user's manager marks nothing. Of a unit that it was asked for, as systemd-run(1) does, it has a file that says
// it. Others of its units are not known: a scope is made for who runs in one.
bool is_handed_over_by_user_manager(const std::string& unit) {
    const std::string uid = std::to_string(::geteuid());
    return unit.find("/user@" + uid + ".service/") != std::string::npos &&
           hands_over(read_text("/run/user/" + uid + "/systemd/transient/" + unit.substr(unit.rfind('/') + 1)));
}

bool has_handed_out(const CgroupLevel& level, const std::vector<std::string>& controllers) {
    return level.usable && std::ranges::all_of(controllers, [&](const std::string& name) {
               return std::ranges::find(level.enabled, name) != level.enabled.end();
           });
}

CgroupLevel look(const Cgroup& cgroup, std::string path, const Controllers& wanted) {
    CgroupLevel level;
    level.path = std::move(path);
    // Who moves a process asks the cgroup above both; which is this one, as the caller is in it or below.
    level.usable =
        cgroup.may_write(".") && cgroup.may_write("cgroup.procs") && cgroup.may_write("cgroup.subtree_control");
    level.root = !cgroup.has("cgroup.type");
    if (level.usable || level.root) {  // what the root lacks nobody below has
        level.controllers = cgroup.words("cgroup.controllers");
    }
    if (!level.usable) {
        return level;
    }
    level.enabled = cgroup.words("cgroup.subtree_control");
    if (wanted && has_handed_out(level, *wanted)) {
        return level;  // whatever is in it
    }
    const std::vector<std::string> processes = cgroup.words("cgroup.procs");
    level.inhabited = !processes.empty();
    level.alone = processes.size() == 1 && processes.front() == std::to_string(::getpid());
    return level;
}

// Where the manager listens that systemd-run(1) asks.
bool has_manager(bool user) {
    if (!user) {
        return is_there("/run/systemd/private");
    }
    const char* const directory = std::getenv("XDG_RUNTIME_DIR");
    return directory != nullptr && is_there(std::string(directory) + "/systemd/private");
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
    constexpr std::string_view blanks = " \t\n";
    std::vector<std::string> words;
    for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(blanks, end);
    }
    return words;
}

bool hands_over(std::string_view unit_file) {
    constexpr std::string_view key = "\nDelegate=";
    const std::size_t at = unit_file.rfind(key);
    if (at == std::string_view::npos) {
        return false;
    }
    const std::string_view behind = unit_file.substr(at + key.size());
    const std::string_view value = behind.substr(0, behind.find('\n'));
    return !value.empty() && value != "no" && value != "false" && value != "off" && value != "0";
}

std::string parse_own_cgroup(std::string_view text) {
    constexpr std::string_view version_2 = "0::";
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        if (line.starts_with(version_2)) {
            return std::string(line.substr(version_2.size()));
        }
        at = end + 1;
    }
    return {};
}

std::string cgroup_directory(std::string_view own, const std::vector<MountEntry>& mounts) {
    if (!own.starts_with('/') || own.find("/..") != std::string_view::npos) {
        return {};  // outside of what a cgroup namespace shows
    }
    std::map<std::string_view, const MountEntry*> on_top;  // the last: others there show nothing
    for (const MountEntry& mount : mounts) {
        on_top[mount.target] = &mount;
    }
    for (const MountEntry& mount : mounts) {
        if (mount.type == "cgroup2" && on_top[mount.target] == &mount &&
            spec::is_below_or_same(std::string(own), mount.root)) {
            const std::string below(own.substr(mount.root == "/" ? 0 : mount.root.size()));
            return below.empty() || below == "/" ? mount.target
                                                 : mount.target + (below.front() == '/' ? "" : "/") + below;
        }
    }
    return {};
}

std::string unit_of(std::string_view directory) {
    constexpr std::array<std::string_view, 3> kinds = {".scope", ".service", ".slice"};
    for (std::size_t end = directory.size(); end != 0 && end != std::string_view::npos;) {
        const std::string_view path = directory.substr(0, end);
        const bool unit = std::ranges::any_of(kinds, [&](std::string_view kind) { return path.ends_with(kind); });
        if (unit) {
            return std::string(path);
        }
        end = path.rfind('/');
    }
    return {};
}

CgroupFacts probe_cgroups(const std::vector<MountEntry>& mounts, const Controllers& wanted) {
    CgroupFacts facts;
    facts.user = ::geteuid() != 0;
    facts.manager = has_manager(facts.user);
    facts.own = cgroup_directory(parse_own_cgroup(sys::read_interface(AT_FDCWD, "/proc/self/cgroup")), mounts);
    if (facts.own.empty()) {
        return facts;
    }
    const std::string unit = unit_of(facts.own);
    if (!unit.empty() && !is_handed_over(unit) && !is_handed_over_by_user_manager(unit)) {
        facts.unit = unit.substr(unit.rfind('/') + 1);
        return facts;
    }
    std::string path = facts.own;
    for (Cgroup cgroup(::open(path.c_str(), Cgroup::path_only)); cgroup.is_one(); cgroup = cgroup.above()) {
        facts.levels.push_back(look(cgroup, path, wanted));
        const CgroupLevel& level = facts.levels.back();
        if (path == unit || level.root || path == "/" || (wanted && has_handed_out(level, *wanted))) {
            break;
        }
        path = spec::parent(path);
    }
    return facts;
}

CgroupFacts probe_cgroups(const Controllers& wanted) {
    return probe_cgroups(parse_mountinfo(read_text("/proc/self/mountinfo")), wanted);
}

}  // namespace sandbox::host
