#include "host/probe.hpp"

#include "host/tree.hpp"
#include "spec/limits.hpp"
#include "spec/passwd.hpp"
#include "sys/fd.hpp"
#include "sys/program.hpp"
#include "sys/syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <termios.h>

extern char** environ;

namespace sandbox::host {
namespace {

plan::FileId identity(const struct stat& entry) {
    return {entry.st_dev, entry.st_ino, entry.st_mode & S_IFMT};
}

constexpr decltype(std::declval<struct statfs>().f_type) pidfs_magic = 0x50494446;
constexpr decltype(std::declval<struct statfs>().f_type) nsfs_magic = 0x6e736673;
constexpr std::size_t most_text = 64UL * 1024;
constexpr std::size_t most_users = 64UL * 1024 * 1024;  // a site may list all of its own
constexpr unsigned default_overflow_id = 65534;
constexpr std::size_t most_mountinfo = 64UL * 1024 * 1024;

Stream probe_stream(int fd) {
    Stream stream;
    struct stat entry {};
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fstat(fd, &entry) < 0) {
        return stream;
    }
    stream.open = true;
    stream.path_only = (flags & O_PATH) != 0;
    stream.access = flags & O_ACCMODE;
    stream.append = (flags & O_APPEND) != 0;
    stream.id = identity(entry);
    stream.type = entry.st_mode & S_IFMT;
    if (S_ISREG(entry.st_mode)) {
        char name[sizeof "/memfd:"] = {};
        const std::string link = "/proc/thread-self/fd/" + std::to_string(fd);
        stream.memory = ::readlink(link.c_str(), name, sizeof name - 1) > 0 && std::string_view(name) == "/memfd:";
        const int seals = ::fcntl(fd, F_GET_SEALS);
        stream.sealed = seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
    }
    struct statfs system {};
    if (S_ISREG(entry.st_mode) && ::fstatfs(fd, &system) == 0 &&
        (system.f_type == pidfs_magic || system.f_type == nsfs_magic)) {
        stream.type = 0;  // they call themselves regular files since Linux 6.9
    }
    if (S_ISCHR(entry.st_mode) && !stream.path_only) {
        termios modes{};
        stream.terminal = ::ioctl(fd, TCGETS, &modes) == 0;
        stream.controlling = stream.terminal && ::tcgetpgrp(fd) >= 0;
    }
    return stream;
}

std::string read_all(const sys::UniqueFd& file, std::size_t most) {
    std::string text;
    char chunk[4096];
    while (file && text.size() < most) {
        const ssize_t length = ::read(file.get(), chunk, sizeof chunk);
        if (length <= 0) {
            break;
        }
        text.append(chunk, static_cast<std::size_t>(length));
    }
    return text;
}

// A file that only root of the host can have put there.
std::string read_system_file(const char* path, std::size_t most) {
    return read_all(sys::UniqueFd(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), most);
}

// Nothing where the map is the machine's own, which has every id.
std::optional<uid_t> unmapped_id() {
    const std::string map = read_system_file("/proc/self/uid_map", most_text);
    unsigned inside = 1;
    unsigned outside = 1;
    unsigned count = 0;
    if (std::sscanf(map.c_str(), "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
        count == std::numeric_limits<unsigned>::max()) {
        return std::nullopt;
    }
    unsigned overflow = default_overflow_id;
    std::sscanf(read_system_file("/proc/sys/kernel/overflowuid", most_text).c_str(), "%u", &overflow);
    return overflow;
}

void probe_descriptors(Facts& facts, std::span<const int> wanted) {
    const std::set<int> numbers(wanted.begin(), wanted.end());
    for (const int number : numbers) {
        facts.descriptors.push_back({number, probe_stream(number)});
    }
}

bool is_capable(unsigned capability) {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    __user_cap_data_struct data[2] = {};
    return ::syscall(SYS_capget, &header, &data) == 0 && (data[0].effective >> capability & 1U) != 0;
}

// Where the kernel will say yes: setgroups(2) asks for CAP_SETGID, and a user namespace may have denied it for good.
bool may_set_groups() {
    return is_capable(CAP_SETGID) && !read_system_file("/proc/self/setgroups", most_text).starts_with("deny");
}

void probe_privileges(Facts& facts) {
    const int count = ::getgroups(0, nullptr);
    facts.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
    const int got = ::getgroups(static_cast<int>(facts.groups.size()), facts.groups.data());
    facts.groups.resize(static_cast<std::size_t>(std::max(got, 0)));
    if (!facts.groups.empty()) {
        facts.may_drop_groups = may_set_groups();
        facts.group = read_system_file("/etc/group", most_users);
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_CORE, &limit) == 0) {
        facts.core_limit = limit.rlim_max;
    }
    if (facts.core_limit == 0) {
        facts.cores_are_piped = read_system_file("/proc/sys/kernel/core_pattern", most_text).starts_with('|');
    }
}

// What a uid_map says of the ids that there are.
std::vector<IdBlock> mapped_ids(const char* path) {
    std::vector<IdBlock> blocks;
    const std::string text = read_system_file(path, most_text);
    unsigned inside = 0;
    unsigned outside = 0;
    unsigned count = 0;
    int length = 0;
    for (const char* at = text.c_str(); std::sscanf(at, " %u %u %u%n", &inside, &outside, &count, &length) == 3;
         at += length) {
        blocks.push_back({inside, count});
    }
    return blocks;
}

// A static C library cannot ask the name service for those whom the file does not know; id(1) can.
std::string caller_name(const Facts& facts) {
    if (const std::optional<std::string> name = spec::passwd_name(facts.passwd, facts.uid)) {
        return *name;
    }
    const std::optional<sys::ProgramResult> said = sys::run_program("id", {"-un"});
    return said && said->succeeded ? said->output.substr(0, said->output.find('\n')) : std::string();
}

// Helper programs are asked only where somebody wants to know.
void probe_ids(Facts& facts, const Wanted& wanted) {
    if (wanted.own_ids || wanted.user_ids) {
        facts.users = {is_capable(CAP_SETUID), {}, mapped_ids("/proc/self/uid_map")};
    }
    if (wanted.own_ids || wanted.group_ids) {
        facts.group_ids = {is_capable(CAP_SETGID), {}, mapped_ids("/proc/self/gid_map")};
    }
    if (wanted.user_ids || wanted.group_ids) {
        const std::string name = caller_name(facts);
        if (wanted.user_ids) {
            facts.users.subordinate = find_subordinate(false, name, facts.uid);
        }
        if (wanted.group_ids) {
            facts.group_ids.subordinate = find_subordinate(true, name, facts.uid);
        }
    }
}

void probe_limits(Facts& facts) {
    for (const spec::ResourceRow& row : spec::resource_table) {
        rlimit64 limit{};
        if (::syscall(SYS_prlimit64, 0, row.number, nullptr, &limit) == 0) {
            facts.hard_limits.emplace(row.resource, limit.rlim_max);
            if (row.resource == Resource::nice) {
                constexpr int highest = 40;  // of RLIMIT_NICE, which is 20 - niceness
                facts.lowest_niceness = 20 - static_cast<int>(std::min<std::uint64_t>(limit.rlim_cur, highest));
            }
        }
    }
    facts.niceness = ::getpriority(PRIO_PROCESS, 0);
}

// In /proc/sys the kernel's own user id 0 owns what no namespace does: it looks like ours where it is. uid_map would
// not say so, as it shows the ids of the user namespace above, which may be one as well.
bool is_root_of_host() {
    struct stat entry {};
    return ::geteuid() == 0 && ::stat("/proc/sys/vm", &entry) == 0 && entry.st_uid == 0;
}

// File systems of the host belong to the initial user namespace, which has the same inode everywhere
// (PROC_USER_INIT_INO).
std::string lacking() {
    constexpr ino_t initial_user_namespace = 0xEFFFFFFDU;
    struct stat entry {};
    if (::stat("/proc/self/ns/user", &entry) < 0 || entry.st_ino != initial_user_namespace) {
        return "root is in a user namespace that does not own the host's file systems";
    }
    constexpr std::pair<unsigned, const char*> needed[] = {{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
                                                           {CAP_SETUID, "CAP_SETUID"},
                                                           {CAP_SETGID, "CAP_SETGID"},
                                                           {CAP_CHOWN, "CAP_CHOWN"}};
    for (const auto& [capability, name] : needed) {
        if (!is_capable(capability)) {
            return std::string("root lacks ") + name;
        }
    }
    return {};
}

// The files alone: asking getsubids(1) takes longer than all the rest of a start.
RootFacts probe_root(const Facts& facts) {
    RootFacts root;
    root.of_host = is_root_of_host();
    if (root.of_host) {
        root.lacks = lacking();
        const std::string name = spec::passwd_name(facts.passwd, 0).value_or("");
        root.users = parse_subids(read_system_file("/etc/subuid", most_users), name, 0);
        root.groups = parse_subids(read_system_file("/etc/subgid", most_users), name, 0);
    }
    return root;
}

void probe_cwd(Facts& facts) {
    char path[PATH_MAX];
    // "(unreachable)/..." is what the kernel says of a directory outside of our root.
    if (::getcwd(path, sizeof path) == nullptr) {
        facts.cwd_error = errno == ERANGE ? ENAMETOOLONG : errno;
    } else if (path[0] == '/') {
        facts.cwd = path;
    } else {
        facts.cwd_error = ENOENT;
    }
    facts.cwd_id = identify(AT_FDCWD, ".", 0).value_or(plan::FileId{});
}

void probe_streams(Facts& facts) {
    for (int fd = 0; fd <= 2; ++fd) {
        Stream& stream = facts.streams[static_cast<std::size_t>(fd)];
        stream = probe_stream(fd);
        facts.has_terminal = facts.has_terminal || stream.controlling;
        facts.terminal_foreground = facts.terminal_foreground || (stream.controlling && ::tcgetpgrp(fd) == ::getpgrp());
    }
    if (!facts.has_terminal) {
        const sys::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
        facts.has_terminal = static_cast<bool>(terminal);
    }
}

void probe_kernel(Facts& facts) {
    struct statfs sysctls {};
    facts.sysctls_read_only = ::statfs("/proc/sys", &sysctls) == 0 && (sysctls.f_flags & ST_RDONLY) != 0;
    const int abi = sys::landlock_create_ruleset(nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    facts.landlock_abi = std::max(abi, 0);
    utsname kernel{};
    if (::uname(&kernel) == 0) {
        facts.kernel_release = kernel.release;
    }
}

void probe_surroundings(Facts& facts, const Wanted& wanted) {
    facts.unmapped_uid = unmapped_id();
    probe_cwd(facts);
    facts.passwd = read_system_file("/etc/passwd", most_users);
    if (wanted.groups && facts.group.empty()) {
        facts.group = read_system_file("/etc/group", most_users);
    }
    probe_ids(facts, wanted);
    facts.root = probe_root(facts);
    facts.mounts = parse_mountinfo(read_system_file("/proc/self/mountinfo", most_mountinfo));
    if (wanted.cgroups) {
        facts.cgroups = probe_cgroups(facts.mounts, wanted.controllers);
    }
    probe_kernel(facts);
}

// A memfd is a file of a tmpfs of the kernel's own.
bool tmpfs_keeps_attributes() {
    const sys::UniqueFd file(sys::above_streams(::memfd_create("attributes", MFD_CLOEXEC)));
    return file && ::fsetxattr(file.get(), "user.sandbox", "y", 1, 0) == 0;
}

}  // namespace

Facts probe(const Wanted& wanted) {
    Facts facts;
    probe_descriptors(facts, wanted.descriptors);  // first: nothing of ours is open yet
    probe_privileges(facts);
    facts.uid = ::geteuid();
    facts.gid = ::getegid();
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        facts.environment.emplace_back(*variable);
    }
    probe_streams(facts);
    if (wanted.overlays) {
        facts.tmpfs_attributes = tmpfs_keeps_attributes();
    }
    if (wanted.limits) {
        probe_limits(facts);
    }
    if (wanted.surroundings) {
        probe_surroundings(facts, wanted);
    }
    return facts;
}

}  // namespace sandbox::host
