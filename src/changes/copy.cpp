#include "changes/copy.hpp"

#include "changes/entry.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sandbox::changes {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} << 10U;
constexpr std::uint64_t lump = std::uint64_t{16} << 20U;
constexpr std::uint64_t page = 4096;
constexpr const char* cannot = "it cannot be written";

// What has no holes that are worth a look is read in one piece.
constexpr std::uint64_t small = std::uint64_t{64} << 10U;

bool is_not_possible(int error) {
    return error == EOPNOTSUPP || error == EXDEV || error == EINVAL || error == ENOSYS || error == ENOTTY ||
           error == EPERM || error == EBADF || error == EISDIR || error == ETXTBSY;
}

}  // namespace

Copier::Copier(std::function<void(std::uint64_t)> copied)
    : copied_(std::move(copied)), buffer_(new char[buffer_size]) {}

void Copier::copy(int from, int to, std::uint64_t size) {
    if (size <= page) {
        copy_data(from, to, 0, size);
        return;
    }
    if (size > small && share(from, to, size)) {
        return;
    }
    std::uint64_t end = 0;
    while (end < size) {
        const off_t data = ::lseek(from, static_cast<off_t>(end), SEEK_DATA);
        if (data < 0 && errno == ENXIO) {
            break;
        }
        const off_t hole = data < 0 ? -1 : ::lseek(from, data, SEEK_HOLE);
        const std::uint64_t start = data < 0 ? end : static_cast<std::uint64_t>(data);
        end = hole < 0 ? size : std::min(static_cast<std::uint64_t>(hole), size);
        copy_data(from, to, start, end);
    }
    if (::ftruncate(to, static_cast<off_t>(size)) < 0) {
        throw Problem(cannot, errno);
    }
}

bool Copier::share(int from, int to, std::uint64_t size) {
    if (!may_share_) {
        return false;
    }
    if (::ioctl(to, FICLONE, from) == 0) {
        copied_(size);
        return true;
    }
    may_share_ = !is_not_possible(errno);
    return false;
}

void Copier::copy_data(int from, int to, std::uint64_t at, std::uint64_t end) {
    // A small file is read and written sooner than the kernel has set up a copy.
    if (end - at > small) {
        while (at < end && copy_in_kernel(from, to, at, end)) {
        }
    }
    while (at < end) {
        const std::size_t got = copy_some(from, to, at, end);
        if (got == 0) {
            break;  // it has become shorter
        }
        at += got;
    }
}

bool Copier::copy_in_kernel(int from, int to, std::uint64_t& at, std::uint64_t end) {
    if (!may_in_kernel_) {
        return false;
    }
    auto source = static_cast<off_t>(at);
    auto target = static_cast<off_t>(at);
    const ssize_t got = ::copy_file_range(from, &source, to, &target, std::min(lump, end - at), 0);
    if (got < 0 && errno != EINTR) {
        if (!is_not_possible(errno)) {
            throw Problem(cannot, errno);
        }
        may_in_kernel_ = false;
    }
    if (got <= 0) {
        return got < 0 && may_in_kernel_;
    }
    at += static_cast<std::uint64_t>(got);
    copied_(static_cast<std::uint64_t>(got));
    return true;
}

std::size_t Copier::copy_some(int from, int to, std::uint64_t at, std::uint64_t end) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_size, end - at));
    ssize_t got = 0;
    while ((got = ::pread(from, buffer_.get(), wanted, static_cast<off_t>(at))) < 0) {
        if (errno != EINTR) {
            throw Problem("it cannot be read", errno);
        }
    }
    for (ssize_t written = 0; written < got;) {
        const ssize_t now = ::pwrite(to, buffer_.get() + written, static_cast<std::size_t>(got - written),
                                     static_cast<off_t>(at) + written);
        if (now < 0 && errno != EINTR) {
            throw Problem(cannot, errno);
        }
        written += std::max<ssize_t>(now, 0);
    }
    copied_(static_cast<std::uint64_t>(got));
    return static_cast<std::size_t>(got);
}

}  // namespace sandbox::changes
