#include "run/contents.hpp"

#include "host/tree.hpp"
#include "sys/fd.hpp"

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/stat.h>

namespace sandbox::run {
namespace {

[[noreturn]] void refuse(const plan::Content& content, const std::string& why, const std::string& fix = "") {
    throw Error(content.source.asked + ": " + why).with_fix(fix);
}

std::string name_of(const plan::Content& content) {
    return content.descriptor < 0 ? content.source.path : "descriptor " + std::to_string(content.descriptor);
}

// Up to the end: a file may grow meanwhile, and a pipe has no size.
void read_all(plan::Content& content, int fd) {
    char chunk[64 * 1024];
    for (;;) {
        const ssize_t length = ::read(fd, chunk, sizeof chunk);
        if (length == 0) {
            return;
        }
        if (length < 0 && errno != EINTR) {
            refuse(content, "cannot read " + name_of(content) + ": " + std::strerror(errno));
        }
        content.bytes.append(chunk, length < 0 ? 0 : static_cast<std::size_t>(length));
        if (content.bytes.size() > file_limit) {
            refuse(content, name_of(content) + " holds more than 64 MiB, which a copy in memory may have",
                   "--ro shows a file as it is, of any size");
        }
    }
}

// Nothing but the regular file that was planned is opened: a FIFO would wait for ever, a device do something.
sys::UniqueFd open_source(const plan::Content& content) {
    const sys::UniqueFd place(::open(content.source.path.c_str(), O_PATH | O_CLOEXEC));
    const std::optional<plan::FileId> id = place ? host::identify(place.get(), "", AT_EMPTY_PATH) : std::nullopt;
    if (!id || !(*id == content.source.expected)) {
        refuse(content, name_of(content) + " was replaced by something else while the sandbox started", "try again");
    }
    const std::string again = "/proc/self/fd/" + std::to_string(place.get());
    sys::UniqueFd file(::open(again.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!file) {
        refuse(content, "cannot read " + name_of(content) + ": " + std::strerror(errno),
               errno == EACCES ? "check the permissions of the file" : "");
    }
    return file;
}

void load(plan::Content& content, std::uint32_t& mode) {
    if (content.descriptor >= 0) {
        read_all(content, content.descriptor);
        return;
    }
    const sys::UniqueFd file = open_source(content);
    struct stat entry {};
    if (content.own_mode && ::fstat(file.get(), &entry) == 0) {
        mode = entry.st_mode & 0777U;
    }
    read_all(content, file.get());
}

void load_entries(std::vector<plan::MountTmpfs::Entry>& entries) {
    for (plan::MountTmpfs::Entry& entry : entries) {
        if (entry.content) {
            load(*entry.content, entry.mode);
        }
    }
}

}  // namespace

void load_contents(plan::Plan& plan) {
    for (plan::Step& step : plan.steps) {
        if (auto* file = std::get_if<plan::ScratchFile>(&step); file != nullptr && file->content) {
            load(*file->content, file->mode);
        } else if (auto* tmpfs = std::get_if<plan::MountTmpfs>(&step)) {
            load_entries(tmpfs->entries);
        } else if (auto* overlay = std::get_if<plan::MountOverlay>(&step)) {
            load_entries(overlay->entries);
        }
    }
}

}  // namespace sandbox::run
