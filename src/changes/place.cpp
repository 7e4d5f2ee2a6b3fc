#include "changes/place.hpp"

#include "changes/remove.hpp"
#include "spec/paths.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace sandbox::changes {
namespace {

constexpr const char* cannot = "it cannot be put on the host";

[[noreturn]] void fail(int error) {
    throw Problem(cannot, error);
}

bool is_not_allowed(int error) {
    return error == EPERM || error == EINVAL || error == EOPNOTSUPP || error == EACCES;
}

std::array<timespec, 2> times_of(const Look& look) {
    return {timespec{look.accessed.seconds, static_cast<long>(look.accessed.nanoseconds)},
            timespec{look.modified.seconds, static_cast<long>(look.modified.nanoseconds)}};
}

// umask(2) tells it only by setting it, for all threads.
mode_t own_umask() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("Umask:")) {
            return static_cast<mode_t>(std::strtoul(line.c_str() + 6, nullptr, 8));
        }
    }
    return 0777;
}

sys::UniqueFd open_itself(int directory, const std::string& name) {
    sys::UniqueFd file(sys::above_streams(::openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)));
    if (!file) {
        fail(errno);
    }
    return file;
}

}  // namespace

/// The temporary name, which is gone at the end, whatever happens.
class Placer::Temporary {
  public:
    Temporary(Journal& journal, const Item& item) : directory_(item.level.host.get()), name_(journal.temporary()) {
        // A default access control list, or what a security module has for it.
        if (!item.level.gives_attributes) {
            const std::string path = proc_path(directory_);
            item.level.gives_attributes =
                ::getxattr(path.c_str(), "system.posix_acl_default", nullptr, 0) >= 0 || errno == EACCES;
        }
        journal.enter(spec::parent(item.path));
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary() {
        if (stands_) {
            try {
                remove_tree(directory_, name_);
            } catch (const Problem&) {
                return;  // the next apply tries again
            }
        }
    }
    [[nodiscard]] int directory() const { return directory_; }
    [[nodiscard]] const char* name() const { return name_.c_str(); }
    /// Makes it. What an apply that was killed has left under that name goes first.
    template <class Make>
    auto make(Make call) {
        auto made = call(directory_, name_.c_str());
        if (made < 0 && errno == EEXIST) {
            remove_tree(directory_, name_);
            made = call(directory_, name_.c_str());
        }
        if (made < 0) {
            fail(errno);
        }
        stands_ = true;
        return made;
    }
    void stands() { stands_ = true; }
    void is_gone() { stands_ = false; }

  private:
    int directory_;
    std::string name_;
    bool stands_ = false;
};

Placer::Placer(Journal& journal, std::function<void(const std::string&, const std::string&)> limited,
               std::function<void(std::uint64_t)> copied)
    : journal_(journal),
      limited_(std::move(limited)),
      copier_(std::move(copied)),
      uid_(::geteuid()),
      gid_(::getegid()),
      umask_(own_umask()) {}

void Placer::limit(const std::string& path, const std::string& why) {
    was_limited_ = true;
    if (!std::exchange(said_[why], true)) {
        limited_(path, why);
    }
}

bool Placer::change_owner(const std::string& path, int file, const Look& look) {
    if (::fchownat(file, "", look.uid, look.gid, AT_EMPTY_PATH) == 0) {
        return true;
    }
    if (!is_not_allowed(errno)) {
        fail(errno);
    }
    limit(path, "its owner stays the caller's, who may not give files to " + std::to_string(look.uid) + ":" +
                    std::to_string(look.gid) + "; so do others'");
    return false;
}

void Placer::change_mode(int file, mode_t mode) {
    if (::fchmod(file, mode) < 0 && (errno != EBADF || ::chmod(proc_path(file).c_str(), mode) < 0)) {
        fail(errno);
    }
}

void Placer::change_times(int file, const Look& look) {
    const std::array<timespec, 2> times = times_of(look);
    if (::utimensat(file, "", times.data(), AT_EMPTY_PATH) < 0 &&
        ::utimensat(AT_FDCWD, proc_path(file).c_str(), times.data(), 0) < 0) {
        fail(errno);
    }
}

void Placer::change_attributes(const std::string& path, int file, const Look& look, bool has_some) {
    const std::string itself = proc_path(file);
    for (const std::string& name : has_some ? attribute_names_through(itself) : std::vector<std::string>()) {
        if (is_kept_attribute(name) && !look.attributes.contains(name) &&
            ::removexattr(itself.c_str(), name.c_str()) < 0 && errno != ENODATA) {
            if (is_full(errno)) {
                fail(errno);
            }
            limit(path, "its attribute " + name + " cannot be removed: " + std::strerror(errno));
        }
    }
    for (const auto& [name, value] : look.attributes) {
        if (::setxattr(itself.c_str(), name.c_str(), value.data(), value.size(), 0) < 0) {
            if (!is_not_allowed(errno)) {
                fail(errno);
            }
            limit(path, "its attribute " + name + " cannot be set: " + std::strerror(errno) + "; nor can others'");
        }
    }
}

// What a new file gets at once where nobody else's powers are in it, nor anything that has to be set before. 0:
// nothing.
mode_t Placer::mode_to_make(const Item& item, const Look& look) const {
    const bool own = look.uid == uid_ && look.gid == gid_ && (item.level.host_entry.mode & S_ISGID) == 0;
    const bool plain = (look.mode & ~static_cast<mode_t>(0777)) == 0 && (look.mode & umask_) == 0;
    return own && plain && look.attributes.empty() && !item.level.gives_attributes.value_or(true) ? look.mode : 0;
}

// The owner first, as a change of it takes set-id bits and capabilities; an access control list before the mode, which
// is a part of it.
void Placer::dress(const Item& item, int file, const Look& look, mode_t made_with) {
    was_limited_ = false;
    if (made_with == 0) {
        mode_t mode = look.mode;
        if (!change_owner(item.path, file, look)) {
            mode &= ~static_cast<mode_t>(S_ISUID | S_ISGID);  // of somebody else they mean something else
        }
        change_attributes(item.path, file, look, item.level.gives_attributes.value_or(true));
        change_mode(file, mode);
    }
    change_times(file, look);
    note_limited(file);
}

// It would look like somebody else's, should this process be killed when it has its name and is not noted yet. A
// directory is noted anyway.
void Placer::note_limited(int file) {
    if (was_limited_) {
        journal_.note_name_goes(changes::look(file));
    }
}

void Placer::make_file(const Item& item, const Look& look) {
    const sys::UniqueFd from = open_file(item.level.upper.get(), item.name);
    const mode_t mode = mode_to_make(item, look);
    Temporary temporary(journal_, item);
    const sys::UniqueFd to(sys::above_streams(temporary.make([&](int directory, const char* name) {
        return ::openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode == 0 ? 0600 : mode);
    })));
    copier_.copy(from.get(), to.get(), item.upper.size);
    dress(item, to.get(), look, mode);
    put(item, temporary);
}

