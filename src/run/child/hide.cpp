// Steps that hide single files. See child.hpp for the rules.
//
// What stands in place of a hidden file is a character device 0:0, the one that everybody may make (Linux 5.8;
// overlayfs knows it as a whiteout). On a mount with nodev nobody can open it, root inside neither: EACCES.
#include "run/child/steps.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace sandbox::run {
namespace {

constexpr const char* node = "hidden";
constexpr unsigned clone_mount = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

// The node, bound onto itself with the attributes: a copy of that mount has them already, which is a system call less
// for each file that is hidden.
int make_node(int scratch) noexcept {
    if (::mknodat(scratch, node, S_IFCHR, 0) < 0) {
        return errno;
    }
    const int tree = sys::open_tree(scratch, node, clone_mount);
    if (tree < 0) {
        return errno;
    }
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int error = 0;
    if (sys::mount_setattr(tree, "", AT_EMPTY_PATH, attributes) < 0 ||
        sys::move_mount(tree, "", scratch, node, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
        error = errno;
    }
    ::close(tree);
    return error;
}

}  // namespace

int execute(SetupState& state, const plan::ScratchHidden& step) noexcept {
    return ::mknodat(state.scratch, step.path.c_str(), S_IFCHR, 0) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::Hide& step) noexcept {
    const int target = open_target(state, step.target.c_str());
    if (target < 0) {
        return errno;
    }
    int error = 0;
    int tree = sys::open_tree(state.scratch, node, clone_mount);
    if (tree < 0 && errno == ENOENT) {  // the first
        error = make_node(state.scratch);
        tree = error != 0 ? -1 : sys::open_tree(state.scratch, node, clone_mount);
    }
    if (tree < 0) {
        error = error != 0 ? error : errno;
        ::close(target);
        return error;
    }
    if (sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
        error = errno;
    }
    ::close(tree);
    ::close(target);
    return error;
}

}  // namespace sandbox::run
