// Steps that mount new file systems. See child.hpp for the rules.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <climits>
#include <cstring>

#include <sys/stat.h>

namespace sandbox::run {

int mount_fresh(const SetupState& state, const char* type, const char* const* options, const char* target,
                unsigned attributes, int* keep) noexcept {
    const int context = sys::fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        return errno;
    }
    // The name that mount(8), df(1) and findmnt(8) show as the source.
    int error = sys::fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0) < 0 ? errno : 0;
    for (; *options != nullptr && error == 0; options += 2) {
        const unsigned command = options[1] != nullptr ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        error = sys::fsconfig(context, command, options[0], options[1], 0) < 0 ? errno : 0;
    }
    int tree = -1;
    if (error == 0 && (sys::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0 ||
                       (tree = sys::fsmount(context, FSMOUNT_CLOEXEC, attributes)) < 0)) {
        error = errno;
    }
    ::close(context);
    if (error != 0) {
        return error;
    }
    error = attach(state, tree, target);
    if (error == 0 && keep != nullptr) {
        *keep = tree;
    } else {
        ::close(tree);
    }
    return error;
}

int execute(SetupState& state, const plan::MountTmpfs& step) noexcept {
    const char* options[5] = {"mode", step.mode.c_str(), nullptr, nullptr, nullptr};
    if (!step.size.empty()) {
        options[2] = "size";
        options[3] = step.size.c_str();
    }
    return mount_fresh(state, "tmpfs", options, step.target.c_str(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, nullptr);
}

int execute(SetupState& state, const plan::MakeMountPoint& step) noexcept {
    // The parent is a tmpfs that only this sandbox has: what is made in it is made nowhere else.
    const char* path = step.target.c_str();
    const char* slash = std::strrchr(path, '/');
    char parent[PATH_MAX];
    const std::size_t length = static_cast<std::size_t>(slash - path);
    if (length >= sizeof parent) {
        return ENAMETOOLONG;
    }
    std::memcpy(parent, path, length);
    parent[length] = '\0';
    const int directory = open_inside(state.root, parent);
    if (directory < 0) {
        return errno;
    }
    const int made =
        step.directory ? ::mkdirat(directory, slash + 1, 0755) : ::mknodat(directory, slash + 1, S_IFREG | 0444, 0);
    const int error = made < 0 && errno != EEXIST ? errno : 0;
    ::close(directory);
    return error;
}

int execute(SetupState& state, const plan::MountProc& step) noexcept {
    const char* const options[] = {nullptr};
    return mount_fresh(state, "proc", options, step.target.c_str(),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &state.proc);
}

int execute(SetupState& state, const plan::MountSysfs& step) noexcept {
    const char* const options[] = {nullptr};
    return mount_fresh(state, "sysfs", options, step.target.c_str(),
                       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, nullptr);
}

int execute(SetupState& state, const plan::MountDevpts& step) noexcept {
    // Every mount of devpts is an instance of its own since Linux 4.7; ptmxmode lets /dev/ptmx open it.
    const char* const options[] = {"ptmxmode", "0666", "mode", "0620", nullptr};
    return mount_fresh(state, "devpts", options, step.target.c_str(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, nullptr);
}

int execute(SetupState& state, const plan::MountMqueue& step) noexcept {
    const char* const options[] = {nullptr};
    return mount_fresh(state, "mqueue", options, step.target.c_str(),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, nullptr);
}

}  // namespace sandbox::run