void Placer::make_directory(const Item& item, const Look& look) {
    Temporary temporary(journal_, item);
    temporary.make([](int directory, const char* name) { return ::mkdirat(directory, name, 0700); });
    const sys::UniqueFd made = open_path(temporary.directory(), temporary.name());
    if (!made) {
        fail(errno);
    }
    dress(item, made.get(), look);
    // Before it has its name, from when on it may be the last that is done.
    journal_.note_unfinished(changes::look(made.get()));
    put(item, temporary);
}

void Placer::make_link(const Item& item, const Look& look) {
    const std::string target = read_link(item.level.upper.get(), item.name);
    Temporary temporary(journal_, item);
    temporary.make([&](int directory, const char* name) { return ::symlinkat(target.c_str(), directory, name); });
    const sys::UniqueFd made = open_itself(temporary.directory(), temporary.name());
    was_limited_ = false;
    (void)change_owner(item.path, made.get(), look);
    const std::array<timespec, 2> times = times_of(look);
    if (::utimensat(temporary.directory(), temporary.name(), times.data(), AT_SYMLINK_NOFOLLOW) < 0) {
        fail(errno);
    }
    note_limited(made.get());
    put(item, temporary);
}

void Placer::make_special(const Item& item, const Look& look) {
    Temporary temporary(journal_, item);
    const mode_t type = item.upper.type();
    temporary.make([&](int directory, const char* name) { return ::mknodat(directory, name, type | 0600, 0); });
    dress(item, open_itself(temporary.directory(), temporary.name()).get(), look);
    put(item, temporary);
}

