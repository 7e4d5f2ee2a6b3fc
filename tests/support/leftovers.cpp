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
}

// Reaps those that have ended when one of them has. All are watched: process 1 of a pid namespace ends when the last
// one in there has been reaped, which may be ours by now. False when the time is up.
bool reap_any(const std::vector<ProcessState>& children, std::chrono::steady_clock::time_point deadline) {
    std::vector<sandbox::sys::UniqueFd> pidfds;
    std::vector<pollfd> events;
    for (const ProcessState& child : children) {
        pidfds.emplace_back(static_cast<int>(syscall(SYS_pidfd_open, child.pid, 0)));
        events.push_back({pidfds.back().get(), POLLIN, 0});
    }
    const auto remaining =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (poll(events.data(), events.size(), remaining > 0 ? static_cast<int>(remaining) : 0) <= 0) {
        return false;
    }
    bool reaped = false;
    for (const ProcessState& child : children) {
        reaped = waitpid(child.pid, nullptr, WNOHANG) != 0 || reaped;
    }
    return reaped;
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
    auto deadline = std::chrono::steady_clock::now() + patience;
    bool killed = false;
    // More than once: the children of a child that ends become ours.
    for (;;) {
        std::vector<ProcessState> left = children_of(getpid());
        std::erase_if(left, [this](const ProcessState& child) { return children_.contains(child.pid); });
        if (left.empty()) {
            break;
        }
        if (reap_any(left, deadline)) {
            continue;
        }
        for (const ProcessState& child : left) {
            report_and_kill(child);
        }
        if (killed) {
            break;
        }
        killed = true;
        deadline = std::chrono::steady_clock::now() + patience;
    }
    EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts_) << "the mounts have changed";
    EXPECT_EQ(open_descriptors(), descriptors_) << "the descriptors have changed";
}

}  // namespace sandbox_test
