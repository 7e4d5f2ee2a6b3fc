#include "plan/sources.hpp"

#include "plan/environment.hpp"
#include "plan/hides.hpp"
#include "plan/overload.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

namespace sandbox::plan {
namespace {

// What a file system that is gone answers, beside the usual.
bool is_gone(int error) {
    return error == ENOENT || error == ENOTDIR || error == ENOTCONN || error == ESTALE || error == EHOSTDOWN ||
           error == ENODEV || error == ENXIO || error == ETIMEDOUT;
}

std::string fix_for(int error, const std::string& asked) {
    const std::string option = asked.substr(0, asked.find(' '));
    switch (error) {
        case ENOENT:
        case ENOTDIR:
        case ETIMEDOUT:
            return option == "--ro" || option == "--rw" || option == "--device"
                       ? "check the path, or use " + option + "-try for one that may be missing"
                       : "check the path";
        case ELOOP:
            return "a symbolic link on the way leads back to itself: name what is meant";
        case ENAMETOOLONG:
            return "a name has at most 255 bytes and a path 4095";
        case EACCES:
            return "check the permissions of the directories above it";
        default:
            return "";
    }
}

Error refused(const std::string& asked, const std::string& source, const host::Resolution& found,
              const std::string& real) {
    const std::string what = asked + ": cannot show " + source + ": the symbolic link " + found.link;
    const std::string fix = real.empty() ? "" : "name it by its real path, " + real + ", if that is meant";
    switch (found.end) {
        case host::Resolution::End::leads_out:
            return Error(what + " leads out of " + found.fence + ", to " + found.canonical).with_fix(fix);
        case host::Resolution::End::of_another_user:
            return Error(what + " belongs to another user (" + std::to_string(found.owner) + ")").with_fix(fix);
        default:
            return Error(what + " is one of /proc, which leads to what is open and not to a path")
                .with_fix("name the file by its path; --data FD:DST takes what a descriptor has to say");
    }
}

}  // namespace

Sources::Sources(const Spec& spec, const host::Facts& facts, const host::Tree& tree)
    : facts_(facts), tree_(tree), state_(state_directories(facts, tree)) {
    rule_.uid = facts.uid;
    rule_.unmapped = facts.unmapped_uid;
    rule_.cwd = facts.cwd.value_or("/");
    if (facts.cwd) {
        rule_.fences.push_back(*facts.cwd);
    }
    std::vector<std::string> writable;
    const auto add = [&](const std::string& source) {
        const host::Resolution found = tree_.resolve(source, rule_);  // the fences are not complete yet
        if (found.end == host::Resolution::End::reached) {
            writable.push_back(found.canonical);
        }
    };
    for (const Mount& mount : spec.mounts) {
        if (const Bind* bind = std::get_if<Bind>(&mount); bind != nullptr && bind->writable) {
            add(bind->source);
        }
    }
    if (spec.home == Home::writable) {
        add(find_variable(facts.environment, "HOME").value_or("/"));
    }
    rule_.fences.insert(rule_.fences.end(), writable.begin(), writable.end());
}

const host::Resolution& Sources::resolve(const std::string& source) const {
    const auto known = resolved_.find(source);
    return known != resolved_.end() ? known->second
                                    : resolved_.emplace(source, tree_.resolve(source, rule_)).first->second;
}

std::optional<Sources::Found> Sources::find(const std::string& source, const std::string& asked, bool optional) const {
    const host::Resolution& found = resolve(source);
    if (found.end == host::Resolution::End::failed) {
        if (optional && is_gone(found.error)) {
            return std::nullopt;
        }
        const bool silent = found.error == ETIMEDOUT && !found.link.empty();
        throw Error(
            asked + ": cannot show " + source + ": " +
            (silent ? "the file system mounted at " + found.link + " does not answer" : std::strerror(found.error)))
            .with_fix(fix_for(found.error, asked));
    }
    if (found.end != host::Resolution::End::reached) {
        throw refused(asked, source, found, tree_.canonical(source).value_or(""));
    }
    for (const std::string& directory : state_) {
        if (spec::is_below_or_same(found.canonical, directory)) {
            throw Error(asked + ": cannot show " + source + ": " + directory +
                        " is where the caller's sandboxes are found, and nobody inside may reach it")
                .with_fix("leave it out");
        }
    }
    const bool relative = !source.starts_with('/');
    if (relative && !facts_.cwd) {
        throw Error(asked + ": cannot show " + source +
                    ": the current directory has no path: " + std::strerror(facts_.cwd_error))
            .with_fix("name the source by an absolute path");
    }
    const std::string lexical = spec::absolute(facts_.cwd.value_or("/"), source);
    // Behind `..` only the walk knows what was typed.
    const std::string own = ("/" + source + "/").find("/../") == std::string::npos ? lexical : found.canonical;
    // A relative source is taken from the inherited directory, which may be out of reach by path; `/` only by path.
    return Found{found.id, found.canonical, own, relative && found.canonical != "/" ? source : found.canonical};
}

std::optional<std::uint32_t> Sources::owner(const std::string& source) const {
    const host::Resolution& found = resolve(source);
    return found.end == host::Resolution::End::reached ? std::optional(found.owner) : std::nullopt;
}

bool Sources::is_missing(const std::string& source) const {
    const host::Resolution& found = resolve(source);
    return found.end == host::Resolution::End::failed && found.error == ENOENT;
}

std::string as_asked(const Mount& mount) {
    const auto with = [](std::string first, const std::string& rest) {
        return rest.empty() ? first : std::move(first) + ":" + rest;
    };
    return std::visit(
        Overload{
            [&](const Bind& bind) {
                return std::string(bind.writable ? "--rw" : "--ro") + (bind.optional ? "-try " : " ") +
                       with(bind.source, bind.target);
            },
            [](const Tmpfs& tmpfs) { return "--tmpfs " + tmpfs.target; },
            [](const Directory& directory) { return "--dir " + directory.target; },
            [&](const Symlink& link) { return "--symlink " + with(link.text, link.path); },
            [&](const FileCopy& file) { return "--file " + with(file.source, file.target); },
            [&](const FileData& file) { return "--data " + with(std::to_string(file.descriptor), file.target); },
            [&](const Device& wanted) {
                return std::string(wanted.optional ? "--device-try " : "--device ") +
                       with(wanted.source, wanted.target);
            },
            [](const sandbox::Hide& hidden) { return "--hide " + hidden.path; },
            [](const Overlay& overlay) { return "--overlay " + overlay.path; },
        },
        mount);
}

}  // namespace sandbox::plan
