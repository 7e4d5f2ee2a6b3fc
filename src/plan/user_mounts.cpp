#include "plan/user_mounts.hpp"

#include "plan/places.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <variant>

namespace sandbox::plan {
namespace {

// Whether a relative path leaves its directory as it is written, symbolic links aside.
bool leads_upwards(const std::string& path) {
    int depth = 0;
    for (const std::string& part : spec::components(path)) {
        depth += part == ".." ? -1 : 1;
        if (depth < 0) {
            return true;
        }
    }
    return false;
}

std::string octal(std::uint32_t value) {
    std::string digits;
    for (; value != 0; value >>= 3U) {
        digits.insert(digits.begin(), static_cast<char>('0' + (value & 7U)));
    }
    return "0" + digits;
}

}  // namespace

void UserMounts::apply() {
    for (const Mount& mount : spec_.mounts) {
        std::visit([this](const auto& entry) { apply(entry); }, mount);
    }
}

// Somebody's command may have left a link in the caller's directory that leads to where it never could write.
void UserMounts::refuse_a_way_out(const Bind& bind) const {
    const std::optional<std::string> real = tree_.canonical(bind.source);
    if (bind.source.starts_with('/') || leads_upwards(bind.source) || !real || !facts_.cwd ||
        spec::is_below_or_same(*real, *facts_.cwd)) {
        return;
    }
    throw Error("cannot show " + bind.source + ": a symbolic link leads out of the current directory, to " + *real)
        .with_fix(std::string(bind.writable ? "--rw " : "--ro ") + *real + " if that is meant");
}

void UserMounts::apply(const Bind& bind) {
    const char* option = bind.writable ? "--rw " : "--ro ";
    int error = 0;
    const std::optional<FileId> id = tree_.follow(bind.source, error);
    if (!id) {
        if (bind.optional && (error == ENOENT || error == ENOTDIR)) {
            return;
        }
        throw Error("cannot show " + bind.source + " (" + option + bind.source + "): " + std::strerror(error))
            .with_fix(error == ENOENT || error == ENOTDIR
                          ? "check the path, or use " + std::string(bind.writable ? "--rw-try" : "--ro-try") +
                                " for one that may be missing"
                          : "check the permissions of the directories above it");
    }
    const bool relative = !bind.source.starts_with('/');
    refuse_a_way_out(bind);
    if (relative && !facts_.cwd) {
        throw Error("cannot show " + bind.source + " (" + option + bind.source +
                    "): the current directory has no path: " + std::strerror(facts_.cwd_error))
            .with_fix("name the source by an absolute path");
    }
    const std::string lexical = spec::absolute(facts_.cwd.value_or("/"), bind.source);
    const std::string canonical = tree_.canonical(bind.source).value_or(lexical);
    // Its own path is the one that was typed; behind `..` only the kernel knows what that is.
    const std::string own = ("/" + bind.source + "/").find("/../") == std::string::npos ? lexical : canonical;
    const std::string target = bind.target.empty() ? own : spec::absolute(facts_.cwd.value_or("/"), bind.target);
    if ((bind.target.empty() || relative) && !spec_.root && homes_.is_home_or_above(canonical, *id)) {
        throw Error(option + bind.source + " would uncover a whole home directory: " + canonical)
            .with_fix("--home rw shows the real home; or start from a directory below it, or name one");
    }
    kernel_mounts_.refuse_source(canonical, bind.writable);
    // A relative source is taken from the inherited directory, which may be out of reach by path; `/` only by path.
    const std::string source = relative && canonical != "/" ? bind.source : canonical;
    view_.bind({source, *id}, canonical, target, bind.writable ? host_writable : host_read_only);
    kernel_mounts_.guard(canonical, target, bind.writable);
}

void UserMounts::apply(const Tmpfs& tmpfs) {
    view_.mount_tmpfs(spec::absolute("/", tmpfs.target), tmpfs.size ? std::to_string(*tmpfs.size) : std::string(),
                      octal(tmpfs.mode.value_or(0755)));
}

}  // namespace sandbox::plan
