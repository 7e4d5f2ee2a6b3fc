#include "run/overlay_failure.hpp"

#include "host/mountinfo.hpp"
#include "host/tree.hpp"
#include "spec/paths.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <sys/statvfs.h>
#include <sys/utsname.h>

namespace sandbox::run {
namespace {

constexpr std::array good_for_changes = {"ext4", "xfs", "btrfs", "tmpfs", "f2fs", "bcachefs", "zfs"};

bool kernel_before(int major, int minor) {
    utsname system{};
    ::uname(&system);
    int found_major = 0;
    int found_minor = 0;
    return std::sscanf(system.release, "%d.%d", &found_major, &found_minor) == 2 &&
           (found_major < major || (found_major == major && found_minor < minor));
}

// What an overlay takes to begin with are a handful of files.
bool is_full(const std::string& directory) {
    constexpr unsigned handful = 16;
    struct statvfs system {};
    return ::statvfs(directory.c_str(), &system) == 0 &&
           (system.f_bavail < handful || (system.f_files != 0 && system.f_favail < handful));
}

std::string place_of(const plan::Plan& plan, const plan::MountOverlay& overlay) {
    return overlay.thrown_away_in.empty() ? plan.written->canonical : overlay.thrown_away_in;
}

OverlayCause unfit(const plan::Plan& plan, const plan::MountOverlay& overlay) {
    if (plan.private_ids && kernel_before(5, 19)) {
        return {"before Linux 5.19, an overlay cannot be mounted so that files keep their owners",
                "--map-users real, with which root inside is root of the host"};
    }
    const std::string lower = type_of_file_system(overlay.canonical);
    if (overlay.written && overlay.thrown_away_in.empty()) {
        const std::string upper = type_of_file_system(plan.written->canonical);
        if (std::ranges::find(good_for_changes, upper) == good_for_changes.end()) {
            return {"the file system of " + plan.written->canonical + " (" + upper + ") cannot hold changes",
                    "--changes DIR on ext4, xfs, btrfs or tmpfs; in a container, on a volume"};
        }
    }
    return {"the file system of " + overlay.canonical + " (" + lower +
                ") can be no layer of an overlay, or a file system is mounted below it that was not there before",
            "--rw writes to it, --tmpfs gives an empty directory"};
}

}  // namespace

std::string type_of_file_system(const std::string& path) {
    const std::vector<host::MountEntry> mounts = host::parse_mountinfo(host::read_text("/proc/self/mountinfo"));
    const host::MountEntry* const holder = host::mount_holding(mounts, path);
    return holder == nullptr ? "unknown" : holder->type;
}

std::optional<OverlayCause> overlay_cause(const plan::Plan& plan, const plan::MountOverlay& overlay, int error) {
    switch (error) {
        case EINVAL:
            return unfit(plan, overlay);
        case ELOOP:
            return OverlayCause{
                "a directory that is written to would lie in one that is only read, or a link stands in its place",
                "--changes DIR in another place"};
        case ENODEV:
            return OverlayCause{"the kernel has no overlayfs", "sudo modprobe overlay"};
        case ESTALE:
            return OverlayCause{overlay.lower.source.path +
                                    (overlay.written ? " or " + overlay.written->source.path : std::string()) +
                                    " was replaced by something else while the sandbox started",
                                "try again"};
        case EBUSY:
            return OverlayCause{
                "another overlay uses " + (overlay.written ? overlay.written->source.path : overlay.lower.source.path),
                "wait for its end"};
        case ENOSPC:
        case EROFS:
            if (overlay.written && is_full(place_of(plan, overlay))) {
                return OverlayCause{"the file system of " + place_of(plan, overlay) + " is full",
                                    overlay.thrown_away_in.empty()
                                        ? "make room there"
                                        : "make room there, or set TMPDIR to a directory on another disk"};
            }
            if (error == ENOSPC) {
                return std::nullopt;
            }
            if (!overlay.written) {
                return OverlayCause{"the private tmpfs is full", "a larger --tmp-size, or end other programs"};
            }
            return OverlayCause{"the kernel cannot prepare in " + overlay.written->source.path +
                                    "/work what is written, and would show it read-only",
                                "another directory"};
        case ENOTEMPTY:
            return overlay.written
                       ? std::optional(OverlayCause{
                             overlay.written->source.path +
                                 "/work/work/incompat has marks that no run of sandbox leaves, for which the kernel "
                                 "refuses to write there",
                             "another directory"})
                       : std::nullopt;
        default:
            return std::nullopt;
    }
}

}  // namespace sandbox::run
