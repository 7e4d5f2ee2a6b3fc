#include "support/leftovers.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "support/environment.hpp"
#include "support/processes.hpp"
#include "sys/fd.hpp"

namespace sandbox_test {
namespace {

// The namespaces of a process that are not this one's, for the failure message.
std::string foreign_namespaces(pid_t pid) {
    std::string text;
    std::error_code ignored;
    for (const char* kind : {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"}) {
        const auto link = [&](const std::string& process) {
            return std::filesystem::read_symlink("/proc/" + process + "/ns/" + kind, ignored).string();
        };
        const std::string theirs = link(std::to_string(pid));
        if (theirs != link("self")) {
            text += " " + theirs;
        }
    }
    return text;
}

void report_and_kill(const ProcessState& child) {
    std::ostringstream tree;
    for (const ProcessState& process : descendants_of(child.pid)) {
        tree << "\n  with " << process.pid << " (" << process.name << ") " << process.state;
    }
    ADD_FAILURE() << "process " << child.pid << " (" << child.name << "), state " << child.state
                  << ", is left, in the namespaces" << foreign_namespaces(child.pid) << tree.str();
    kill(child.pid, SIGKILL);
    waitpid(child.pid, nullptr, 0);
}

// Waits for the end of a child. False when the time is up.
bool reap(pid_t child, std::chrono::steady_clock::time_point deadline) {
    const sandbox::sys::UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pollfd event{pidfd.get(), POLLIN, 0};
    const auto remaining =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (poll(&event, 1, remaining > 0 ? static_cast<int>(remaining) : 0) <= 0) {
        return false;
    }
    return waitpid(child, nullptr, WNOHANG) != 0;
}

}  // namespace

std::vector<std::string> open_descriptors() {
    std::vector<std::string> open;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;  // the one that reads this directory
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (target != "/proc/" + std::to_string(getpid()) + "/fd") {
            open.push_back(entry.path().filename().string() + " -> " + target.string());
        }
    }
    return open;
}

NoLeftovers::NoLeftovers() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (const ProcessState& child : children_of(getpid())) {
        children_.insert(child.pid);
    }
    mounts_ = read_file("/proc/self/mountinfo");
    descriptors_ = open_descriptors();
}

void NoLeftovers::check() {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    // More than once: the children of a child that ends become ours.
    for (bool found = true; found;) {
        found = false;
        for (const ProcessState& child : children_of(getpid())) {
            if (children_.contains(child.pid)) {
                continue;
            }
            found = true;
            if (!reap(child.pid, deadline)) {
                report_and_kill(child);
            }
        }
    }
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts_) << "the mounts have changed";
    EXPECT_EQ(open_descriptors(), descriptors_) << "the descriptors have changed";
}

}  // namespace sandbox_test
