#include "host/cgroups.hpp"

#include "host/tree.hpp"
#include "spec/paths.hpp"
#include "sys/fd.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox::host {
namespace {

bool may_write(const std::string& path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

bool is_there(const std::string& path) {
    struct stat entry {};
    return ::stat(path.c_str(), &entry) == 0;
}

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

CgroupLevel look(const std::string& path) {
    CgroupLevel level;
    level.path = path;
    // Who moves a process asks the cgroup above both; which is this one, as the caller is in it or below.
    level.usable = may_write(path) && may_write(path + "/cgroup.procs") && may_write(path + "/cgroup.subtree_control");
    level.root = !is_there(path + "/cgroup.type");
    if (level.usable || level.root) {  // what the root lacks nobody below has
        level.controllers = words_of(read_text(path + "/cgroup.controllers"));
    }
    if (!level.usable) {
        return level;
    }
    level.enabled = words_of(read_text(path + "/cgroup.subtree_control"));
    const std::vector<std::string> processes = words_of(read_text(path + "/cgroup.procs"));
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
    for (const MountEntry& mount : mounts) {
        if (mount.type == "cgroup2" && spec::is_below_or_same(std::string(own), mount.root)) {
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

CgroupFacts probe_cgroups(const std::vector<MountEntry>& mounts) {
    CgroupFacts facts;
    facts.user = ::geteuid() != 0;
    facts.manager = has_manager(facts.user);
    facts.own = cgroup_directory(parse_own_cgroup(read_text("/proc/self/cgroup")), mounts);
    if (facts.own.empty()) {
        return facts;
    }
    const std::string unit = unit_of(facts.own);
    if (!unit.empty() && !is_handed_over(unit) && !is_handed_over_by_user_manager(unit)) {
        facts.unit = unit.substr(unit.rfind('/') + 1);
        return facts;
    }
    for (std::string path = facts.own; is_there(path + "/cgroup.procs"); path = spec::parent(path)) {
        facts.levels.push_back(look(path));
        if (path == unit || facts.levels.back().root || path == "/") {
            break;
        }
    }
    return facts;
}

CgroupFacts probe_cgroups() {
    return probe_cgroups(parse_mountinfo(read_text("/proc/self/mountinfo")));
}

}  // namespace sandbox::host
