#include "changes/thrown_away.hpp"

#include "changes/entry.hpp"
#include "changes/holder.hpp"
#include "changes/in_user_namespace.hpp"
#include "changes/remove.hpp"
#include "spec/escape.hpp"
#include "spec/paths.hpp"
#include "sys/syscalls.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include <sys/file.h>
#include <sys/random.h>

namespace sandbox::changes {
namespace {

constexpr std::string_view prefix = "sandbox-overlay-";
constexpr const char* ids_name = "ids";
constexpr const char* holder_name = "holder";
constexpr int tries = 8;
// As for placeholders: one that is stopped, or in a debugger, is left for later.
constexpr std::chrono::seconds patience{2};

[[noreturn]] void fail(const std::string& place, const std::string& what, int error) {
    throw Error("cannot put what overlays write into " + spec::escaped(place) + ": " + what + ": " +
                std::strerror(error))
        .with_fix(error == ENOSPC || error == EDQUOT
                      ? "make room there, set TMPDIR to a directory on another disk, or --tmp-size SIZE, with which it "
                        "lies in memory"
                      : "set TMPDIR to a directory on another disk, or --tmp-size SIZE, with which it lies in memory");
}

std::string random_name() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof number)) {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        number = static_cast<std::uint64_t>(time.tv_nsec) * static_cast<std::uint64_t>(::getpid());
    }
    return std::string(prefix) + std::to_string(number);
}

