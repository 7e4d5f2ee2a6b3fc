#include "registry/registry.hpp"

#include "placeholder/state.hpp"
#include "placeholder/sweep.hpp"
#include "spec/escape.hpp"
#include "spec/paths.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace sandbox::registry {
namespace {

constexpr const char* directory_name = "named";
constexpr std::int64_t kept_seconds = 24LL * 60 * 60;

// The state directories but the last, that in /tmp: another user could take all names away by taking that one's.
std::vector<std::string> places() {
    std::vector<std::string> paths = placeholder::own_state_paths();
    paths.pop_back();
    return paths;
}

std::string boot_id() {
    const sys::UniqueFd file(sys::above_streams(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)));
    char text[64];
    const ssize_t length = file ? ::read(file.get(), text, sizeof text) : -1;
    std::string id(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    while (!id.empty() && id.back() == '\n') {
        id.pop_back();
    }
    return id;
}

bool is_private(int directory) {
    struct stat entry {};
    return ::fstat(directory, &entry) == 0 && S_ISDIR(entry.st_mode) && entry.st_uid == ::geteuid() &&
           (entry.st_mode & 07777U) == 0700;
}

sys::UniqueFd open_named(int state, int& error) {
    sys::UniqueFd directory(sys::above_streams(
        ::openat(state, directory_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)));
    error = directory ? 0 : errno;
    if (directory && !is_private(directory.get())) {
        error = EPERM;
        directory.reset();
    }
    return directory;
}

// The last one who needs it removes the state directory: it may go between two calls.
sys::UniqueFd make_directory(const std::string& path, int& error) {
    constexpr int rounds = 100;
    for (int round = 0; round < rounds; ++round) {
        const sys::UniqueFd state = placeholder::make_state(path, error);
        if (!state) {
            return {};
        }
        if (::mkdirat(state.get(), directory_name, 0700) < 0 && errno != EEXIST) {
            error = errno;
            if (error == ENOENT) {
                continue;
            }
            return {};
        }
        sys::UniqueFd directory = open_named(state.get(), error);
        if (directory || error != ENOENT) {
            return directory;
        }
    }
    return {};
}

std::vector<sys::UniqueFd> open_directories() {
    std::vector<sys::UniqueFd> directories;
    for (const std::string& path : places()) {
        int error = 0;
        const sys::UniqueFd state = placeholder::open_state(path, error);
        sys::UniqueFd directory = state ? open_named(state.get(), error) : sys::UniqueFd();
        if (directory) {
            directories.push_back(std::move(directory));
        }
    }
    return directories;
}

bool lock_file(int file, int how) {
    int locked = 0;
    while ((locked = ::flock(file, how)) < 0 && errno == EINTR) {
    }
    return locked == 0;
}

// Shared: two who look at the same time do not take each other for the launcher.
bool is_held(int file) {
    if (!lock_file(file, LOCK_SH | LOCK_NB)) {
        return true;
    }
    ::flock(file, LOCK_UN);
    return false;
}

// What was opened is still what the name stands for.
bool is_linked(int directory, const std::string& name, int file) {
    struct stat opened {};
    struct stat linked {};
    return ::fstat(file, &opened) == 0 && ::fstatat(directory, name.c_str(), &linked, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == linked.st_dev && opened.st_ino == linked.st_ino;
}

bool is_old(int file) {
    struct stat entry {};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return ::fstat(file, &entry) == 0 && now.tv_sec - entry.st_mtim.tv_sec > kept_seconds;
}

Found look(int directory, const std::string& name, const std::string& boot) {
    Found found;
    found.file = placeholder::open_record(directory, name);
    if (!found.file) {
        return found;
    }
    read_again(found);
    if (found.entry.request.boot != boot) {
        found.entry.running.reset();
        return found;
    }
    found.launcher = open_process(found.entry.request.launcher);
    if (!found.launcher) {
        read_again(found);  // the launcher may have ended since: now its last word stands there
    }
    if (found.entry.running) {
        found.init = open_process(found.entry.running->init);
    }
    return found;
}

// Nothing of it lives, and its launcher holds it no more.
bool is_left(const Found& found) {
    return !found.init && !found.launcher && !is_held(found.file.get());
}

bool is_kept(const Found& found) {
    return found.entry.ended && found.entry.request.detached && !is_old(found.file.get());
}

// Looks once more, under the lock of the directory.
void remove_left(int directory, const std::string& name, const std::string& boot, bool kept_as_well) {
    const placeholder::Lock lock(directory);
    const Found found = lock.ok() ? look(directory, name, boot) : Found();
    if (found.file && is_left(found) && (kept_as_well || !is_kept(found)) &&
        is_linked(directory, name, found.file.get())) {
        ::unlinkat(directory, name.c_str(), 0);
    }
}

[[noreturn]] void refuse_taken(const std::string& name, const Found& found) {
    const pid_t launcher = found.entry.request.launcher.pid;
    throw Error("--name " + name + ": the name is taken" +
                (launcher > 0 ? ", by the sandbox of process " + std::to_string(launcher) : std::string()))
        .with_fix("another name, or: sandbox stop " + name);
}

[[noreturn]] void refuse_unwritten(const std::string& name, int error) {
    throw Error("--name " + name + ": cannot write its entry in the registry: " + std::strerror(error))
        .with_fix(error == ENOSPC ? "make room where XDG_RUNTIME_DIR is, or leave --name out"
                                  : "look at the directory `sandbox` in $XDG_RUNTIME_DIR");
}

// An error is told by errno; a full disk may take a part.
bool append(int file, const std::string& line) {
    errno = ENOSPC;
    return ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

// The names in all registries, each with where it stands.
template <class Function>
void for_each_entry(const Function& function) {
    const std::string boot = boot_id();
    for (const sys::UniqueFd& directory : open_directories()) {
        for (const std::string& name : placeholder::records_in(directory.get())) {
            function(directory.get(), name, look(directory.get(), name, boot), boot);
        }
    }
}

sys::UniqueFd make_directory() {
    std::string tried;
    for (const std::string& path : places()) {
        int error = 0;
        if (sys::UniqueFd directory = make_directory(path, error)) {
            return directory;
        }
        tried += (tried.empty() ? "" : ", ") + path + " (" +
                 (error == EPERM ? "not the caller's own, or open to others" : std::strerror(error)) + ")";
    }
    throw Error("--name: there is no place for a registry: " + tried)
        .with_fix("set XDG_RUNTIME_DIR to a directory that is yours alone (mode 0700)");
}

}  // namespace

std::string directory_in(const std::string& state) {
    return spec::join(state, directory_name);
}

void make_directory_in(const std::string& state) {
    int error = 0;
    if (make_directory(state, error) || error == EPERM || error == EACCES || error == EROFS) {
        return;  // what is not the caller's own is not trusted either
    }
    throw Error("cannot keep the command from the registry: cannot make " + spec::escaped(directory_in(state)) + ": " +
                std::strerror(error))
        .with_fix("show less than " + spec::escaped(spec::parent(state)) + " writable");
}

sys::UniqueFd open_process(const ProcessId& id) {
    if (id.pid <= 0 || id.start == 0) {
        return {};
    }
    sys::UniqueFd process(sys::above_streams(sys::pidfd_open(id.pid, 0)));
    // In this order: if the start time is the one, the number was not given away before, and the pidfd is of that one.
    if (!process || placeholder::start_time(id.pid) != id.start) {
        return {};
    }
    pollfd watched{process.get(), POLLIN, 0};
    return ::poll(&watched, 1, 0) == 0 ? std::move(process) : sys::UniqueFd();
}

ProcessId identify_process(pid_t pid) {
    return {pid, placeholder::start_time(pid)};
}

std::unique_ptr<Registration> Registration::reserve(const std::string& name, bool detached, bool foreground) {
    check_name(name);
    const std::string boot = boot_id();
    std::unique_ptr<Registration> own(new Registration);
    own->name_ = name;
    own->detached_ = detached;
    constexpr int rounds = 100;
    for (int round = 0; round < rounds && !own->file_; ++round) {
        own->directory_ = make_directory();
        for (const sys::UniqueFd& directory : open_directories()) {
            remove_left(directory.get(), name, boot, true);
            const Found found = look(directory.get(), name, boot);
            struct stat entry {};
            if (::fstatat(directory.get(), name.c_str(), &entry, AT_SYMLINK_NOFOLLOW) == 0) {
                refuse_taken(name, found);
            }
        }
        const placeholder::Lock lock(own->directory_.get());
        if (!lock.ok()) {
            continue;
        }
        own->file_ = sys::above_streams(::openat(own->directory_.get(), name.c_str(),
                                                 O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!own->file_ && errno == EEXIST) {
            refuse_taken(name, look(own->directory_.get(), name, boot));
        }
        // Who looks whether it is held, holds it for a moment: that is waited for.
        if (!own->file_ || !lock_file(own->file_.get(), LOCK_EX)) {
            refuse_unwritten(name, errno);
        }
        const Request request{name, boot, identify_process(::getpid()), detached, foreground};
        if (!append(own->file_.get(), request_line(request))) {
            const int error = errno;
            ::unlinkat(own->directory_.get(), name.c_str(), 0);
            own->file_.reset();
            refuse_unwritten(name, error);
        }
    }
    if (!own->file_) {
        refuse_unwritten(name, ENOENT);  // somebody removes the directory as often as it is made
    }
    return own;
}

void Registration::running(const Running& running) {
    if (!append(file_.get(), running_line(running))) {
        refuse_unwritten(name_, errno);
    }
}

void Registration::ended(const Outcome& outcome) noexcept {
    try {
        keep_ = append(file_.get(), ended_line(outcome)) && detached_;
    } catch (const std::exception&) {
        keep_ = false;  // out of memory: nobody will know how it ended
    }
}

Registration::~Registration() {
    if (!file_ || keep_) {
        return;
    }
    const placeholder::Lock lock(directory_.get());
    if (is_linked(directory_.get(), name_, file_.get())) {
        ::unlinkat(directory_.get(), name_.c_str(), 0);
    }
}

bool is_running(const Found& found) {
    return found.entry.running && !found.entry.ended && found.init;
}

void read_again(Found& found) {
    found.entry = parse_entry(placeholder::read_record(found.file.get())).value_or(Entry());
}

std::vector<Found> running_sandboxes() {
    std::vector<Found> running;
    for_each_entry([&](int directory, const std::string& name, Found found, const std::string& boot) {
        if (!found.file) {
            return;
        }
        if (is_running(found) && found.entry.request.name == name) {
            running.push_back(std::move(found));
        } else if (is_left(found) && !is_kept(found)) {
            remove_left(directory, name, boot, false);
        }
    });
    std::ranges::sort(running, {}, [](const Found& found) { return found.entry.request.name; });
    return running;
}

std::optional<Found> find_any(const std::string& name) {
    check_name(name);
    const std::string boot = boot_id();
    for (const sys::UniqueFd& directory : open_directories()) {
        Found found = look(directory.get(), name, boot);
        if (found.file && found.entry.request.name == name && (found.init || found.launcher || found.entry.ended)) {
            return found;
        }
    }
    return std::nullopt;
}

std::optional<Found> find_running(const std::string& name) {
    std::optional<Found> found = find_any(name);
    return found && is_running(*found) ? std::move(found) : std::nullopt;
}

void forget(const Found& found) {
    for (const sys::UniqueFd& directory : open_directories()) {
        const placeholder::Lock lock(directory.get());
        const std::string& name = found.entry.request.name;
        if (lock.ok() && is_linked(directory.get(), name, found.file.get())) {
            ::unlinkat(directory.get(), name.c_str(), 0);
        }
    }
}

void collect() {
    for_each_entry([](int directory, const std::string& name, const Found& found, const std::string& boot) {
        if (found.file && is_left(found)) {
            remove_left(directory, name, boot, true);
        }
    });
}

}  // namespace sandbox::registry
