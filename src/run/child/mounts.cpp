// Steps that build the tree: binds, private directories, masks, the new root. See child.hpp for the rules.
#include "run/child/steps.hpp"
#include "run/child/walk.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>
#include <cstring>
#include <iterator>

#include <sys/mount.h>
#include <sys/stat.h>

namespace sandbox::run {
namespace {

constexpr unsigned clone_tree = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

// Bits are only ever added, which every user namespace may do, also where the source's own flags are locked.
int add_attributes(int tree, std::uint64_t bits, unsigned flags) noexcept {
    if (bits == 0) {
        return 0;
    }
    mount_attr attributes{};
    attributes.attr_set = bits;
    return sys::mount_setattr(tree, "", AT_EMPTY_PATH | flags, attributes) < 0 ? errno : 0;
}

// Takes `tree` over: it is closed in every case.
int finish(const SetupState& state, int tree, std::uint64_t bits, unsigned flags, const char* target) noexcept {
    if (tree < 0) {
        return errno;
    }
    int error = add_attributes(tree, bits, flags);
    if (error == 0) {
        error = attach(state, tree, target);
    }
    ::close(tree);
    return error;
}

int copy_old_root(SetupState& state, unsigned copies) noexcept {
    for (; state.old_root_count < copies; ++state.old_root_count) {
        if (state.old_root_count == std::size(state.old_roots)) {
            return E2BIG;
        }
        const int tree = sys::open_tree(AT_FDCWD, "/", clone_tree | AT_RECURSIVE);
        if (tree < 0) {
            return errno;
        }
        state.old_roots[state.old_root_count] = tree;
    }
    return 0;
}

// A detached tree can be attached once; a copy of it cannot be made before Linux 6.15.
int take_old_root(SetupState& state) noexcept {
    if (state.old_root_count == 0) {
        errno = EBUSY;
        return -1;
    }
    return state.old_roots[--state.old_root_count];
}

int empty_directory(const SetupState& state) noexcept {
    if (state.scratch >= 0) {
        return sys::open_tree(state.scratch, "empty", clone_tree);
    }
    const int context = sys::fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) {
        return -1;
    }
    int tree = -1;
    if (sys::fsconfig(context, FSCONFIG_SET_STRING, "size", "4k", 0) == 0 &&
        sys::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) {
        tree = sys::fsmount(context, FSMOUNT_CLOEXEC, 0);
    }
    const int error = errno;
    ::close(context);
    errno = error;
    return tree;
}

int bind_onto_itself(const SetupState& state, const char* path, std::uint64_t bits) noexcept {
    const int target = open_target(state, path);
    if (target < 0) {
        return errno;
    }
    const int tree = sys::open_tree(target, "", clone_tree | AT_EMPTY_PATH | AT_RECURSIVE);
    int error = tree < 0 ? errno : add_attributes(tree, bits, AT_RECURSIVE);
    if (error == 0 && sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
        error = errno;
    }
    if (tree >= 0) {
        ::close(tree);
    }
    ::close(target);
    return error;
}

// The launcher decided from what it saw there: something else under that name is somebody's trick, or at best news.
int recognise(int tree, const plan::Source& source) noexcept {
    plan::FileId now;
    const int error = identify(tree, now);
    return error != 0 ? error : now == source.expected ? 0 : ESTALE;
}

// On the host entries come and go all the time, and what stands in for one that is gone is empty. Where their directory
// is gone, or another one, all of them would be.
bool is_gone_alone(const SetupState& state, const plan::BindMount& bind) noexcept {
    const char* const path = bind.source.path.c_str();
    std::size_t length = bind.source.path.size();
    while (length > 0 && path[length - 1] != '/') {
        --length;
    }
    char above[4096];
    if (length == 0 || length >= sizeof above) {
        return false;
    }
    std::memcpy(above, path, length);
    above[length] = '\0';
    const int directory = ::openat(*path == '/' ? AT_FDCWD : state.context.cwd, above, O_PATH | O_CLOEXEC);
    plan::FileId now;
    const bool same = directory >= 0 && identify(directory, now) == 0 && bind.beside == now;
    if (directory >= 0) {
        ::close(directory);
    }
    return same;
}

// Takes `mount_point` over: it is closed in every case.
int attach_at(int mount_point, int tree) noexcept {
    if (mount_point < 0) {
        return errno;
    }
    const int moved = sys::move_mount(tree, "", mount_point, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    const int error = moved < 0 ? errno : 0;
    ::close(mount_point);
    return error;
}

// The launcher has made the trees, with their attributes: init has no power over the file systems of the host. Whoever
// owns the first, which is attached by then, may have put a link there since, to have another place of the inside
// covered by one of the others: below it no link is followed.
int attach_trees(SetupState& state, const plan::BindMount& bind) noexcept {
    const InitProgram& program = state.program;
    int top = -1;
    int error = bind.beside ? 0 : ESTALE;
    for (; state.next_tree < program.tree_count; ++state.next_tree) {
        const TreePart& part = program.trees[state.next_tree];
        if (part.bind != &bind) {
            break;
        }
        if (top < 0) {
            error = recognise(part.tree, bind.source);
            error = error == EACCES ? 0 : error;  // nothing to say to these ids; the launcher has looked at it
            error = error == 0 ? attach(state, part.tree, bind.target.c_str()) : error;
            top = part.tree;
        } else {
            error = attach_at(open_without_links(top, part.below), part.tree);
            error = error == ELOOP ? ESTALE : error;
            ::close(part.tree);
        }
        if (error != 0) {
            break;
        }
    }
    if (top >= 0) {
        ::close(top);
    }
    return error;
}

}  // namespace

std::uint64_t attribute_bits(const plan::MountAttributes& attributes) noexcept {
    return (attributes.read_only ? std::uint64_t{MOUNT_ATTR_RDONLY} : 0) |
           (attributes.nosuid ? std::uint64_t{MOUNT_ATTR_NOSUID} : 0) |
           (attributes.nodev ? std::uint64_t{MOUNT_ATTR_NODEV} : 0) |
           (attributes.noexec ? std::uint64_t{MOUNT_ATTR_NOEXEC} : 0);
}

int open_target(const SetupState& state, const char* path) noexcept {
    constexpr const char* proc = "/proc/";
    constexpr const char* sysfs = "/sys/";
    if (state.proc >= 0 && std::strncmp(path, proc, std::strlen(proc)) == 0) {
        return open_inside(state.proc, path + std::strlen(proc));
    }
    if (state.sysfs >= 0 && std::strncmp(path, sysfs, std::strlen(sysfs)) == 0) {
        return open_inside(state.sysfs, path + std::strlen(sysfs));
    }
    return open_inside(state.root, path);
}

int attach(const SetupState& state, int tree, const char* target) noexcept {
    return attach_at(open_inside(state.root, target), tree);
}

int execute(SetupState&, const plan::PrivatePropagation&) noexcept {
    mount_attr attributes{};
    attributes.propagation = MS_PRIVATE;
    return sys::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, attributes) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::MakeScratch& step) noexcept {
    if (const int failed = copy_old_root(state, step.root_copies); failed != 0) {
        return failed;
    }
    const int context = sys::fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) {
        return errno;
    }
    int error = 0;
    if (sys::fsconfig(context, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0 ||
        sys::fsconfig(context, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
        (!step.size.empty() && sys::fsconfig(context, FSCONFIG_SET_STRING, "size", step.size.c_str(), 0) < 0) ||
        (!step.entries.empty() &&
         sys::fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", step.entries.c_str(), 0) < 0) ||
        sys::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0 ||
        (state.scratch = sys::fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)) < 0) {
        error = errno;
    }
    ::close(context);
    if (error != 0) {
        return error;
    }
    // Over the old root, not below it: no directory of the host is needed for it, lookups from our root do not cross
    // it, and it goes away with the old root. It has to be attached somewhere: only an attached tree can be cloned
    // from.
    if (sys::move_mount(state.scratch, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0) {
        return errno;
    }
    return ::mkdirat(state.scratch, "empty", 0555) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::ScratchDirectory& step) noexcept {
    return ::mkdirat(state.scratch, step.path.c_str(), step.mode) < 0 ? errno : 0;
}

int make_file(int directory, const char* path, mode_t mode, const plan::Content* content) noexcept {
    if (content == nullptr) {
        return ::mknodat(directory, path, S_IFREG | mode, 0) < 0 ? errno : 0;
    }
    const int file = ::openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int error = file < 0 ? errno : 0;
    for (std::size_t done = 0; error == 0 && done < content->bytes.size();) {
        const ssize_t written = ::write(file, content->bytes.data() + done, content->bytes.size() - done);
        error = written < 0 ? errno : 0;
        done += written < 0 ? 0 : static_cast<std::size_t>(written);
    }
    if (file >= 0) {
        ::close(file);
    }
    return error;
}

int execute(SetupState& state, const plan::ScratchFile& step) noexcept {
    return make_file(state.scratch, step.path.c_str(), step.mode, step.content ? &*step.content : nullptr);
}

int execute(SetupState& state, const plan::ScratchSymlink& step) noexcept {
    return ::symlinkat(step.text.c_str(), state.scratch, step.path.c_str()) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::MountRoot& step) noexcept {
    const int tree = sys::open_tree(state.scratch, step.scratch.c_str(), clone_tree);
    if (tree < 0) {
        return errno;
    }
    state.root = tree;
    const int error = add_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0);
    if (error != 0) {
        return error;
    }
    return sys::move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::KeepRoot&) noexcept {
    // A program with file capabilities that are not in the bounding set could not be executed (EPERM): they shall count
    // for nothing, as everywhere else.
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NOSUID;
    if (sys::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, attributes) < 0) {
        return errno;
    }
    state.root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return state.root < 0 ? errno : 0;
}