bool is_number(std::string_view name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_of_ours(std::string_view name) {
    return name.starts_with(prefix) && is_number(name.substr(prefix.size()));
}

sys::UniqueFd open_above(const std::string& place) {
    return sys::above_streams(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

// What somebody has mounted there is neither ours nor asked anything, as it need not answer (FUSE).
sys::UniqueFd open_no_mount(int above, const std::string& name) {
    open_how how{};
    how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_XDEV;
    sys::UniqueFd path = sys::above_streams(sys::openat2(above, name.c_str(), how));
    return path || errno != ENOSYS ? std::move(path) : open_path(above, name);
}

// The caller's own, for reading, whatever the umask(2) was that it was made with. It was never open to others: one that
// they could write in they could have moved here.
sys::UniqueFd open_own(int above, const std::string& name) {
    const sys::UniqueFd path = open_no_mount(above, name);
    struct stat found {};
    if (!path || ::fstat(path.get(), &found) < 0) {
        return {};
    }
    if (found.st_uid != ::geteuid() || (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        errno = EPERM;
        return {};
    }
    if ((found.st_mode & 07777U) != 0700 && ::chmod(proc_path(path.get()).c_str(), 0700) < 0) {
        return {};
    }
    return open_directory(path.get(), ".");
}

// With the lock, and under its name still: between its making and the lock, a sweeper may have had it.
bool take(int above, const std::string& name, const sys::UniqueFd& directory) {
    struct stat found {};
    struct stat named {};
    return directory && ::fstat(directory.get(), &found) == 0 && ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 &&
           ::fstatat(above, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == found.st_dev &&
           named.st_ino == found.st_ino;
}

sys::UniqueFd open_for(int directory, const char* name, int flags) {
    sys::UniqueFd file(
        sys::above_streams(::openat(directory, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600)));
    return file && (flags & O_CREAT) != 0 && ::fchmod(file.get(), 0600) < 0 ? sys::UniqueFd() : std::move(file);
}

// Nobody but the caller could write it, whose grants newuidmap(1) looks at.
std::optional<Record> read_ids(int directory) {
    constexpr std::size_t most = std::size_t{1} << 20U;
    const sys::UniqueFd file = open_for(directory, ids_name, O_RDONLY);
    std::string text;
    std::array<char, 4096> chunk;
    for (ssize_t got = 0; file && text.size() < most && (got = ::read(file.get(), chunk.data(), chunk.size())) > 0;) {
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    try {
        return parse_record(text);
    } catch (const BadRecord&) {
        return std::nullopt;  // nothing has been written there yet, or the machine went down
    }
}

// The ids last: until all else is gone, it may take them.
void empty(int directory) {
    for (const std::string& name : names_in(directory)) {
        if (name != ids_name) {
            remove_tree(directory, name);
        }
    }
}

// What belongs to ids that were granted asks for a user namespace that has them; most runs have none.
std::string emptied(int directory) {
    try {
        empty(directory);
        return {};
    } catch (const Problem& problem) {
        const std::optional<Record> ids = ::geteuid() == 0 ? std::nullopt : read_ids(directory);
        if (!ids) {
            return problem.what();
        }
        with_ids_of(*ids, {}, [&](const ChangeListener&) {
            try {
                empty(directory);
            } catch (const Problem& again) {
                throw Error(again.what());
            }
        });
        return {};
    }
}

// Returns what went wrong.
std::string remove_it(int above, const std::string& name, int directory) noexcept {
    try {
        std::string problem;
        try {
            problem = emptied(directory);
        } catch (const Error& error) {
            problem = error.what();
        }
        if (problem.empty()) {
            remove_tree(directory, ids_name);
            problem = ::unlinkat(above, name.c_str(), AT_REMOVEDIR) == 0 ? "" : std::strerror(errno);
        }
        return problem;
    } catch (const std::exception& error) {
        return error.what();
    }
}

// All of its patience there is once, however many there are.
class Sweep {
  public:
    Sweep(int above, const std::string& place, std::vector<std::string>& problems)
        : above_(above), place_(place), problems_(problems), deadline_(Clock::now() + patience) {}

    void one(const std::string& name);

  private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] int patience_left() const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    void report(const std::string& name, const std::string& what) const {
        problems_.push_back(spec::join(place_, name) + ": " + what);
    }

    int above_;
    const std::string& place_;
    std::vector<std::string>& problems_;
    Clock::time_point deadline_;
};

void Sweep::one(const std::string& name) {
    const sys::UniqueFd directory = open_own(above_, name);
    if (!take(above_, name, directory)) {
        return;
    }
    const std::vector<std::string> inside = names_in(directory.get());
    for (const std::string& inner : inside) {
        if (inner != ids_name && inner != holder_name && !is_number(inner)) {
            report(name, "no run has put " + inner + " there: passed over");
            return;
        }
    }
    // The first that is made there, and the last that goes.
    if (!inside.empty() && std::ranges::find(inside, ids_name) == inside.end()) {
        report(name, std::string("no run has made it, as it has no ") + ids_name + ": passed over");
        return;
    }
    const sys::UniqueFd holder = open_for(directory.get(), holder_name, O_RDONLY);
    const std::optional<pid_t> process = holder ? await_holder(holder.get(), patience_left()) : std::nullopt;
    const std::string problem = process ? "process " + std::to_string(*process) + " of it does not end"
                                        : remove_it(above_, name, directory.get());
    if (!problem.empty()) {
        report(name, "cannot be removed: " + problem);
    }
}

}  // namespace

ThrownAway::ThrownAway(const std::string& place, std::vector<IdRange> users, std::vector<IdRange> groups)
    : place_(place), above_(open_above(place)) {
    ids_.uid = ::geteuid();
    ids_.gid = ::getegid();
    ids_.users = std::move(users);
    ids_.groups = std::move(groups);
    if (!above_) {
        fail(place_, "it cannot be opened", errno);
    }
    make_directory();
    try {
        write_ids();
        holder_ = open_for(directory(), holder_name, O_RDWR | O_CREAT | O_EXCL);
        if (!holder_) {
            fail(place_, holder_name, errno);
        }
    } catch (const Error&) {
        (void)remove_it(above_.get(), name_, directory());
        throw;
    }
}

ThrownAway::~ThrownAway() {
    (void)remove_it(above_.get(), name_, directory());  // the next one tries again, and `gc` says why it cannot
}

// Closed to others from the start.
void ThrownAway::make_directory() {
    int error = EEXIST;
    for (int i = 0; i < tries; ++i) {
        name_ = random_name();
        if (::mkdirat(above_.get(), name_.c_str(), 0700) < 0) {
            error = errno;
            if (error == EEXIST) {
                continue;
            }
            break;
        }
        directory_ = open_own(above_.get(), name_);
        if (take(above_.get(), name_, directory_)) {
            path_ = spec::join(place_, name_);
            return;
        }
        error = errno;
    }
    fail(place_, "a directory there", error);
}

void ThrownAway::write_ids() const {
    const std::string text = record_text(ids_);
    const sys::UniqueFd file = open_for(directory(), ids_name, O_WRONLY | O_CREAT | O_EXCL);
    errno = file ? ENOSPC : errno;
    if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        fail(place_, ids_name, errno);
    }
}

void ThrownAway::make_layers(unsigned number, const struct stat& like) const {
    const auto make = [&](int above, const std::string& name) {
        sys::UniqueFd made;
        if (::mkdirat(above, name.c_str(), 0700) == 0) {
            made = open_own(above, name);
        }
        if (!made) {
            fail(place_, name, errno);
        }
        return made;
    };
    const sys::UniqueFd holder = make(directory(), std::to_string(number));
    (void)make(holder.get(), "work");
    const sys::UniqueFd upper = make(holder.get(), "upper");
    const std::array<timespec, 2> times = {like.st_atim, like.st_mtim};
    if (::futimens(upper.get(), times.data()) < 0) {
        fail(place_, "upper", errno);
    }
    if (const int error = dress_for(ids_, upper.get(), {like.st_mode & 07777U, like.st_uid, like.st_gid}); error != 0) {
        fail(place_, "upper", error);
    }
}

void ThrownAway::held_by(pid_t init) const {
    if (!note_holder(holder_.get(), init)) {
        fail(place_, holder_name, errno);
    }
}

void sweep_thrown_away(const std::string& place, std::vector<std::string>& problems) noexcept {
    try {
        const sys::UniqueFd above = open_above(place);
        Sweep sweep(above.get(), place, problems);
        for (const std::string& name : above ? names_in(above.get()) : std::vector<std::string>()) {
            if (is_of_ours(name)) {
                sweep.one(name);
            }
        }
    } catch (const std::exception& error) {
        problems.push_back(place + ": " + error.what());
    }
}

}  // namespace sandbox::changes
