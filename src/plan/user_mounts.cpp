#include "plan/user_mounts.hpp"

#include "plan/hides.hpp"
#include "plan/places.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

constexpr std::size_t longest_path = 4095;  // PATH_MAX counts the NUL

std::string octal(std::uint32_t value) {
    std::string digits;
    for (; value != 0; value >>= 3U) {
        digits.insert(digits.begin(), static_cast<char>('0' + (value & 7U)));
    }
    return "0" + digits;
}

const char* kind_of(mode_t type) {
    switch (type) {
        case S_IFREG:
            return "a regular file";
        case S_IFDIR:
            return "a directory";
        case S_IFIFO:
            return "a FIFO";
        case S_IFSOCK:
            return "a socket";
        default:
            return "a device";
    }
}

}  // namespace

void UserMounts::apply() {
    for (const Mount& mount : spec_.mounts) {
        asked_ = as_asked(mount);
        view_.at(++number_, asked_);
        try {
            std::visit([this](const auto& entry) { apply(entry); }, mount);
        } catch (const Error& error) {
            const std::string_view what = error.what();
            if (what.starts_with(asked_)) {
                throw;
            }
            throw Error(asked_ + ": " + error.what()).with_fix(error.fix());
        }
    }
    view_.at(number_ + 1, "");
}

std::string UserMounts::inside(const std::string& target) const {
    if (!target.starts_with('/') && !facts_.cwd) {
        throw Error(std::string("the current directory has no path: ") + std::strerror(facts_.cwd_error))
            .with_fix("name the target by an absolute path");
    }
    std::string path = spec::absolute(facts_.cwd.value_or("/"), target);
    if (!spec::fits(path)) {
        throw Error("the target is too long").with_fix("a name has at most 255 bytes and a path 4095");
    }
    return path;
}

void UserMounts::refuse_whole_home(const Sources::Found& found, const char* showing_it) const {
    if (!spec_.root && homes_.is_home_or_above(found.canonical, found.id) &&
        !homes_.is_runtime_directory(found.canonical)) {
        throw Error(asked_ + " would uncover a whole home directory: " + found.canonical)
            .with_fix(spec_.home == Home::isolated
                          ? std::string(showing_it) + "; or start from a directory below it, or name one"
                          : "name a directory below it");
    }
}

// An earlier --hide holds for what is shown later, too.
void UserMounts::hide_before(const std::string& canonical) {
    for (const sandbox::Hide* hidden : hidden_) {
        plan::hide_before(view_, facts_, tree_, hidden->path, canonical);
    }
}

void UserMounts::apply(const Bind& bind) {
    // Protected before it exists, as `--rw . --ro .git/hooks` means it.
    if (!bind.writable && !bind.optional && bind.target.empty() && facts_.cwd && sources_.is_missing(bind.source) &&
        view_.hold_missing(spec::absolute(*facts_.cwd, bind.source), bind.source.ends_with('/'))) {
        return;
    }
    const std::optional<Sources::Found> found = sources_.find(bind.source, asked_, bind.optional);
    if (!found) {
        return;
    }
    const std::string target = bind.target.empty() ? found->own_path : inside(bind.target);
    if (bind.target.empty() || !bind.source.starts_with('/')) {
        refuse_whole_home(*found, "--home rw shows the real home");
    }
    kernel_mounts_.refuse_source(found->canonical, bind.writable);
    if (S_ISDIR(found->id.type)) {
        hide_before(found->canonical);
    }
    const Source source{found->reach, found->id, asked_};
    view_.bind(source, found->canonical, target, bind.writable ? host_writable : host_read_only,
               view_.id_mapped({source, false, bind.optional && !bind.writable}));
    kernel_mounts_.guard(found->canonical, target, bind.writable);
}

void UserMounts::apply(const Tmpfs& tmpfs) {
    const std::string target = inside(tmpfs.target);
    view_.mount_tmpfs(target, tmpfs.size ? std::to_string(*tmpfs.size) : std::string(),
                      octal(tmpfs.mode.value_or(0755)), asked_);
    view_.hand_over(target);
}

