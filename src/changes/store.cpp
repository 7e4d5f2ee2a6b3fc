#include "changes/store.hpp"

#include "changes/entry.hpp"
#include "changes/holder.hpp"
#include "changes/in_user_namespace.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace sandbox::changes {
namespace {

constexpr const char* record_name = "sandbox.json";
constexpr const char* new_record_name = "sandbox.json.new";
constexpr const char* discarded_name = "sandbox.json.discarded";
constexpr const char* lock_name = "lock";
// The record last: until it is gone, what is left can be discarded.
constexpr std::array<std::string_view, 7> own_names = {
    "journal", "journal.new", "pending", "sandbox.json.new", "sandbox.json", "lock", "sandbox.json.discarded"};
constexpr std::size_t most_text = std::size_t{32} << 20U;
constexpr mode_t permissions = 07777;

[[noreturn]] void refuse(const std::string& name, const std::string& why, const std::string& fix) {
    throw Error("cannot use " + name + " for changes: " + why).with_fix(fix);
}

[[noreturn]] void refuse_other(const std::string& name) {
    refuse(name, "it is no directory of changes", "name the directory that a run with --changes has made");
}

[[noreturn]] void fail(const std::string& name, const std::string& what, int error) {
    const bool full = error == ENOSPC || error == EDQUOT;
    refuse(name, what + ": " + std::strerror(error),
           full             ? "make room there"
           : error == EROFS ? "mount its file system writable, or use another directory"
                            : "");
}

/// The directory that holds the last component, and that.
struct Place {
    sys::UniqueFd holder;
    std::string leaf;
};

// The way there is the caller's own, links and all; the last component is not followed.
Place place_of(const std::string& name) {
    std::string path = name;
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    const std::size_t slash = path.rfind('/');
    std::string leaf = slash == std::string::npos ? path : path.substr(slash + 1);
    std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (leaf.empty() || leaf == "." || leaf == "..") {
        above = path;
        leaf = ".";
    }
    Place place{sys::above_streams(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), leaf};
    if (!place.holder) {
        fail(name, "the directory above it", errno);
    }
    return place;
}

sys::UniqueFd open_directory(int above, const char* name) {
    return sys::above_streams(
        ::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

std::set<std::string> entries_in(int directory) {
    std::set<std::string> names;
    const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(again < 0 ? nullptr : ::fdopendir(again), &::closedir);
    while (const dirent* found = entries ? ::readdir(entries.get()) : nullptr) {
        names.emplace(found->d_name);
    }
    names.erase(".");
    names.erase("..");
    return names;
}

/// `made`: it is one already, be it half discarded. Otherwise it may be empty.
sys::UniqueFd open_own(const std::string& name, const Place& place, bool made) {
    sys::UniqueFd directory = open_directory(place.holder.get(), place.leaf.c_str());
    struct stat found {};
    if (!directory || ::fstat(directory.get(), &found) < 0) {
        const int error = errno;
        if (error == ELOOP || error == ENOTDIR) {
            refuse(name, "it is no directory", "name the directory itself, not a link to it");
        }
        if (error == ENOENT) {
            refuse(name, "there is nothing of that name", "name the directory that a run with --changes has made");
        }
        fail(name, "it cannot be opened", error);
    }
    if (found.st_uid != ::geteuid()) {
        refuse(name, "it belongs to user " + std::to_string(found.st_uid), "as that user, or with another directory");
    }
    std::set<std::string> names = entries_in(directory.get());
    const bool empty = names.empty();
    if (!names.contains(record_name) && !(made && names.contains(discarded_name))) {
        if (made) {
            refuse_other(name);
        }
        // A run that was killed before it had written the record.
        names.erase(lock_name);
        names.erase(new_record_name);
        if (!names.empty()) {
            refuse(name, "it is neither empty nor a directory of changes", "name one that is missing or empty");
        }
    }
    // What others could write to is nobody's own. An empty one may become it.
    if ((found.st_mode & permissions) != 0700 && (!empty || ::fchmod(directory.get(), 0700) < 0)) {
        refuse(name, "it is open to others", "chmod 700, if nobody else has put anything there");
    }
    return directory;
}

Timestamp now() {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return {time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec)};
}

Overlay overlay_of(const WantedOverlay& wanted, unsigned number, const Entry& found) {
    const bool root = ::geteuid() == 0;
    return {wanted.path,
            number,
            {found.permissions(), wanted.uid.value_or(root ? found.uid : ::geteuid()),
             wanted.gid.value_or(root ? found.gid : ::getegid())},
            {found.device, found.inode}};
}

bool is_number(std::string_view name) {
    return !name.empty() && name.size() <= 4 && name.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string inner(unsigned number, const char* what) {
    return std::to_string(number) + "/" + what;
}

// Whatever the caller's umask(2) is. Who may write to the directory above may have put a link there since.
bool make_closed(int above, const std::string& path) {
    return ::mkdirat(above, path.c_str(), 0700) < 0 ? errno == EEXIST
                                                    : ::fchmodat(above, path.c_str(), 0700, AT_SYMLINK_NOFOLLOW) == 0;
}

void make_directory(const std::string& name, int above, const std::string& path) {
    if (!make_closed(above, path)) {
        fail(name, path, errno);
    }
}

}  // namespace

std::string Store::path() const {
    const std::string link = "/proc/self/fd/" + std::to_string(directory_.get());
    std::string path(4096, '\0');
    const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
    path.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return path;
}

sys::UniqueFd Store::upper(unsigned number) const {
    const sys::UniqueFd directory = open_directory(directory_.get(), std::to_string(number).c_str());
    return directory ? open_directory(directory.get(), "upper") : sys::UniqueFd();
}

sys::UniqueFd Store::work(unsigned number) const {
    const sys::UniqueFd directory = open_directory(directory_.get(), std::to_string(number).c_str());
    return directory ? open_directory(directory.get(), "work") : sys::UniqueFd();
}

// Where there is none, nobody has one to share.
void Store::take_lock(int operation) {
    const int flags = (operation == LOCK_EX ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    lock_ = sys::above_streams(::openat(directory_.get(), lock_name, flags));
    if (!lock_ && errno == ENOENT && operation == LOCK_SH) {
        return;
    }
    if (!lock_ && errno == ENOENT) {
        lock_ = sys::above_streams(::openat(directory_.get(), lock_name, flags | O_CREAT, 0600));
        if (lock_ && ::fchmod(lock_.get(), 0600) < 0) {
            fail(name_, lock_name, errno);
        }
    }
    struct stat found {};
    if (!lock_ || ::fstat(lock_.get(), &found) < 0) {
        fail(name_, lock_name, errno);
    }
    // A run writes to it.
    if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || found.st_nlink > 1) {
        refuse(name_, std::string(lock_name) + " is no file of the caller's own with no other name",
               "put an empty file in its place");
    }
    while (::flock(lock_.get(), operation | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK) {
            refuse(name_, "a run or a verb is using it", "wait for its end");
        }
        if (errno != EINTR) {
            fail(name_, lock_name, errno);
        }
    }
    await_holder();
}

void Store::held_by(pid_t init) const {
    if (!note_holder(lock_.get(), init)) {
        fail(name_, lock_name, errno);
    }
}

void Store::await_holder() const {
    constexpr int patience_ms = 10'000;
    if (const std::optional<pid_t> process = changes::await_holder(lock_.get(), patience_ms)) {
        refuse(name_, "what a run has left in it is still ending, process " + std::to_string(*process),
               "wait for its end");
    }
}

// False where there is none.
bool Store::read_record(const char* file) {
    const sys::UniqueFd record(sys::above_streams(
        ::openat(directory_.get(), file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    struct stat found {};
    if (!record && errno == ENOENT) {
        return false;
    }
    if (!record || ::fstat(record.get(), &found) < 0) {
        fail(name_, file, errno);
    }
    if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        refuse(name_, std::string(file) + " is no file of the caller's own", "use another directory");
    }
    std::string text;
    char chunk[16384];
    ssize_t got = 0;
    while (text.size() <= most_text && (got = ::read(record.get(), chunk, sizeof chunk)) > 0) {
        text.append(chunk, static_cast<std::size_t>(got));
    }
    if (got < 0) {
        fail(name_, file, errno);
    }
    try {
        record_ = parse_record(text);
    } catch (const BadRecord& bad) {
        refuse(name_, std::string(file) + " " + bad.what(),
               bad.is_version() ? "use the version of sandbox that has made it"
                                : "nothing in it can be relied on: use another directory");
    }
    if (record_.uid != ::geteuid()) {
        refuse(name_, "it was made by user " + std::to_string(record_.uid), "as that user, or with another directory");
    }
    if (record_.began > now()) {
        refuse(name_, std::string(file) + " says that it was made in the future", "set the clock right");
    }
    return true;
}

void Store::write_record() {
    const std::string text = record_text(record_);
    ::unlinkat(directory_.get(), new_record_name, 0);
    const sys::UniqueFd file(sys::above_streams(
        ::openat(directory_.get(), new_record_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)));
    if (!file || ::fchmod(file.get(), 0600) < 0) {
        fail(name_, record_name, errno);
    }
    for (std::size_t written = 0; written < text.size();) {
        const ssize_t got = ::write(file.get(), text.data() + written, text.size() - written);
        if (got < 0 && errno != EINTR) {
            fail(name_, record_name, errno);
        }
        written += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    if (::renameat(directory_.get(), new_record_name, directory_.get(), record_name) < 0) {
        fail(name_, record_name, errno);
    }
}

// The owners of what an earlier run has left are to mean what they meant.
void Store::check_wanted(const Wanted& wanted) const {
    if (record_.users != wanted.users || record_.groups != wanted.groups) {
        refuse(name_, "an earlier run had other ids inside",
               "use the same --uid, --gid and --map-users as then, or another directory");
    }
}

void Store::add_overlay(const WantedOverlay& wanted) {
    if (!is_canonical(wanted.path)) {
        throw Error("cannot use " + name_ + " for changes: " + wanted.path + " is no canonical path");
    }
    const sys::UniqueFd lower(
        sys::above_streams(::open(wanted.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    if (!lower) {
        fail(name_, wanted.path, errno);
    }
    const Entry found = look(lower.get());
    const auto known = std::ranges::find(record_.overlays, wanted.path, &Overlay::path);
    if (known != record_.overlays.end()) {
        if (found.is_elsewhere(known->seen)) {
            refuse(name_, wanted.path + " is on another file system than in an earlier run",
                   "mount what was mounted then, or use another directory");
        }
        return;
    }
    unsigned number = 0;
    for (const Overlay& overlay : record_.overlays) {
        number = std::max(number, overlay.number + 1);
    }
    if (number >= most_overlays) {
        refuse(name_, "it has " + std::to_string(number) + " overlays", "use another directory");
    }
    record_.overlays.push_back(overlay_of(wanted, number, found));
}

// The top of the tree inside has the attributes of `upper`: it gets its name when it has them.
void Store::make_directories(const Overlay& overlay) const {
    const std::string number = std::to_string(overlay.number);
    make_directory(name_, directory_.get(), number);
    const sys::UniqueFd holder = open_directory(directory_.get(), number.c_str());
    if (!holder) {
        fail(name_, number, errno);
    }
    make_directory(name_, holder.get(), "work");
    struct stat found {};
    if (::fstatat(holder.get(), "upper", &found, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISDIR(found.st_mode)) {
            fail(name_, inner(overlay.number, "upper"), ENOTDIR);
        }
        return;
    }
    make_directory(name_, holder.get(), "upper.new");
    const sys::UniqueFd top = open_directory(holder.get(), "upper.new");
    const int error = top ? dress_for(record_, top.get(), overlay.root) : errno;
    if (error != 0 || ::renameat(holder.get(), "upper.new", holder.get(), "upper") < 0) {
        fail(name_, inner(overlay.number, "upper"), error != 0 ? error : errno);
    }
}

Store Store::open_for_run(const std::string& path, const Wanted& wanted,
                          const std::function<void(const Record&)>& check) {
    Store store;
    store.name_ = path;
    const Place place = place_of(path);
    if (!make_closed(place.holder.get(), place.leaf)) {
        fail(path, "it cannot be made", errno);
    }
    store.directory_ = open_own(path, place, false);
    store.take_lock(LOCK_EX);
    const bool known = store.read_record(record_name);
    if (known) {
        check(store.record_);
        store.check_wanted(wanted);
    } else {
        store.record_.began = now();
        store.record_.uid = ::geteuid();
        store.record_.gid = ::getegid();
        store.record_.users = wanted.users;
        store.record_.groups = wanted.groups;
    }
    const std::size_t before = store.record_.overlays.size();
    for (const WantedOverlay& overlay : wanted.overlays) {
        store.add_overlay(overlay);
    }
    if (!known || store.record_.overlays.size() != before) {
        store.write_record();
    }
    for (const Overlay& overlay : store.record_.overlays) {
        store.make_directories(overlay);
    }
    return store;
}

Store Store::open_existing(const std::string& path, int operation) {
    Store store;
    store.name_ = path;
    store.directory_ = open_own(path, place_of(path), true);
    if (!entries_in(store.directory()).contains(record_name)) {
        refuse_other(path);  // one that is being discarded
    }
    store.take_lock(operation);
    if (!store.read_record(record_name)) {
        refuse_other(path);
    }
    return store;
}

Store Store::open_for_change(const std::string& path) {
    return open_existing(path, LOCK_EX);
}

Store Store::open_for_reading(const std::string& path) {
    return open_existing(path, LOCK_SH);
}

Store Store::open_to_discard(const std::string& path) {
    Store store;
    store.name_ = path;
    store.directory_ = open_own(path, place_of(path), true);
    const std::set<std::string> names = entries_in(store.directory());
    store.take_lock(LOCK_EX);
    if (!store.read_record(record_name) && !store.read_record(discarded_name)) {
        refuse_other(path);
    }
    for (const std::string& name : names) {
        if (!is_number(name) && std::ranges::find(own_names, name) == own_names.end()) {
            refuse(path, "there is something in it that no run has put there, " + name, "move it away");
        }
    }
    if (::renameat(store.directory(), record_name, store.directory(), discarded_name) < 0 && errno != ENOENT) {
        fail(path, record_name, errno);
    }
    return store;
}

std::vector<std::string> Store::trees() const {
    std::vector<std::string> trees;
    for (const std::string& name : entries_in(directory())) {
        if (is_number(name)) {
            trees.push_back(name);
        }
    }
    return trees;
}

void Store::remove() const {
    const std::string path = this->path();
    for (const std::string_view name : own_names) {
        if (::unlinkat(directory(), std::string(name).c_str(), 0) < 0 && errno != ENOENT) {
            fail(name_, std::string(name), errno);
        }
    }
    if (::rmdir(path.c_str()) < 0) {
        throw Error("cannot remove " + name_ + ", which is empty now: " + std::strerror(errno));
    }
}

}  // namespace sandbox::changes
