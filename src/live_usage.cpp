// What a sandbox with a name uses by now: from its cgroup, or process by process.
#include <sandbox/registry.hpp>

#include "host/tree.hpp"
#include "limits/cgroup_figures.hpp"
#include "limits/usage.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sandbox {
namespace {

LiveUsage of_cgroup(const std::string& cgroup) {
    const auto text = [&](const char* name) { return host::read_text(cgroup + "/" + name); };
    LiveUsage usage;
    usage.counted = true;
    usage.memory = limits::single_figure(text("memory.current")).value_or(0);
    usage.pids = limits::single_figure(text("pids.current")).value_or(0);
    usage.cpu_time = std::chrono::microseconds(limits::keyed_figure(text("cpu.stat"), "usage_usec").value_or(0));
    return usage;
}

// Every process of the sandbox is in the command's guest user namespace, or in one below it: those that the command
// makes are not found.
LiveUsage of_processes(std::uint64_t user_namespace) {
    LiveUsage usage;
    const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), &::closedir);
    while (const dirent* entry = processes ? ::readdir(processes.get()) : nullptr) {
        const std::string path = std::string("/proc/") + entry->d_name;
        struct stat found {};
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && ::stat((path + "/ns/user").c_str(), &found) == 0 &&
            found.st_ino == user_namespace) {
            usage.memory += limits::resident_memory(path);
            usage.cpu_time += limits::cpu_time(path);
            ++usage.pids;
        }
    }
    return usage;
}

}  // namespace

LiveUsage live_usage(const NamedSandbox& sandbox) {
    LiveUsage usage;
    if (!sandbox.cgroup.empty()) {
        usage = of_cgroup(sandbox.cgroup);
    }
    // A cgroup counts what its controllers do, and those that nobody asked for are not there.
    if (!usage.counted || usage.memory == 0 || usage.pids == 0) {
        const LiveUsage seen = of_processes(sandbox.namespaces.at(static_cast<std::size_t>(Namespace::user)).inside);
        usage.cpu_time = usage.counted ? usage.cpu_time : seen.cpu_time;
        usage.memory = usage.memory == 0 ? seen.memory : usage.memory;
        usage.pids = usage.pids == 0 ? seen.pids : usage.pids;
        usage.counted = false;
    }
    return usage;
}

}  // namespace sandbox
