#include "plan/homes.hpp"

#include "plan/aliases.hpp"
#include "plan/credentials.hpp"
#include "plan/environment.hpp"
#include "spec/passwd.hpp"
#include "spec/paths.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

std::string rest_of(const std::string& path, const std::string& prefix) {
    return prefix == "/" ? path : path.substr(prefix.size());
}

std::string joined(const std::string& base, const std::string& rest) {
    return rest.empty() || rest == "/" ? base : base == "/" ? rest : base + rest;
}

// Accounts of services live in directories of the system, which are no homes.
bool is_system_directory(const std::string& path) {
    static constexpr std::array system = {"/bin", "/dev",  "/etc", "/lib", "/proc",
                                          "/run", "/sbin", "/sys", "/usr", "/var/run"};
    return !path.starts_with('/') || path == "/" ||
           std::any_of(system.begin(), system.end(),
                       [&](const char* directory) { return spec::is_below_or_same(path, directory); });
}

}  // namespace

Homes::Homes(const host::Facts& facts, const host::Tree& tree) : tree_(&tree) {
    if (tree.may_be_silent()) {
        refuse_silent(facts, "HOME");
        refuse_silent(facts, "XDG_RUNTIME_DIR");
    }
    hide("/home", true);
    hide("/root", false);
    if (const std::string listed = spec::passwd_home(facts.passwd, facts.uid); !is_system_directory(listed)) {
        hide(listed, false);
    }
    const std::string variable = find_variable(facts.environment, "HOME").value_or("");
    if (!is_system_directory(variable)) {
        const std::size_t known = hidden_.size();
        hide(variable, false);
        int error = 0;
        const std::optional<FileId> id = tree.follow(variable, error);
        const std::optional<std::string> canonical = tree.canonical(variable);
        named_ = hidden_.size() > known || (id && S_ISDIR(id->type) && canonical && *canonical != "/");
        own_ = named_ && canonical ? *canonical : own_;
    }
    // The sockets of the caller's session: hidden as a home is, wherever it lies.
    if (const std::string runtime = find_variable(facts.environment, "XDG_RUNTIME_DIR").value_or("");
        runtime.starts_with('/')) {
        hide(runtime, false);
        runtime_directory_ = tree.canonical(runtime).value_or(runtime);
    }
    hide_copies(facts.mounts);
}

// What cannot be looked at cannot be hidden. The mount point itself can be.
void Homes::refuse_silent(const host::Facts& facts, const char* name) const {
    const std::string path = find_variable(facts.environment, name).value_or("");
    try {
        int error = 0;
        static_cast<void>(path.starts_with('/') && tree_->follow(path, error));
    } catch (const host::Silent& silent) {
        throw Error(std::string(name) + "=" + path + ": the file system mounted at " + silent.mount() +
                    " does not answer")
            .with_fix("unmount it, or set " + std::string(name) + " to another directory");
    }
}

void Homes::hide(const std::string& path, bool holds_homes, const std::string& part_of) {
    int error = 0;
    const std::optional<FileId> id = tree_->follow(path, error);
    const std::optional<std::string> canonical = tree_->canonical(path);
    if (!id || !S_ISDIR(id->type) || !canonical || *canonical == "/") {
        return;
    }
    if (std::none_of(hidden_.begin(), hidden_.end(), [&](const Hidden& known) { return known.path == *canonical; })) {
        hidden_.push_back({*canonical, *id, holds_homes, part_of});
    }
}

// The same tree can be mounted twice (mount --bind /home /mnt).
void Homes::hide_copies(const std::vector<host::MountEntry>& mounts) {
    const Aliases aliases(mounts);
    const std::vector<Hidden> originals = hidden_;
    for (const Hidden& hidden : originals) {
        for (const Aliases::Alias& alias : aliases.of(hidden.path)) {
            const bool part = !alias.part_of.empty();
            const bool whole = part && hidden.holds_homes && spec::parent(alias.part_of) == hidden.path;
            hide(alias.path, !part && hidden.holds_homes, whole ? std::string() : alias.part_of);
        }
    }
}

bool Homes::is_home_or_above(const std::string& canonical, const FileId& id) const {
    return std::any_of(hidden_.begin(), hidden_.end(), [&](const Hidden& hidden) {
        return (hidden.part_of.empty() && spec::is_below_or_same(hidden.path, canonical)) ||
               (hidden.part_of.empty() && hidden.id.device == id.device && hidden.id.inode == id.inode) ||
               (hidden.holds_homes && spec::parent(canonical) == hidden.path);
    });
}

bool Homes::is_part(const std::string& canonical) const {
    return std::any_of(hidden_.begin(), hidden_.end(),
                       [&](const Hidden& hidden) { return !hidden.part_of.empty() && hidden.path == canonical; });
}

bool Homes::contains(const std::string& canonical) const {
    return std::any_of(hidden_.begin(), hidden_.end(),
                       [&](const Hidden& hidden) { return spec::is_below_or_same(canonical, hidden.path); });
}

bool Homes::holds_secrets(const std::string& canonical) const {
    if (spec::is_below_or_same(canonical, "/run") ||
        (!runtime_directory_.empty() && spec::is_below_or_same(canonical, runtime_directory_))) {
        return true;
    }
    for (const Hidden& hidden : hidden_) {
        const bool part = !hidden.part_of.empty();
        if (!spec::is_below_or_same(canonical, hidden.path) || (canonical == hidden.path && !part)) {
            continue;
        }
        if (part) {
            if (holds_secrets(joined(hidden.part_of, rest_of(canonical, hidden.path)))) {
                return true;
            }
            continue;
        }
        const std::string rest = rest_of(canonical, hidden.path);
        const std::string home = hidden.holds_homes ? hidden.path + rest.substr(0, rest.find('/', 1)) : hidden.path;
        const std::string inner = canonical.size() > home.size() ? canonical.substr(home.size() + 1) : std::string();
        if (is_in_store(inner) || holds_store(*tree_, home, canonical)) {
            return true;
        }
    }
    return false;
}

}  // namespace sandbox::plan
