#include "cli/status.hpp"

#include "spec/namespaces.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox::cli {

std::string ready_line(pid_t pid, const Trace& trace) {
    std::string text = R"({"event":"ready","pid":)" + std::to_string(pid) + R"(,"namespaces":{)";
    bool first = true;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const std::uint64_t inode = trace.namespaces.at(static_cast<std::size_t>(row.kind)).inside;
        if (inode != 0) {
            text += (first ? "\"" : ",\"") + std::string(row.name) + "\":" + std::to_string(inode);
            first = false;
        }
    }
    return text + "}}\n";
}

std::string ended_line(const Outcome& outcome) {
    std::string text = R"({"event":"ended","exit":)" + std::to_string(outcome.exit_status());
    if (outcome.kind == Outcome::Kind::signaled) {
        text += R"(,"signal":)" + std::to_string(outcome.value);
    }
    return text + "}\n";
}

std::string failed_line(int exit_status) {
    return R"({"event":"failed","exit":)" + std::to_string(exit_status) + "}\n";
}

StatusLines::StatusLines(int descriptor) : descriptor_(descriptor) {
    const std::string option = "--status-fd " + std::to_string(descriptor);
    const int flags = ::fcntl(descriptor, F_GETFL);
    if (flags < 0) {
        throw Error(option + ": the descriptor is not open")
            .with_fix("open it, as with " + std::to_string(descriptor) + ">FILE");
    }
    struct stat entry {};
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY || ::fstat(descriptor, &entry) < 0 ||
        S_ISDIR(entry.st_mode)) {
        throw Error(option + ": the descriptor is not open for writing")
            .with_fix("open it, as with " + std::to_string(descriptor) + ">FILE");
    }
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) {
        throw Error(option + ": it cannot be kept from the command");
    }
}

void StatusLines::write(const std::string& line) const {
    // While the command runs all signals are blocked, and this one is passed over where it is our own.
    struct sigaction ignored {};
    struct sigaction former {};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignored, &former);
    while (::write(descriptor_, line.data(), line.size()) < 0 && errno == EINTR) {
    }
    ::sigaction(SIGPIPE, &former, nullptr);
}

}  // namespace sandbox::cli
