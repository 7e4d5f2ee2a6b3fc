#include "placeholder/placeholders.hpp"

#include "placeholder/host_entry.hpp"
#include "placeholder/state.hpp"

#include <sandbox/error.hpp>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <set>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>

namespace sandbox::placeholder {
namespace {

// Directories that stay open, so that they are found again when somebody renames them. More are reached by path.
constexpr std::size_t most_open = 64;

std::string why_not(int error) {
    switch (error) {
        case EROFS:
            return "its file system is read-only on the host";
        case EACCES:
        case EPERM:
            return "the caller may not create anything in the directory above it";
        case ESTALE:
        case ENOENT:
        case ELOOP:
        case ENOTDIR:
            return "the directory above it was replaced while the sandbox started";
        case EEXIST:
            return "it was created while the sandbox started";
        default:
            return std::strerror(error);
    }
}

std::string fix_for(int error) {
    switch (error) {
        case EROFS:
        case EACCES:
        case EPERM:
            return "create it, or leave it out";
        case ESTALE:
        case ENOENT:
        case ELOOP:
        case ENOTDIR:
        case EEXIST:
            return "try again";
        case ENOSPC:
        case EDQUOT:
            return "make room on that file system";
        default:
            return "";
    }
}

Error failure(const plan::Placeholder& wanted, int error) {
    const std::string& asked = wanted.directory.asked;
    return Error((asked.empty() ? "" : asked + ": ") + "cannot hold the place of " + wanted.target +
                 ", which does not exist: " + why_not(error))
        .at({0, "placeholder", wanted.target, error})
        .with_fix(fix_for(error));
}

Error no_record(const std::string& path, int error) {
    return Error("cannot keep a record of placeholders in " + path + ": " + std::strerror(error))
        .at({0, "placeholder", path, error})
        .with_fix(fix_for(error));
}

int open_same(sys::UniqueFd opened, const plan::FileId& expected, sys::UniqueFd& directory) {
    struct stat found {};
    if (!opened || ::fstat(opened.get(), &found) < 0) {
        return errno;
    }
    if (found.st_dev != expected.device || found.st_ino != expected.inode) {
        return ESTALE;
    }
    directory = sys::above_streams(opened.release());
    return directory ? 0 : errno;
}

// From what is shown writable, whose path may have symbolic links in it, to the directory, whose way has none: somebody
// may have put one there.
int open_origin(const plan::Placeholder& wanted, sys::UniqueFd& directory) {
    sys::UniqueFd root;
    const int error = open_same(sys::UniqueFd(::open(wanted.root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
                                wanted.root.expected, root);
    if (error != 0 || wanted.way.empty()) {
        directory = std::move(root);
        return error;
    }
    std::size_t start = 0;
    sys::UniqueFd at = std::move(root);
    for (bool last = false; !last;) {
        const std::size_t slash = wanted.way.find('/', start);
        last = slash == std::string::npos;
        const std::string name = wanted.way.substr(start, last ? std::string::npos : slash - start);
        start = slash + 1;
        at = sys::UniqueFd(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!at) {
            return errno;
        }
    }
    return open_same(std::move(at), wanted.directory.expected, directory);
}

}  // namespace

void Placeholders::collect(const std::vector<plan::Placeholder>& wanted) {
    std::map<std::string, std::size_t> groups;
    for (const plan::Placeholder& placeholder : wanted) {
        const auto [found, fresh] = groups.emplace(placeholder.directory.path, record_.groups.size());
        if (fresh) {
            record_.groups.push_back({placeholder.canonical,
                                      placeholder.directory.expected.device,
                                      placeholder.directory.expected.inode,
                                      {}});
            origins_.emplace_back();
        }
        record_.groups[found->second].entries.push_back({placeholder.name, placeholder.is_directory, false, {}});
        origins_[found->second].wanted.push_back(&placeholder);
    }
}

void Placeholders::open_state() {
    std::string tried;
    int error = 0;
    for (const std::string& candidate : own_state_paths()) {
        state_ = make_state(candidate, error);
        if (state_) {
            state_path_ = candidate;
            return;
        }
        tried += (tried.empty() ? "" : ", ") + candidate + " (" +
                 (error == EPERM ? "not the caller's own, or open to others" : std::strerror(error)) + ")";
    }
    throw Error("cannot keep a record of placeholders: there is no private directory for it: " + tried)
        .at({0, "placeholder", "", error})
        .with_fix("set XDG_RUNTIME_DIR to a directory that is yours alone (mode 0700)");
}

void Placeholders::open_record() {
    static std::atomic<unsigned> counter{0};
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    // Two pid namespaces may share the directory: the time, and O_EXCL, tell equal pids apart.
    name_ = std::to_string(::getpid()) + "-" + std::to_string(now.tv_sec) + "-" + std::to_string(now.tv_nsec) + "-" +
            std::to_string(counter++);
    file_ = sys::above_streams(
        ::openat(state_.get(), name_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_ || ::flock(file_.get(), LOCK_EX | LOCK_NB) < 0) {
        throw no_record(state_path_, errno);
    }
}

void Placeholders::note(const std::string& text) {
    errno = 0;
    if (::write(file_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw no_record(state_path_, errno == 0 ? ENOSPC : errno);
    }
}

// Another sandbox's placeholder is as good as one of our own; anything else under that name has come since the plan.
int Placeholders::make_one(int directory, Entry& entry) {
    const int error = make_entry(directory, entry);
    if (error != 0 && error != EEXIST) {
        return error;
    }
    if (const int unseen = identify(directory, entry.name, entry.directory, entry.identity); unseen != 0) {
        return unseen;
    }
    if (error == EEXIST) {
        if (!others_) {
            others_ = others(name_);
        }
        if (!others_->contains(entry.identity)) {
            return EEXIST;
        }
    }
    entry.made = true;
    return 0;
}

void Placeholders::make_group(std::size_t group) {
    Group& here = record_.groups[group];
    Origin& origin = origins_[group];
    if (const int error = open_origin(*origin.wanted[0], origin.directory); error != 0) {
        throw failure(*origin.wanted[0], error);
    }
    for (std::size_t i = 0; i < here.entries.size(); ++i) {
        if (const int error = make_one(origin.directory.get(), here.entries[i]); error != 0) {
            throw failure(*origin.wanted[i], error);
        }
    }
    origin.wanted.clear();
    if (group >= most_open) {
        origin.directory.reset();
    }
}

// A directory that our own are made in may be a placeholder itself, of a sandbox that has started since the plan was
// made. Its own cannot remove it while ours are in it: who ends last does.
void Placeholders::adopt() {
    std::set<Id> directories;
    for (const Group& group : record_.groups) {
        directories.emplace(group.device, group.inode);
    }
    for (Group& group : holders_of(directories, name_)) {
        record_.groups.push_back(std::move(group));
    }
}

std::unique_ptr<Placeholders> Placeholders::make(const std::vector<plan::Placeholder>& wanted) {
    std::unique_ptr<Placeholders> made(new Placeholders);
    made->collect(wanted);
    for (;;) {
        made->open_state();
        const Lock lock(made->state_.get());
        if (!lock.ok()) {
            continue;  // its last owner has just removed it
        }
        try {
            Sweep before;
            sweep_state(made->state_.get(), made->state_path_, "", before);
            made->open_record();
            made->adopt();
            made->note(intent_text(made->record_));
            made->noted_ = noted_at(made->file_.get());
            for (std::size_t group = 0; group < made->origins_.size(); ++group) {
                made->make_group(group);
            }
            made->note(identity_text(made->record_));
        } catch (...) {
            made->remove();
            throw;
        }
        return made;
    }
}

void Placeholders::started(pid_t init) noexcept {
    record_.init = init;
    record_.init_start = start_time(init);
    const std::string text = init_text(record_);
    // Without the line a next start does not wait for init's end, which is a matter of moments.
    [[maybe_unused]] const ssize_t written = ::write(file_.get(), text.data(), text.size());
}

// The caller has the lock.
void Placeholders::remove() noexcept {
    if (!file_) {
        return;
    }
    try {
        std::vector<int> directories;
        for (const Origin& origin : origins_) {
            directories.push_back(origin.directory.get());
        }
        remove_all(record_, noted_, directories, others(name_));
    } catch (...) {
        return;  // no memory: the record stays, for the next start
    }
    ::unlinkat(state_.get(), name_.c_str(), 0);
    ::rmdir(state_path_.c_str());  // fails while there is another record
    file_.reset();
}

Placeholders::~Placeholders() {
    if (file_) {
        const Lock lock(state_.get());
        remove();
    }
}

}  // namespace sandbox::placeholder
