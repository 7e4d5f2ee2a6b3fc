// Steps that mount new file systems. See child.hpp for the rules.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace sandbox::run {

int make_fresh(const char* type, const char* const* options, unsigned attributes, int& tree) noexcept {
    const int context = sys::fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        return errno;
    }
    // The name that mount(8), df(1) and findmnt(8) show as the source.
    int error = sys::fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0) < 0 ? errno : 0;
    for (; *options != nullptr && error == 0; options += 2) {
        error = sys::fsconfig(context, FSCONFIG_SET_STRING, options[0], options[1], 0) < 0 ? errno : 0;
    }
    if (error == 0 && (sys::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0 ||
                       (tree = sys::fsmount(context, FSMOUNT_CLOEXEC, attributes)) < 0)) {
        error = errno;
    }
    ::close(context);
    return error;
}

namespace {

int attach_made(const SetupState& state, int tree, const char* target, int* keep) noexcept {
    const int error = attach(state, tree, target);
    if (error == 0 && keep != nullptr) {
        *keep = tree;
    } else {
        ::close(tree);
    }
    return error;
}

}  // namespace

int mount_fresh(const SetupState& state, const char* type, const char* const* options, const char* target,
                unsigned attributes, int* keep) noexcept {
    int tree = -1;
    const int error = make_fresh(type, options, attributes, tree);
    return error != 0 ? error : attach_made(state, tree, target, keep);
}

int make_entry(int tree, const plan::MountTmpfs::Entry& entry) noexcept {
    const char* path = entry.path.c_str();
    if (S_ISDIR(entry.type)) {
        return ::mkdirat(tree, path, entry.mode) < 0 ? errno : 0;
    }
    if (S_ISLNK(entry.type)) {
        return ::symlinkat(entry.text.c_str(), tree, path) < 0 ? errno : 0;
    }
    return make_file(tree, path, entry.mode, entry.content ? &*entry.content : nullptr);
}

int execute(SetupState& state, const plan::MountTmpfs& step) noexcept {
    const char* options[5] = {"mode", step.mode.c_str(), nullptr, nullptr, nullptr};
    if (!step.size.empty()) {
        options[2] = "size";
        options[3] = step.size.c_str();
    }
    int tree = -1;
    int error = make_fresh("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, tree);
    for (const plan::MountTmpfs::Entry& entry : step.entries) {
        if (error == 0) {
            error = make_entry(tree, entry);
        }
    }
    if (error == 0) {
        error = attach(state, tree, step.target.c_str());
    }
    if (tree >= 0) {
        ::close(tree);
    }
    return error;
}

int execute(SetupState& state, const plan::MountProc& step) noexcept {
    if (state.context.views.proc >= 0) {  // of the joined pid namespace
        return attach_made(state, state.context.views.proc, step.target.c_str(), &state.proc);
    }
    const char* const options[] = {nullptr};
    return mount_fresh(state, "proc", options, step.target.c_str(),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &state.proc);
}

int execute(SetupState& state, const plan::MountSysfs& step) noexcept {
    if (state.context.views.sysfs >= 0) {  // of the joined network namespace
        return attach_made(state, state.context.views.sysfs, step.target.c_str(), &state.sysfs);
    }
    const char* const options[] = {nullptr};
    return mount_fresh(state, "sysfs", options, step.target.c_str(),
                       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, &state.sysfs);
}

int execute(SetupState& state, const plan::MountCgroup& step) noexcept {
    const char* const options[] = {nullptr};
    return mount_fresh(state, "cgroup2", options, step.target.c_str(),
                       MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, nullptr);
}

int make_devpts(int& tree) noexcept {
    // Every mount of devpts is an instance of its own since Linux 4.7; ptmxmode lets /dev/ptmx open it.
    const char* const options[] = {"ptmxmode", "0666", "mode", "0620", nullptr};
    return make_fresh("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, tree);
}

int execute(SetupState& state, const plan::MountDevpts& step) noexcept {
    int tree = state.context.devpts;
    state.context.devpts = -1;
    int error = tree >= 0 ? 0 : make_devpts(tree);
    if (error != 0) {
        return error;
    }
    error = attach(state, tree, step.target.c_str());
    ::close(tree);
    return error;
}

int execute(SetupState& state, const plan::MountMqueue& step) noexcept {
    if (state.context.views.mqueue >= 0) {  // of the joined ipc namespace
        return attach_made(state, state.context.views.mqueue, step.target.c_str(), nullptr);
    }
    const char* const options[] = {nullptr};
    return mount_fresh(state, "mqueue", options, step.target.c_str(),
                       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, nullptr);
}

}  // namespace sandbox::run