void UserMounts::apply(const Directory& directory) {
    view_.make_directory(inside(directory.target), directory.mode.value_or(0755));
}

void UserMounts::apply(const Symlink& link) {
    if (link.text.size() > longest_path) {
        throw Error("what the link leads to is too long").with_fix("a path has at most 4095 bytes");
    }
    view_.make_symlink(inside(link.path), link.text);
}

void UserMounts::apply(const FileCopy& file) {
    const std::optional<Sources::Found> found = sources_.find(file.source, asked_, false);
    if (!S_ISREG(found->id.type)) {
        throw Error("cannot copy " + file.source + ": it is " + kind_of(found->id.type))
            .with_fix("--ro shows it as it is");
    }
    kernel_mounts_.refuse_source(found->canonical, false);
    Content content{.source = {found->reach, found->id, asked_}, .own_mode = !file.mode};
    view_.make_file(inside(file.target), file.mode.value_or(0), std::move(content));
}

void UserMounts::apply(const FileData& file) {
    Content content{.source = {"", {}, asked_}, .descriptor = file.descriptor};
    view_.make_file(inside(file.target), file.mode.value_or(0644), std::move(content));
}

void UserMounts::apply(const Device& wanted) {
    const std::optional<Sources::Found> found = sources_.find(wanted.source, asked_, wanted.optional);
    if (!found) {
        return;
    }
    if (!S_ISCHR(found->id.type) && !S_ISBLK(found->id.type)) {
        throw Error("cannot open " + wanted.source + " as a device: it is " + kind_of(found->id.type))
            .with_fix(S_ISDIR(found->id.type) ? "name the devices in it one by one" : "--ro or --rw shows it");
    }
    kernel_mounts_.refuse_without_devices(found->canonical);
    const std::string target = wanted.target.empty() ? found->own_path : inside(wanted.target);
    view_.bind({found->reach, found->id, asked_}, found->canonical, target, device);
    view_.add_landlock_rule(view_.resolve(target));
}

void UserMounts::apply(const Overlay& overlay) {
    if (is_whole_tree(overlay, facts_)) {
        return;  // the root of the view is one from the start
    }
    const std::optional<Sources::Found> found = sources_.find(overlay.path, asked_, false);
    if (!S_ISDIR(found->id.type)) {
        throw Error("cannot make " + overlay.path + " writable: it is " + kind_of(found->id.type))
            .with_fix("name the directory that it is in; --file takes a copy of a file");
    }
    // What is left out of a home that is shown is left out of an overlay of it, too. It is where the home is, also if
    // HOME is a link to it.
    const bool home = spec_.home != Home::isolated && found->canonical == homes_.own();
    const std::string& target = home ? found->canonical : found->own_path;
    if (!home) {
        refuse_whole_home(*found, "--home ro beside it shows the real home, without its credential stores");
    }
    kernel_mounts_.refuse_source(found->canonical, true);
    hide_before(found->canonical);
    overlays_.show({found->reach, found->id, asked_}, found->canonical, target);
    kernel_mounts_.guard(found->canonical, target, false);
}

bool is_whole_tree(const Overlay& overlay, const host::Facts& facts) {
    return (overlay.path.starts_with('/') || facts.cwd) && spec::absolute(facts.cwd.value_or("/"), overlay.path) == "/";
}

bool overlays_whole_tree(const Spec& spec, const host::Facts& facts) {
    return std::ranges::any_of(spec.mounts, [&](const Mount& mount) {
        const auto* overlay = std::get_if<Overlay>(&mount);
        return overlay != nullptr && is_whole_tree(*overlay, facts);
    });
}

void UserMounts::apply(const sandbox::Hide& hidden) {
    hide(view_, facts_, tree_, hidden.path, number_, learnt_, view_.news());
    hidden_.push_back(&hidden);
}

}  // namespace sandbox::plan
