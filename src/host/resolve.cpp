// RealTree::resolve(): the one walk along the path of a source. What it returns is one place, seen once: a path that
// somebody swaps meanwhile cannot make its parts come from two.
#include "host/tree.hpp"
#include "spec/paths.hpp"
#include "sys/fd.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <climits>
#include <deque>
#include <utility>

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace sandbox::host {
namespace {

constexpr int most_links = 40;  // as path_resolution(7) has it

sys::UniqueFd open_path(int directory, const char* name, int flags) {
    return sys::UniqueFd(::openat(directory, name, O_PATH | O_CLOEXEC | O_NOFOLLOW | flags));
}

struct Seen {
    plan::FileId id;
    uid_t owner = 0;
};

std::optional<Seen> look_at(const sys::UniqueFd& place) {
    struct statx entry {};
    if (::statx(place.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO | STATX_UID, &entry) < 0) {
        return std::nullopt;
    }
    return Seen{{makedev(entry.stx_dev_major, entry.stx_dev_minor), static_cast<ino_t>(entry.stx_ino),
                 static_cast<mode_t>(entry.stx_mode & S_IFMT)},
                entry.stx_uid};
}

std::string text_of(const sys::UniqueFd& link) {
    char text[PATH_MAX];
    const ssize_t length = ::readlinkat(link.get(), "", text, sizeof text);
    return length < 0 ? std::string() : std::string(text, static_cast<std::size_t>(length));
}

// `/proc/self/fd/3`, `/proc/PID/cwd`: the kernel goes to what is open there, whatever the text says.
bool is_magic(const plan::FileId& link, const std::string& text) {
    const std::optional<plan::FileId> proc = identify(AT_FDCWD, "/proc", 0);
    return proc && proc->device == link.device && (text.starts_with('/') || text.find(":[") != std::string::npos);
}

class Walk {
  public:
    Walk(const std::string& path, const LinkRule& rule) : rule_(rule) {
        for (std::string& part : spec::components(path)) {
            todo_.push_back(std::move(part));
        }
        if (path.ends_with('/')) {
            todo_.emplace_back(".");  // only a directory can have a slash behind it
        }
        go_to_start(path.starts_with('/') ? "/" : rule.cwd);
    }

    Resolution run() {
        while (!todo_.empty() && result_.error == 0 && result_.end == Resolution::End::failed) {
            const std::string part = std::move(todo_.front());
            todo_.pop_front();
            step(part);
        }
        if (result_.error != 0 || result_.end != Resolution::End::failed) {
            return std::move(result_);
        }
        const std::optional<Seen> here = look_at(at_);
        if (!here) {
            result_.error = errno;
            return std::move(result_);
        }
        return finish(*here);
    }

  private:
    void go_to_start(const std::string& canonical) {
        at_ = sys::UniqueFd(::open(canonical == "/" ? "/" : ".", O_PATH | O_CLOEXEC | O_DIRECTORY));
        result_.canonical = canonical;
        result_.error = at_ ? 0 : errno;
    }

    void step(const std::string& part) {
        const bool directory = !todo_.empty() || part == "." || part == "..";
        // O_DIRECTORY wakes an automount that the path leads through.
        sys::UniqueFd next = open_path(at_.get(), part.c_str(), directory ? O_DIRECTORY : 0);
        if (!next && errno == ENOTDIR && directory) {
            next = open_path(at_.get(), part.c_str(), 0);
        }
        const std::optional<Seen> seen = next ? look_at(next) : std::nullopt;
        if (!seen) {
            result_.error = errno;
            return;
        }
        if (S_ISLNK(seen->id.type)) {
            follow(next, *seen, spec::join(result_.canonical, part));
            return;
        }
        if (directory && !S_ISDIR(seen->id.type)) {
            result_.error = ENOTDIR;
            return;
        }
        at_ = std::move(next);
        if (part == "..") {
            result_.canonical = spec::parent(result_.canonical);
        } else if (part != ".") {
            result_.canonical = spec::join(result_.canonical, part);
        }
    }

    void follow(const sys::UniqueFd& link, const Seen& seen, const std::string& where) {
        const std::string text = text_of(link);
        result_.owner = seen.owner;
        if (++links_ > most_links || text.empty()) {
            result_.error = text.empty() ? ENOENT : ELOOP;
        } else if (is_magic(seen.id, text)) {
            stop(Resolution::End::magic, where);
        } else if (!rule_.trusts(seen.owner)) {
            stop(Resolution::End::of_another_user, where);
        } else {
            rule_.enter(where, fences_, result_.link);
            std::vector<std::string> parts = spec::components(text);
            todo_.insert(todo_.begin(), std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
            if (text.starts_with('/')) {
                go_to_start("/");
            }
        }
    }

    void stop(Resolution::End end, const std::string& where) {
        result_.end = end;
        result_.link = where;
    }

    Resolution finish(const Seen& here) {
        result_.id = here.id;
        result_.owner = here.owner;
        result_.fence = LinkRule::left(fences_, result_.canonical);
        result_.end = result_.fence.empty() ? Resolution::End::reached : Resolution::End::leads_out;
        return std::move(result_);
    }

    const LinkRule& rule_;
    std::deque<std::string> todo_;
    sys::UniqueFd at_;
    std::vector<std::string> fences_;  ///< directories that the path may not leave any more
    int links_ = 0;
    Resolution result_;
};

Resolution failed(int error) {
    Resolution result;
    result.error = error;
    return result;
}

// Most paths have no symbolic link in them: three system calls, and the path as it is written is the real one.
std::optional<Resolution> resolve_plain(const std::string& path, const LinkRule& rule) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS;
    const sys::UniqueFd place(sys::openat2(AT_FDCWD, path.c_str(), how));
    if (!place) {
        const bool walk = errno == ELOOP || errno == EAGAIN || errno == ENOSYS || errno == EPERM;
        return walk ? std::nullopt : std::optional(failed(errno));
    }
    const std::optional<Seen> seen = look_at(place);
    if (!seen) {
        return failed(errno);
    }
    Resolution result;
    result.end = Resolution::End::reached;
    result.id = seen->id;
    result.owner = seen->owner;
    result.canonical = spec::without_dots(spec::absolute(rule.cwd, path));
    return result;
}

}  // namespace

Resolution RealTree::resolve(const std::string& path, const LinkRule& rule) const {
    const std::optional<Resolution> plain = resolve_plain(path, rule);
    return plain ? *plain : Walk(path, rule).run();
}

}  // namespace sandbox::host
