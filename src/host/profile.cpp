#include "host/profile.hpp"

#include "spec/escape.hpp"
#include "sys/fd.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::host {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

[[noreturn]] void refuse(const std::string& path, const std::string& why, const std::string& fix = "") {
    throw Error("--seccomp " + spec::escaped(path) + ": " + why).with_fix(fix);
}

[[noreturn]] void refuse_to_read(const std::string& path, int error) {
    refuse(path, std::string("cannot read it: ") + std::strerror(error),
           error == ENOENT ? "--seccomp takes default, strict, none or the name of a file that exists" : "");
}

}  // namespace

std::string read_profile(const std::string& path) {
    const sys::UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat entry {};
    if (!place || ::fstat(place.get(), &entry) < 0) {
        refuse_to_read(path, errno);
    }
    if (!S_ISREG(entry.st_mode)) {
        refuse(path, S_ISDIR(entry.st_mode) ? "it is a directory" : "it is no regular file",
               "write the profile into a file");
    }
    const std::string again = "/proc/self/fd/" + std::to_string(place.get());
    const sys::UniqueFd file(::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!file) {
        refuse_to_read(path, errno);
    }
    // Up to the end, whatever size it had: it may grow meanwhile.
    std::string text;
    char chunk[16 * 1024];
    for (;;) {
        const ssize_t length = ::read(file.get(), chunk, sizeof chunk);
        if (length == 0) {
            return text;
        }
        if (length < 0 && errno != EINTR) {
            refuse_to_read(path, errno);
        }
        text.append(chunk, length < 0 ? 0 : static_cast<std::size_t>(length));
        if (text.size() > most_bytes) {
            refuse(path, "it holds more than 1 MiB, which no profile does");
        }
    }
}

}  // namespace sandbox::host