bool Placer::make_name(const Item& item, const std::string& first, const Entry& file) {
    const sys::UniqueFd holder = open_canonical(spec::parent(first));
    const std::string leaf = first.substr(first.rfind('/') + 1);
    Temporary temporary(journal_, item);
    try {
        temporary.make(
            [&](int directory, const char* name) { return ::linkat(holder.get(), leaf.c_str(), directory, name, 0); });
    } catch (const Problem& problem) {
        if (is_full(problem.error())) {
            throw;  // a copy in its place would stay one, also when there is room
        }
        return false;
    }
    if (!changes::look(temporary.directory(), temporary.name()).is_same(file)) {
        return false;
    }
    put(item, temporary);
    // Where both are names of one file already, rename(2) does nothing.
    if (::unlinkat(temporary.directory(), temporary.name(), 0) < 0 && errno != ENOENT) {
        fail(errno);
    }
    return true;
}

void Placer::remove(const Item& item) {
    const int directory = item.level.host.get();
    if (!item.host.is(S_IFDIR)) {
        if (::unlinkat(directory, item.name.c_str(), 0) < 0 && errno != ENOENT) {
            throw Problem("it cannot be removed", errno);
        }
        return;
    }
    Temporary temporary(journal_, item);
    if (::renameat(directory, item.name.c_str(), directory, temporary.name()) == 0) {
        temporary.stands();
        remove_tree(directory, temporary.name());
        temporary.is_gone();
        return;
    }
    // A directory below which something is mounted stays; one of an overlay's lower tree cannot be renamed.
    if (errno != EXDEV) {
        throw Problem("it cannot be removed", errno);
    }
    journal_.note_unfinished(item.host);
    remove_tree(directory, item.name);
}

void Placer::put(const Item& item, Temporary& temporary) {
    const int directory = temporary.directory();
    if (item.host.exists && (item.host.is(S_IFDIR) || item.upper.is(S_IFDIR))) {
        swap(item);
    } else if (item.host.exists) {
        if (::renameat(directory, temporary.name(), directory, item.name.c_str()) < 0) {
            fail(errno);
        }
    } else if (::renameat2(directory, temporary.name(), directory, item.name.c_str(), RENAME_NOREPLACE) < 0) {
        if (errno == EEXIST) {
            throw Problem("the host has made something of that name meanwhile", 0, ChangeNote::Kind::conflict);
        }
        if (errno != EINVAL || ::renameat(directory, temporary.name(), directory, item.name.c_str()) < 0) {
            fail(errno);
        }
    }
    temporary.is_gone();
}

// What is there gets the temporary name, and goes. Where the file system cannot do that at once, it goes first.
void Placer::swap(const Item& item) {
    const int directory = item.level.host.get();
    const char* const temporary = journal_.temporary().c_str();
    const char* const name = item.name.c_str();
    if (::renameat2(directory, temporary, directory, name, RENAME_EXCHANGE) == 0) {
        remove_tree(directory, temporary);
        return;
    }
    if (errno != EINVAL && errno != EXDEV && errno != ENOSYS) {
        fail(errno);
    }
    journal_.note_unfinished(item.host);
    remove_tree(directory, item.name);
    if (::renameat(directory, temporary, directory, name) < 0) {
        fail(errno);
    }
}

void Placer::clear(int directory) {
    remove_tree(directory, journal_.temporary());
}

}  // namespace sandbox::changes
