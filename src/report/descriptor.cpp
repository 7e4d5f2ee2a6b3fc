#include "report/descriptor.hpp"

#include "sys/quiet_write.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::report {

void keep_for_writing(const std::string& option, int descriptor) {
    const std::string number = std::to_string(descriptor);
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0) {
        throw Error(option + ": the descriptor is not open").with_fix("open it, as with " + number + ">FILE");
    }
    struct stat entry {};
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY || ::fstat(descriptor, &entry) < 0 ||
        S_ISDIR(entry.st_mode)) {
        throw Error(option + ": the descriptor is not open for writing")
            .with_fix("open it, as with " + number + ">FILE");
    }
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) {
        throw Error(option + ": it cannot be kept from the command");
    }
}

int write_all(int descriptor, const std::string& text) noexcept {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t written = sys::write_quietly(descriptor, text.data() + done, text.size() - done);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        done += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
    return 0;
}

}  // namespace sandbox::report
