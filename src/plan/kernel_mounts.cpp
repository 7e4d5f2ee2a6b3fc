#include "plan/kernel_mounts.hpp"

#include "plan/places.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <array>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

// Kernel interfaces that tell or change more than a sandbox should: as container runtimes mask them, plus the
// kernel's addresses, its build and its keys.
constexpr std::array masked = {
    "/proc/acpi",        "/proc/config.gz",     "/proc/kallsyms",    "/proc/kcore", "/proc/keys",
    "/proc/key-users",   "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",  "/proc/timer_list",
    "/proc/timer_stats", "/proc/sysrq-trigger", "/sys/firmware",
};
// What only root of the host could read anyway.
constexpr std::array masked_for_root = {
    "/proc/kpagecount",  "/proc/kpagecgroup",    "/proc/kpageflags",    "/proc/pagetypeinfo",
    "/proc/slabinfo",    "/proc/vmallocinfo",    "/sys/fs/bpf",         "/sys/fs/pstore",
    "/sys/kernel/debug", "/sys/kernel/security", "/sys/kernel/tracing", "/sys/devices/virtual/powercap",
};
constexpr std::array read_only = {"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"};

// File systems that are interfaces of the kernel: writing there asks for kuid 0, not for a capability.
constexpr std::array kernel_types = {
    "proc",       "sysfs", "cgroup",   "cgroup2", "debugfs",  "tracefs",
    "securityfs", "bpf",   "configfs", "pstore",  "efivarfs", "binfmt_misc",
};

bool is_kernel_type(const std::string& type) {
    return std::find(kernel_types.begin(), kernel_types.end(), type) != kernel_types.end();
}

}  // namespace

void protect_kernel_trees(Plan& plan, const host::Facts& facts) {
    for (const char* path : read_only) {
        plan.steps.push_back(ReadOnly{path});
    }
    for (const char* path : masked) {
        plan.steps.push_back(Mask{path});
    }
    if (facts.uid == 0 && !plan.private_ids) {
        for (const char* path : masked_for_root) {
            plan.steps.push_back(Mask{path});
        }
    }
}

void open_network_to_all(Plan& plan, const host::Facts& facts) {
    // Without a fresh /proc it is the outer one's sysctls, which a container has read-only.
    if (plan.fresh.contains(Namespace::pid) || !facts.sysctls_read_only) {
        plan.steps.push_back(Sysctl{"net/ipv4/ip_unprivileged_port_start", "0"});
        plan.steps.push_back(Sysctl{"net/ipv4/ping_group_range", "0 0"});
    }
}

void KernelMounts::guard(const std::string& canonical, const std::string& target, bool writable) {
    for (const host::MountEntry& mount : facts_.mounts) {
        if (!is_kernel_type(mount.type) || mount.target == canonical ||
            !spec::is_below_or_same(mount.target, canonical)) {
            continue;
        }
        const std::string place =
            spec::absolute("/", target + "/" + mount.target.substr(canonical == "/" ? 0 : canonical.size()));
        // Those that the plan itself shows (--share pid, --net host) have their own protection.
        const bool own = target == "/" && is_own_place(place);
        if (own || !view_.exists(place) || view_.is_private(place)) {
            continue;
        }
        if (mount.type == "proc") {
            // A single file of proc can be mounted, too.
            int error = 0;
            const std::optional<FileId> id = tree_.follow(mount.target, error);
            if (id && S_ISDIR(id->type)) {
                view_.mount_scratch(place, 0555, private_read_only);
            } else {
                plan_.steps.push_back(Mask{place});
            }
        } else if (writable) {
            plan_.steps.push_back(ReadOnly{place});
        }
    }
}

const host::MountEntry* KernelMounts::holder_of(const std::string& canonical) const {
    const host::MountEntry* holder = nullptr;
    for (const host::MountEntry& mount : facts_.mounts) {
        if (spec::is_below_or_same(canonical, mount.target) &&
            (holder == nullptr || mount.target.size() >= holder->target.size())) {
            holder = &mount;
        }
    }
    return holder;
}

void KernelMounts::refuse_source(const std::string& canonical, bool writable) const {
    const host::MountEntry* holder = holder_of(canonical);
    if (holder != nullptr && (holder->type == "proc" || (writable && is_kernel_type(holder->type)))) {
        throw Error("cannot show " + canonical + (writable ? " writable" : "") +
                    ": it is an interface of the kernel (" + holder->type + ")")
            .with_fix(holder->type == "proc" ? "--share pid shows the host's /proc, with what is dangerous covered"
                                             : "--ro shows it read-only");
    }
}

void KernelMounts::refuse_without_devices(const std::string& canonical) const {
    const host::MountEntry* holder = holder_of(canonical);
    if (holder != nullptr && holder->nodev) {
        throw Error("cannot open " + canonical + " as a device: " + holder->target + " is mounted with nodev")
            .with_fix("name the node in /dev");
    }
}

}  // namespace sandbox::plan