int execute(SetupState& state, const plan::MountScratch& step) noexcept {
    return finish(state, sys::open_tree(state.scratch, step.scratch.c_str(), clone_tree),
                  attribute_bits(step.attributes), 0, step.target.c_str());
}

int take_tree(SetupState& state, const plan::BindMount& bind, unsigned flags, int& tree) noexcept {
    const char* path = bind.source.path.c_str();
    if (bind.id_mapped >= 0) {
        const InitProgram& program = state.program;
        if (state.next_tree == program.tree_count || program.trees[state.next_tree].bind != &bind) {
            return ESTALE;
        }
        tree = program.trees[state.next_tree++].tree;
    } else if (*path != '/' && state.context.cwd < 0) {
        return EACCES;
    } else if (path[0] == '/' && path[1] == '\0' && flags != 0) {
        tree = take_old_root(state);
    } else {
        tree = sys::open_tree(*path == '/' ? AT_FDCWD : state.context.cwd, path, clone_tree | flags | AT_NO_AUTOMOUNT);
    }
    if (tree < 0) {
        return errno;
    }
    int error = recognise(tree, bind.source);
    // A file system of root's own (FUSE) says nothing to other ids, and shows them nothing.
    if (error == EACCES && state.program.take_ids) {
        error = 0;
    }
    if (error != 0) {
        ::close(tree);
        tree = -1;
    }
    return error;
}

