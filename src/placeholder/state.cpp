#include "placeholder/state.hpp"

#include "spec/paths.hpp"

#include <cerrno>
#include <memory>

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace sandbox::placeholder {
namespace {

// A thousand placeholders with long names are some 300 KiB.
constexpr std::size_t most_record = 64UL * 1024 * 1024;

// Nobody but the caller and root can put a file of theirs there, or take one of the caller's away. In a sticky
// directory (/tmp) others can put theirs; that is found when the directory of records is looked at itself.
bool is_trusted(const struct stat& holder) {
    const bool open_to_others = (holder.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    const bool sticky = (holder.st_mode & S_ISVTX) != 0;
    return open_to_others ? sticky : holder.st_uid == ::geteuid() || holder.st_uid == 0;
}

// The last one who needs it removes it: what was made, or was there already, may be gone when it is opened.
sys::UniqueFd open_in(int holder, const std::string& name, bool make) {
    constexpr int rounds = 100;
    sys::UniqueFd directory;
    for (int round = 0; round < rounds; ++round) {
        if (make && ::mkdirat(holder, name.c_str(), 0700) < 0 && errno != EEXIST) {
            break;
        }
        directory = sys::above_streams(
            ::openat(holder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (directory || !make || errno != ENOENT) {
            break;
        }
    }
    return directory;
}

sys::UniqueFd open_at(const std::string& path, bool make, int& error) {
    const std::string above = spec::parent(path);
    const std::string name = path.substr(path.rfind('/') + 1);
    const sys::UniqueFd holder(sys::above_streams(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)));
    struct stat entry {};
    if (!holder || ::fstat(holder.get(), &entry) < 0) {
        error = errno;
        return {};
    }
    if (!is_trusted(entry)) {
        error = EPERM;
        return {};
    }
    sys::UniqueFd directory = open_in(holder.get(), name, make);
    if (!directory || ::fstat(directory.get(), &entry) < 0) {
        error = errno == ENOTDIR || errno == ELOOP ? EPERM : errno;
        return {};
    }
    if (entry.st_uid != ::geteuid() || (entry.st_mode & 07777U) != 0700) {
        error = EPERM;
        return {};
    }
    return directory;
}

}  // namespace

std::vector<std::string> state_paths(uid_t uid, const std::string& runtime) {
    std::vector<std::string> paths;
    if (runtime.starts_with('/')) {
        paths.push_back(spec::join(runtime, "sandbox"));
    }
    if (std::string usual = "/run/user/" + std::to_string(uid) + "/sandbox"; paths.empty() || paths[0] != usual) {
        paths.push_back(std::move(usual));
    }
    if (uid == 0) {
        paths.emplace_back("/run/sandbox");
    }
    paths.push_back("/tmp/sandbox-" + std::to_string(uid));
    return paths;
}

sys::UniqueFd open_state(const std::string& path, int& error) {
    return open_at(path, false, error);
}

sys::UniqueFd make_state(const std::string& path, int& error) {
    return open_at(path, true, error);
}

Lock::Lock(int directory) noexcept : directory_(directory) {
    while (::flock(directory, LOCK_EX) < 0) {
        if (errno != EINTR) {
            return;
        }
    }
    struct stat entry {};
    ok_ = ::fstat(directory, &entry) == 0 && entry.st_nlink > 0;
}

Lock::~Lock() {
    ::flock(directory_, LOCK_UN);
}

std::vector<std::string> records_in(int directory) {
    // A description of its own: the position and the lock stay those of `directory`.
    std::vector<std::string> names;
    const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0) {
        return names;
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(again), &::closedir);
    if (!entries) {
        ::close(again);
        return names;
    }
    while (const dirent* found = ::readdir(entries.get())) {
        if (found->d_name[0] != '.') {
            names.emplace_back(found->d_name);
        }
    }
    return names;
}

sys::UniqueFd open_record(int directory, const std::string& name) {
    sys::UniqueFd record(sys::above_streams(
        ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    struct stat entry {};
    if (!record || ::fstat(record.get(), &entry) < 0 || !S_ISREG(entry.st_mode) || entry.st_uid != ::geteuid()) {
        return {};
    }
    return record;
}

std::string read_record(int record) {
    std::string text;
    char chunk[16384];
    for (ssize_t got = 0; text.size() < most_record &&
                          (got = ::pread(record, chunk, sizeof chunk, static_cast<off_t>(text.size()))) > 0;) {
        text.append(chunk, static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace sandbox::placeholder
