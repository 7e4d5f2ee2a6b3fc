#include "changes/compare.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace sandbox::changes {
namespace {

constexpr std::size_t chunk = std::size_t{128} << 10U;

// Where the next data is, for a file system that knows of holes; the end where there is none.
std::uint64_t next_data(int file, std::uint64_t at, std::uint64_t size) {
    const off_t found = ::lseek(file, static_cast<off_t>(at), SEEK_DATA);
    if (found >= 0) {
        return static_cast<std::uint64_t>(found);
    }
    return errno == ENXIO ? size : at;
}

// Less than asked for only at the end.
std::size_t read_at(int file, char* buffer, std::size_t size, std::uint64_t at) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(file, buffer + done, size - done, static_cast<off_t>(at + done));
        if (got < 0 && errno != EINTR) {
            throw Problem("it cannot be read", errno);
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    return done;
}

bool same_files(const Item& item) {
    if (item.upper.size != item.host.size) {
        return false;
    }
    if (item.upper.size == 0) {
        return true;
    }
    const sys::UniqueFd upper = open_file(item.level.upper.get(), item.name);
    sys::UniqueFd host;
    try {
        host = open_file(item.level.host.get(), item.name);
    } catch (const Problem& problem) {
        // What the caller may not read was not copied up from there.
        if (problem.error() == EACCES) {
            return false;
        }
        throw;
    }
    return is_same_content(upper.get(), host.get(), item.upper.size);
}

bool same_attributes(const Item& item) {
    std::map<std::string, std::string> upper;
    if (item.marks.attributes) {
        upper = kept_attributes(proc_path(item.level.upper.get(), item.name));
    }
    return upper == host_attributes(item);
}

}  // namespace

// A time tells nothing: the command can set it.
bool is_same_content(int one, int other, std::uint64_t size) {
    const std::unique_ptr<char[]> buffer(new char[2 * chunk]);
    const bool holes = size > chunk;
    for (std::uint64_t at = 0; at < size;) {
        if (holes) {
            at = std::min(next_data(one, at, size), next_data(other, at, size));
        }
        const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, size - at));
        const std::size_t got = read_at(one, buffer.get(), wanted, at);
        if (got != read_at(other, buffer.get() + chunk, wanted, at) ||
            std::memcmp(buffer.get(), buffer.get() + chunk, got) != 0) {
            return false;
        }
        if (got < wanted) {
            break;
        }
        at += got;
    }
    return true;
}

std::map<std::string, std::string> host_attributes(const Item& item) {
    return item.foreseen_attributes != nullptr ? *item.foreseen_attributes
                                               : kept_attributes(proc_path(item.level.host.get(), item.name));
}

Difference compare(const Item& item) {
    Difference difference;
    const Entry& upper = item.upper;
    const Entry& host = item.host;
    if (upper.type() != host.type()) {
        difference.type = true;
        return difference;
    }
    difference.owner = upper.uid != host.uid || upper.gid != host.gid;
    if (upper.is(S_IFLNK)) {
        difference.target = read_link(item.level.upper.get(), item.name) != read_link(item.level.host.get(), item.name);
        return difference;
    }
    difference.mode = upper.permissions() != host.permissions();
    if (upper.is(S_IFCHR) || upper.is(S_IFBLK)) {
        difference.target = upper.special != host.special;
        return difference;
    }
    if (upper.is(S_IFREG)) {
        difference.content = !same_files(item);
        difference.time = upper.modified != host.modified;
    }
    if (upper.is(S_IFREG) || upper.is(S_IFDIR)) {
        difference.attributes = !same_attributes(item);
    }
    return difference;
}

// The upper one was not copied up: what it was made with is known.
Difference compare_top(const Level& level, const Overlay& overlay) {
    Difference difference;
    const Entry& upper = level.upper_entry;
    const Entry& host = level.host_entry;
    difference.mode = upper.permissions() != overlay.root.mode && upper.permissions() != host.permissions();
    difference.owner = (upper.uid != overlay.root.uid && upper.uid != host.uid) ||
                       (upper.gid != overlay.root.gid && upper.gid != host.gid);
    return difference;
}

}  // namespace sandbox::changes