int open_source(const SetupState& state, const plan::Source& source, int& found) noexcept {
    const bool relative = source.path.c_str()[0] != '/';
    if (relative && state.context.cwd < 0) {
        return EACCES;
    }
    found = ::openat(relative ? state.context.cwd : AT_FDCWD, source.path.c_str(), O_PATH | O_CLOEXEC);
    int error = found < 0 ? errno : recognise(found, source);
    if (error != 0 && found >= 0) {
        ::close(found);
        found = -1;
    }
    return error;
}

int execute(SetupState& state, const plan::BindMount& step) noexcept {
    if (step.id_mapped >= 0) {
        return attach_trees(state, step);
    }
    int tree = -1;
    if (const int error = take_tree(state, step, AT_RECURSIVE, tree); error != 0) {
        return error == ENOENT && is_gone_alone(state, step) ? 0 : error;
    }
    return finish(state, tree, attribute_bits(step.attributes), AT_RECURSIVE, step.target.c_str());
}

int execute(SetupState& state, const plan::Mask& step) noexcept {
    const int target = open_target(state, step.target.c_str());
    if (target < 0) {
        return errno == ENOENT ? 0 : errno;
    }
    struct stat entry {};
    int error = ::fstat(target, &entry) < 0 ? errno : 0;
    if (error == 0) {
        // A device node behind nodev cannot be opened at all (EACCES).
        const int tree =
            S_ISDIR(entry.st_mode) ? empty_directory(state) : sys::open_tree(AT_FDCWD, "/dev/null", clone_tree);
        error = tree < 0 ? errno
                         : add_attributes(
                               tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0);
        if (error == 0 &&
            sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0) {
            error = errno;
        }
        if (tree >= 0) {
            ::close(tree);
        }
    }
    ::close(target);
    return error;
}

int execute(SetupState& state, const plan::ReadOnly& step) noexcept {
    const int error = bind_onto_itself(state, step.target.c_str(), MOUNT_ATTR_RDONLY);
    return error == ENOENT ? 0 : error;
}

int execute(SetupState& state, const plan::Pin& step) noexcept {
    return bind_onto_itself(state, step.target.c_str(), 0);
}

int execute(SetupState& state, const plan::PivotRoot&) noexcept {
    // The scratch tmpfs leaves its place over the old `/`: what is detached below is the topmost mount there. Every
    // source has been resolved by now, so any directory of the old tree will do.
    if (sys::move_mount(state.scratch, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH) < 0) {
        return errno;
    }
    // pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one and is detached from there.
    if (::fchdir(state.root) < 0 || sys::pivot_root(".", ".") < 0 || ::umount2(".", MNT_DETACH) < 0 ||
        ::chdir("/") < 0) {
        return errno;
    }
    return 0;
}

int execute(SetupState& state, const plan::ChangeOwner& step) noexcept {
    const int target = open_target(state, step.target.c_str());
    if (target < 0) {
        return errno;
    }
    const int error = ::fchownat(target, "", step.user, step.group, AT_EMPTY_PATH) < 0 ? errno : 0;
    ::close(target);
    return error;
}

}  // namespace sandbox::run
