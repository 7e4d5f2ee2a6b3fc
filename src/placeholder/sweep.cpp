#include "placeholder/sweep.hpp"

#include "placeholder/host_entry.hpp"
#include "placeholder/state.hpp"
#include "sys/fd.hpp"
#include "sys/killable.hpp"
#include "sys/syscalls.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace sandbox::placeholder {
namespace {

// A killed launcher's sandbox is gone within moments. One that is not - stopped, in a debugger - is left for later.
constexpr int patience_ms = 2000;

bool is_dead(int record) {
    int locked = 0;
    while ((locked = ::flock(record, LOCK_EX | LOCK_NB)) < 0 && errno == EINTR) {
    }
    return locked == 0;
}

// Everything inside is gone when init is: the kernel waits for all of its pid namespace before.
bool is_gone(const Record& record) {
    if (record.init <= 0 || start_time(record.init) != record.init_start) {
        return true;
    }
    const sys::UniqueFd init(sys::above_streams(sys::pidfd_open(record.init, 0)));
    if (!init || start_time(record.init) != record.init_start) {
        return true;
    }
    pollfd watched{init.get(), POLLIN, 0};
    int got = 0;
    while ((got = ::poll(&watched, 1, patience_ms)) < 0 && errno == EINTR) {
    }
    return got > 0;
}

struct Question {
    const char* directory;
    const char* name;
};

// What removing is going to ask.
int rehearse(const void* argument) noexcept {
    const auto* question = static_cast<const Question*>(argument);
    const int directory = ::open(question->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct statx found {};
    ::statx(directory, question->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &found);
    return 0;
}

// A line for a person where the placeholders lie in a file system that does not answer any more, as FUSE or NFS.
std::string silence_of(const Record& record) {
    for (const Group& group : record.groups) {
        const Question question{group.path.c_str(), group.entries.empty() ? "." : group.entries.front().name.c_str()};
        if (!sys::run_killable(patience_ms, rehearse, &question)) {
            return group.path + ": its file system does not answer; what was put there stays until it does";
        }
    }
    return {};
}

template <class Function>
void for_each_record(int state, const std::string& own, const Function& function) {
    for (const std::string& name : records_in(state)) {
        if (name == own) {
            continue;
        }
        if (const sys::UniqueFd record = open_record(state, name)) {
            function(name, record.get());
        }
    }
}

/// All records but `own`, in every directory of records.
template <class Function>
void for_each_other(const std::string& own, const Function& function) {
    for (const std::string& path : own_state_paths()) {
        int error = 0;
        if (const sys::UniqueFd state = open_state(path, error)) {
            for_each_record(state.get(), own,
                            [&](const std::string&, int record) { function(parse_record(read_record(record))); });
        }
    }
}

void add(const Record& record, Identities& identities) {
    for (const Group& group : record.groups) {
        for (const Entry& entry : group.entries) {
            if (entry.made) {
                identities.insert(entry.identity);
            }
        }
    }
}

}  // namespace

std::uint64_t start_time(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const sys::UniqueFd file(sys::above_streams(::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
    char text[2048];
    const ssize_t length = file ? ::read(file.get(), text, sizeof text) : -1;
    std::string_view rest(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    rest.remove_prefix(std::min(rest.rfind(')'), rest.size()));  // the name before may hold anything
    for (int field = 2; field < 22 && !rest.empty(); ++field) {
        rest.remove_prefix(std::min(rest.find(' ', 1), rest.size()));
    }
    std::uint64_t value = 0;
    if (!rest.empty()) {
        std::from_chars(rest.data() + 1, rest.data() + rest.size(), value);
    }
    return value;
}

std::vector<std::string> own_state_paths() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    return state_paths(::geteuid(), runtime == nullptr ? "" : runtime);
}

Timestamp noted_at(int record) {
    struct stat entry {};
    return ::fstat(record, &entry) == 0 ? Timestamp{entry.st_ctim.tv_sec, entry.st_ctim.tv_nsec}
                                        : Timestamp{INT64_MAX, 0};
}

Identities others(const std::string& own) {
    Identities identities;
    for_each_other(own, [&](const Record& record) { add(record, identities); });
    return identities;
}

std::vector<Group> holders_of(const std::set<Id>& directories, const std::string& own) {
    std::vector<Group> holders;
    const auto look = [&](const Group& group) {
        for (const Entry& found : group.entries) {
            if (!found.made || !directories.contains(Id(found.identity.device, found.identity.inode))) {
                continue;
            }
            Group way{group.path, group.device, group.inode, {}};
            for (const Entry& entry : group.entries) {
                if (entry.name == found.name || found.name.starts_with(entry.name + '/')) {
                    way.entries.push_back(entry);
                }
            }
            holders.push_back(std::move(way));
        }
    };
    for_each_other(own, [&](const Record& record) { std::ranges::for_each(record.groups, look); });
    return holders;
}

std::vector<std::string> remove_all(const Record& record, const Timestamp& noted, const std::vector<int>& directories,
                                    const Identities& needed) {
    std::vector<std::string> problems;
    const uid_t caller = ::geteuid();
    for (std::size_t i = 0; i < record.groups.size(); ++i) {
        const Group& group = record.groups[i];
        const int open = i < directories.size() ? directories[i] : -1;
        sys::UniqueFd again;
        if (open < 0) {
            again = sys::above_streams(::open(group.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            struct stat found {};
            if (!again || ::fstat(again.get(), &found) < 0 || found.st_dev != group.device ||
                found.st_ino != group.inode) {
                if (errno != ENOENT || again) {
                    problems.push_back(group.path +
                                       ": the directory has been moved or cannot be reached; an empty file without "
                                       "permissions may be left in it");
                }
                continue;
            }
        }
        for (auto entry = group.entries.rbegin(); entry != group.entries.rend(); ++entry) {
            if (entry->made && needed.contains(entry->identity)) {
                continue;  // the last one removes it
            }
            if (remove_entry(open < 0 ? again.get() : open, *entry, noted, caller) == Removal::failed) {
                problems.push_back(group.path + "/" + entry->name + ": cannot be removed: " + std::strerror(errno));
            }
        }
    }
    return problems;
}

void sweep_state(int state, const std::string& path, const std::string& own, Sweep& found) {
    for_each_record(state, own, [&](const std::string& name, int record) {
        Record content = parse_record(read_record(record));
        const bool in_use = !is_dead(record) || !is_gone(content);
        const std::string silence = in_use ? std::string() : silence_of(content);
        if (!silence.empty()) {
            found.problems.push_back(silence);
        }
        if (in_use || !silence.empty()) {
            add(content, found.known);
            return;
        }
        const std::vector<std::string> problems = remove_all(content, noted_at(record), {}, others(name));
        found.problems.insert(found.problems.end(), problems.begin(), problems.end());
        if (::unlinkat(state, name.c_str(), 0) < 0 && errno != ENOENT) {
            found.problems.push_back(path + "/" + name + ": cannot be removed: " + std::strerror(errno));
        }
    });
}

Sweep sweep() {
    Sweep found;
    for (const std::string& path : own_state_paths()) {
        int error = 0;
        const sys::UniqueFd state = open_state(path, error);
        if (!state) {
            if (error == EPERM) {
                found.problems.push_back(path +
                                         ": not a directory of the caller's own, or open to others: passed over");
            }
            continue;
        }
        const Lock lock(state.get());
        if (lock.ok()) {
            sweep_state(state.get(), path, "", found);
            ::rmdir(path.c_str());  // fails while there is a record
        }
    }
    return found;
}

Identities known() {
    return others("");
}

bool is_one_of(const Identities& placeholders, const Id& id, const std::string& path, bool followed) {
    const auto [device, inode] = id;
    const auto first = placeholders.lower_bound({device, inode, {INT64_MIN, INT64_MIN}, {INT64_MIN, INT64_MIN}});
    if (first == placeholders.end() || first->device != device || first->inode != inode) {
        return false;
    }
    // Who swaps what is above it between the two looks must not make one pass for something that stays.
    const std::optional<Identity> now = identify(path, followed);
    return !now || now->device != device || now->inode != inode || placeholders.contains(*now);
}

}  // namespace sandbox::placeholder
