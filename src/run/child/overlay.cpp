// Steps that mount overlayfs. See child.hpp for the rules.
//
// overlayfs takes paths, in options in which a comma, a colon and a backslash mean something. All layers are therefore
// put into one directory of the scratch tmpfs, under fixed names, and named from there. It keeps mounts of its own of
// them: what inside is reachable of a layer is reachable through it alone.
#include "run/child/steps.hpp"
#include "sys/syscalls.hpp"

#include <cerrno>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

namespace sandbox::run {
namespace {

// Who is not inside cannot own anything there: what would be another owner's belongs to the command.
int give(int directory, uid_t user, gid_t group) noexcept {
    const int error = ::fchownat(directory, "upper", user, group, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
    return error == EINVAL || error == EOVERFLOW ? 0 : error;
}

// The directory that is written to looks like the one that it stands for.
int make_upper(int directory, int lower) noexcept {
    struct stat like {};
    if (::fstat(lower, &like) < 0) {
        return errno;
    }
    if (::mkdirat(directory, "upper", 0700) < 0) {
        return errno;
    }
    constexpr auto same = static_cast<unsigned>(-1);
    int error = give(directory, like.st_uid, same);
    error = error == 0 ? give(directory, same, like.st_gid) : error;
    if (error != 0) {
        return error;
    }
    if (::fchmodat(directory, "upper", like.st_mode & 07777U, 0) < 0) {
        return errno;
    }
    const timespec times[2] = {like.st_atim, like.st_mtim};
    return ::utimensat(directory, "upper", times, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
}

// Takes `tree` over.
int put(int tree, int directory, const char* name) noexcept {
    const int error =
        ::mkdirat(directory, name, 0700) < 0 || sys::move_mount(tree, "", directory, name, MOVE_MOUNT_F_EMPTY_PATH) < 0
            ? errno
            : 0;
    ::close(tree);
    return error;
}

// Of an earlier run's: a volatile overlay leaves a mark by which the kernel refuses to mount it again, as some of what
// was written to it may be missing after a crash of the machine. Other marks it refuses as well.
int forget_volatile(int directory) noexcept {
    ::unlinkat(directory, "written/work/work/incompat/volatile/dirty", 0);
    ::unlinkat(directory, "written/work/work/incompat/volatile", AT_REMOVEDIR);
    const bool others = ::unlinkat(directory, "written/work/work/incompat", AT_REMOVEDIR) < 0 &&
                        (errno == ENOTEMPTY || errno == EEXIST);
    return others ? ENOTEMPTY : 0;
}

// What is written to, and where the kernel prepares it: of one mount.
int make_writable_layer(SetupState& state, const plan::MountOverlay& step, int directory, int lower) noexcept {
    if (step.written) {
        int written = -1;
        int error = take_tree(state, *step.written, 0, written);
        error = error != 0 ? error : put(written, directory, "written");
        // overlayfs follows links to its layers, and a command that once could write there may have put some: they
        // would have others of the host's directories written to (ELOOP now; Linux 5.14).
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_NOSYMFOLLOW;
        error = error == 0 && sys::mount_setattr(directory, "written", 0, attributes) < 0 ? errno : error;
        return error == 0 ? forget_volatile(directory) : error;
    }
    const int error = make_upper(directory, lower);
    return error == 0 && ::mkdirat(directory, "work", 0700) < 0 ? errno : error;
}

// The kernel asks the mount of the overlay whether programs can be executed, not those of its layers.
void keep_noexec(int layer, std::uint64_t& bits) noexcept {
    struct statfs flags {};
    if (::fstatfs(layer, &flags) == 0 && (flags.f_flags & ST_NOEXEC) != 0) {
        bits |= MOUNT_ATTR_NOEXEC;
    }
}

int make_lower_layers(SetupState& state, const plan::MountOverlay& step, int directory, std::uint64_t& bits) noexcept {
    char name[] = "layer-00";
    int number = 0;
    for (const plan::BindMount& layer : step.layers) {
        int tree = -1;
        if (const int error = take_tree(state, layer, 0, tree); error != 0) {
            return error;
        }
        keep_noexec(tree, bits);
        ++number;
        name[6] = static_cast<char>('0' + number / 10);
        name[7] = static_cast<char>('0' + number % 10);
        if (const int error = put(tree, directory, name); error != 0) {
            return error;
        }
    }
    return 0;
}

int make_layers(SetupState& state, const plan::MountOverlay& step, int directory, std::uint64_t& bits) noexcept {
    int lower = -1;
    int error = step.hollow ? open_source(state, step.lower.source, lower) : take_tree(state, step.lower, 0, lower);
    if (error != 0) {
        return error;
    }
    keep_noexec(lower, bits);
    error = make_lower_layers(state, step, directory, bits);
    if (error == 0 && !step.lower.attributes.read_only) {
        error = make_writable_layer(state, step, directory, lower);
    }
    if (error == 0 && !step.hollow) {
        return put(lower, directory, "lower");
    }
    ::close(lower);
    return error;
}

int make_own_layer(const plan::MountOverlay& step, int directory) noexcept {
    if (::mkdirat(directory, "own", 0755) < 0) {
        return errno;
    }
    const int own = ::openat(directory, "own", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = own < 0 ? errno : 0;
    for (const plan::MountTmpfs::Entry& entry : step.entries) {
        if (error == 0) {
            error = make_entry(own, entry);
        }
    }
    if (own >= 0) {
        ::close(own);
    }
    return error;
}

// `names` and the layer of the sandbox's own below all of them, where there is one.
struct LowerNames {
    char text[1024];
    explicit LowerNames(const plan::MountOverlay& step) noexcept {
        std::size_t length = 0;
        const auto add = [&](const char* name) {
            for (; *name != '\0' && length + 1 < sizeof text; ++name) {
                text[length++] = *name;
            }
        };
        add(step.hollow ? "own" : step.names.c_str());
        if (!step.hollow && !step.entries.empty()) {
            add(":own");
        }
        text[length] = '\0';
    }
};

int set(int context, const char* key, const char* value) noexcept {
    return sys::fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) < 0 ? errno : 0;
}

// userxattr (Linux 5.11): what it notes of directories and files goes into user.*, as trusted.* asks for capabilities
// over the host. index would be for layers that are mounted again elsewhere.
int configure(int context, const plan::MountOverlay& step) noexcept {
    const LowerNames lower(step);
    int error = sys::fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) < 0 ? errno : 0;
    error = error == 0 ? set(context, "source", "overlay") : error;
    error = error == 0 ? set(context, "index", "off") : error;
    error = error == 0 ? set(context, "lowerdir", lower.text) : error;
    if (error == 0 && !step.lower.attributes.read_only) {
        error = set(context, "upperdir", step.written ? "written/upper" : "upper");
        error = error == 0 ? set(context, "workdir", step.written ? "written/work" : "work") : error;
    }
    // Linux 5.10. Else fsync(2) waits for the disk, and the end of the mount for all that anybody has written to that
    // file system. What is kept is on the disk when all else is that nobody waits for.
    if (error == 0 && step.written) {
        error = sys::fsconfig(context, FSCONFIG_SET_FLAG, "volatile", nullptr, 0) < 0 ? errno : 0;
    }
    return error;
}

// Where it cannot make what it needs in the work directory, the kernel shows the overlay read-only, and says so to its
// log alone.
bool is_read_only(int tree) noexcept {
    struct statfs flags {};
    return ::fstatfs(tree, &flags) == 0 && (flags.f_flags & ST_RDONLY) != 0;
}

int mount_layers(const plan::MountOverlay& step, std::uint64_t bits, int& tree) noexcept {
    const int context = sys::fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0) {
        return errno;
    }
    int error = configure(context, step);
    if (error == 0 && (sys::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0 ||
                       (tree = sys::fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(bits))) < 0)) {
        error = errno;
    }
    ::close(context);
    if (error == 0 && !step.lower.attributes.read_only && is_read_only(tree)) {
        ::close(tree);
        tree = -1;
        error = EROFS;
    }
    return error;
}

int attach_overlay(SetupState& state, int tree, const char* target) noexcept {
    const int error = attach(state, tree, target);
    if (error == 0 && target[0] == '/' && target[1] == '\0') {
        state.root = tree;  // stands over the one before
        return 0;
    }
    ::close(tree);
    return error;
}

}  // namespace

int execute(SetupState& state, const plan::MountOverlay& step) noexcept {
    std::uint64_t bits = attribute_bits(step.lower.attributes);
    if (::mkdirat(state.scratch, step.scratch.c_str(), 0700) < 0) {
        return errno;
    }
    const int directory = ::openat(state.scratch, step.scratch.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return errno;
    }
    int error = make_layers(state, step, directory, bits);
    if (error == 0 && (step.hollow || !step.entries.empty())) {
        error = make_own_layer(step, directory);
    }
    if (error == 0 && ::fchdir(directory) < 0) {
        error = errno;
    }
    int tree = -1;
    if (error == 0) {
        error = mount_layers(step, bits, tree);
    }
    ::close(directory);
    return error == 0 ? attach_overlay(state, tree, step.lower.target.c_str()) : error;
}

}  // namespace sandbox::run
