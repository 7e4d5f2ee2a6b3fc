#include "spec/validate.hpp"

#include "spec/capabilities.hpp"
#include "spec/escape.hpp"
#include "spec/limits_check.hpp"
#include "spec/namespaces.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <variant>

namespace sandbox::spec {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& fix) {
    throw Error(what).with_fix(fix);
}

bool is_alphanumeric(char letter) noexcept {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}

bool has_nul(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

void check_strings(const Spec& spec) {
    for (const std::string& argument : spec.command) {
        if (has_nul(argument)) {
            throw Error("an argument of the command contains a NUL byte: it would be cut there");
        }
    }
    if (!spec.command.empty() && spec.command.front().empty()) {
        refuse("the command is an empty word: nothing can be executed", "sandbox -- COMMAND [ARG]...");
    }
    for (const EnvironmentRule& rule : spec.environment) {
        if (rule.name.empty() || has_nul(rule.name) || rule.name.find('=') != std::string::npos ||
            (rule.value && has_nul(*rule.value))) {
            throw Error("--env '" + escaped(rule.name) + "': not the name of an environment variable");
        }
    }
    for (const auto* name : {&spec.hostname, &spec.domainname}) {
        if (*name && ((*name)->empty() || (*name)->size() > 64 || has_nul(**name))) {
            throw Error("host and domain names have 1 to 64 bytes (uname(2)): '" + escaped(**name) + "'");
        }
    }
}

void check_name(const Spec& spec) {
    if (spec.name && !is_name(*spec.name)) {
        refuse("--name '" + escaped(*spec.name) + "': not a name for a sandbox",
               "a letter or a digit, and up to 63 of those and . _ -");
    }
    if (spec.detached && !spec.name) {
        throw Error("a sandbox that is asked for later needs a name");
    }
}

void check_ids(const Spec& spec) {
    for (const auto* id : {&spec.uid, &spec.gid}) {
        if (*id && std::holds_alternative<std::uint32_t>(**id) &&
            std::get<std::uint32_t>(**id) == std::numeric_limits<std::uint32_t>::max()) {
            throw Error("an id of 4294967295 means `no id` to the kernel: the largest is 4294967294");
        }
    }
}

constexpr std::uint64_t ids = std::numeric_limits<std::uint32_t>::max();  // of which the last is none

// The kernel would say EINVAL to all of these (user_namespaces(7)).
void check_id_ranges(const std::string& option, const std::optional<IdMapping>& mapping) {
    const auto* ranges = mapping ? std::get_if<std::vector<IdRange>>(&*mapping) : nullptr;
    if (ranges == nullptr) {
        return;
    }
    const auto text = [](const IdRange& range) {
        return std::to_string(range.inside) + ':' + std::to_string(range.outside) + ':' + std::to_string(range.count);
    };
    constexpr std::size_t most = 339;  // of the kernel's 340 lines (Linux 4.15), one may be the caller's own
    if (ranges->empty() || ranges->size() > most) {
        refuse(
            option + ": " + std::to_string(ranges->size()) + " ranges; the kernel takes 1 to " + std::to_string(most),
            "join ranges that follow each other");
    }
    for (std::size_t at = 0; at < ranges->size(); ++at) {
        const IdRange& range = (*ranges)[at];
        if (range.count == 0) {
            refuse(option + ' ' + text(range) + ": a range of no ids maps nothing", "leave it out");
        }
        if (std::uint64_t{range.inside} + range.count > ids || std::uint64_t{range.outside} + range.count > ids) {
            refuse(option + ' ' + text(range) + ": it runs over 4294967294, the largest id", "a smaller COUNT");
        }
        for (std::size_t other = 0; other < at; ++other) {
            const IdRange& before = (*ranges)[other];
            const auto overlap = [&](std::uint64_t one, std::uint64_t two) {
                return one < two + before.count && two < one + range.count;
            };
            const bool inside = overlap(range.inside, before.inside);
            if (inside || overlap(range.outside, before.outside)) {
                refuse(option + ' ' + text(range) + ": it overlaps with " + text(before) +
                           (inside ? ": an id inside would be two" : ": an id outside would have two numbers inside"),
                       "give each id once");
            }
        }
    }
}

bool is_of_root(const std::optional<IdMapping>& mapping) {
    const auto* set = mapping ? std::get_if<IdSet>(&*mapping) : nullptr;
    return set != nullptr && (*set == IdSet::isolated || *set == IdSet::real);
}

// `private` and `real` say whose the ids are, not which numbers they have.
void check_root(const Spec& spec) {
    if (is_of_root(spec.map_groups)) {
        refuse("--map-groups: private and real stand for users and groups together", "--map-users private or real");
    }
    if (!is_of_root(spec.map_users)) {
        return;
    }
    if (spec.map_groups) {
        refuse("--map-users private and real: they stand for groups, too", "leave --map-groups out");
    }
    if (spec.only && std::get<IdSet>(*spec.map_users) == IdSet::isolated) {
        refuse("--map-users private: --only shows the host's tree as it is, where what is root's stays root's",
               "leave one of the two out");
    }
}

void check_user(const Spec& spec) {
    const bool number = spec.uid || spec.gid;
    check_root(spec);
    if (number && !is_of_root(spec.map_users) && (spec.map_users || spec.map_groups)) {
        refuse(
            "--uid and --gid: they give the caller's own id another number, and --map-users and --map-groups say all "
            "numbers",
            "--map-users IN:OUT:COUNT, or --user for who the command is");
    }
    if (number && spec.user) {
        refuse("--uid and --gid: --user says who the command is", "use one of the two");
    }
    if (spec.user && (spec.user->empty() || has_nul(*spec.user) || spec.user->front() == ':')) {
        refuse("--user '" + escaped(*spec.user) + "': not a user", "--user NAME, or --user UID:GID");
    }
    check_id_ranges("--map-users", spec.map_users);
    check_id_ranges("--map-groups", spec.map_groups);
}

void check_namespaces(const Spec& spec) {
    for (const Namespace kind : {Namespace::user, Namespace::mnt}) {
        if (spec.share.contains(kind)) {
            refuse("--share " + std::string(name(kind)) + ": a sandbox always has its own " + std::string(name(kind)) +
                       " namespace",
                   "leave it out; --home rw, --rw DIR and --uid self bring the inside closer to the host");
        }
    }
    if (spec.share.contains(Namespace::net)) {
        refuse("--share net: the network has an option of its own", "--net host");
    }
    if (spec.share.contains(Namespace::time)) {
        refuse("--share time: the time namespace is the host's anyway",
               "leave it out; --boottime-offset and --monotonic-offset make a new one");
    }
    for (const Namespace kind : {Namespace::user, Namespace::pid, Namespace::time}) {
        if (spec.own.contains(kind)) {
            refuse("--own " + std::string(name(kind)) + ": this namespace cannot be handed to the guest",
                   kind == Namespace::user ? "the guest lives in a user namespace of its own already"
                                           : "--allow-namespaces " + std::string(name(kind)) + " lets it make its own");
        }
    }
    const NamespaceSet fresh = fresh_namespaces(spec);
    for (const NamespaceRow& candidate : namespace_table) {
        if (spec.own.contains(candidate.kind) && !fresh.contains(candidate.kind)) {
            refuse("--own " + std::string(candidate.name) + ": that namespace is the host's in this sandbox",
                   "let the sandbox have its own, or leave it out of --own");
        }
    }
    if (!fresh.contains(Namespace::uts) && (spec.hostname || spec.domainname)) {
        refuse("--hostname and --domainname: the uts namespace is the host's in this sandbox",
               "leave uts out of --share, or add it to --only");
    }
}

void refuse_join(const Join& join, const std::string& why, const char* fix) {
    refuse("--join " + std::string(name(join.kind)) + '=' + escaped(join.from) + ": " + why, fix);
}

void check_joins(const Spec& spec) {
    NamespaceSet joined;
    for (const Join& join : spec.join) {
        const std::string kind(name(join.kind));
        if (join.kind != Namespace::net && join.kind != Namespace::ipc && join.kind != Namespace::uts &&
            join.kind != Namespace::pid) {
            refuse_join(join, kind + " namespaces are not joined", "net, ipc, uts or pid");
        }
        if (join.from.empty() || has_nul(join.from)) {
            refuse_join(join, "neither the name of a sandbox nor a path", "--join net=NAME, or net=/PATH");
        }
        if (joined.contains(join.kind)) {
            refuse_join(join, "another " + kind + " namespace is joined already", "join one of each kind");
        }
        joined.insert(join.kind);
        if (spec.only || spec.share.contains(join.kind) || (join.kind == Namespace::net && spec.network)) {
            refuse_join(join, "--only, --share and --net say which " + kind + " namespace it is, too",
                        "use one of the two");
        }
        if (spec.own.contains(join.kind)) {
            refuse_join(join, "--own: a namespace that is joined belongs to who made it", "leave it out of --own");
        }
        if (join.kind == Namespace::uts && (spec.hostname || spec.domainname)) {
            refuse_join(join, "its host name is that of the namespace", "leave --hostname and --domainname out");
        }
        if (join.kind == Namespace::pid && spec.init) {
            refuse_join(join, "--init: the command runs beside init there anyway", "leave --init out");
        }
    }
}

void check_descriptors(const Spec& spec) {
    for (const int number : spec.descriptors) {
        if (number < 3) {
            refuse("--fd " + std::to_string(number) + ": 0, 1 and 2 are passed in any case", "leave it out");
        }
    }
}

void check_capabilities(const Spec& spec) {
    if (const CapabilitySet both = spec.cap_add & spec.cap_drop; !both.empty()) {
        refuse("--cap-add and --cap-drop: " + names(both) + " would be both added and dropped",
               "name each capability in one of the two");
    }
}

void check_only(const Spec& spec) {
    if (!spec.only) {
        return;
    }
    const auto refuse_with = [](const char* option) {
        refuse(std::string("--only and ") + option + ": --only shows the host's tree and namespaces as they are",
               "use one of the two");
    };
    if (!spec.share.empty()) {
        refuse_with("--share");
    }
    if (spec.network) {
        refuse_with("--net");
    }
    if (spec.root) {
        refuse_with("--root");
    }
    if (spec.home != Home::isolated) {
        refuse_with("--home");
    }
    if (!spec.mounts.empty()) {
        refuse_with("--ro, --rw, --tmpfs and their like");
    }
}

void check_path(const char* option, const std::string& path, const char* what) {
    if (path.empty() || has_nul(path)) {
        refuse(std::string(option) + " '" + escaped(path) + "': not a path for " + what, "name a file");
    }
}

void check_entry(const Bind& bind) {
    if (bind.source.empty() || has_nul(bind.source) || has_nul(bind.target)) {
        throw Error("--ro, --rw: an empty source names nothing");
    }
}
void check_entry(const Tmpfs& tmpfs) {
    if (!tmpfs.target.starts_with('/') || has_nul(tmpfs.target)) {
        refuse("--tmpfs " + escaped(tmpfs.target) + ": the target is not an absolute path", "--tmpfs /PATH");
    }
    if (tmpfs.size == std::uint64_t{0}) {
        refuse("--tmpfs " + escaped(tmpfs.target) + ": a size of 0 would mean no limit to the kernel",
               "leave size out for half of the memory");
    }
}
void check_entry(const Directory& directory) {
    check_path("--dir", directory.target, "a target");
}
void check_entry(const Symlink& link) {
    check_path("--symlink", link.text, "what the link leads to");
    check_path("--symlink", link.path, "a target");
}
void check_entry(const FileCopy& file) {
    check_path("--file", file.source, "a source");
    check_path("--file", file.target, "a target");
}
void check_entry(const FileData& file) {
    check_path("--data", file.target, "a target");
    if (file.descriptor < 0) {
        refuse("--data " + std::to_string(file.descriptor) + ": not a descriptor", "--data 3:/PATH");
    }
}
void check_entry(const Device& device) {
    check_path("--device", device.source, "a source");
    if (has_nul(device.target)) {
        check_path("--device", device.target, "a target");
    }
}

void check_entry(const Hide& hide) {
    if (hide.path.empty() || has_nul(hide.path)) {
        throw Error("--hide: an empty path names nothing");
    }
}

void check_entry(const Overlay& overlay) {
    check_path("--overlay", overlay.path, "a directory");
}

void check_entries(const Spec& spec) {
    std::set<int> descriptors;
    for (const Mount& mount : spec.mounts) {
        std::visit([](const auto& entry) { check_entry(entry); }, mount);
        const FileData* data = std::get_if<FileData>(&mount);
        if (data != nullptr && !descriptors.insert(data->descriptor).second) {
            refuse("--data " + std::to_string(data->descriptor) + ": a descriptor can be read to its end once",
                   "open it twice, or use one of the files for both");
        }
    }
}

void check_mounts(const Spec& spec) {
    if (spec.root && spec.home != Home::isolated) {
        refuse("--root and --home: a tree of its own shows nothing of the host's homes", "--rw \"$HOME\" shows it");
    }
    if (spec.root && (spec.root->empty() || has_nul(*spec.root))) {
        throw Error("--root '" + escaped(*spec.root) + "': not a directory");
    }
    constexpr std::size_t most_layers = 64;
    for (const std::string& layer : spec.layers) {
        check_path("--layer", layer, "a directory");
    }
    if (!spec.layers.empty() && !spec.root) {
        refuse("--layer " + escaped(spec.layers.front()) + ": it lies over the tree of --root, and there is none",
               "--root DIR");
    }
    if (!spec.layers.empty() && spec.changes) {
        refuse("--layer and --changes: what is written over several directories could be put on none of them",
               "leave one of the two out");
    }
    if (spec.layers.size() > most_layers) {
        refuse("--layer: more than " + std::to_string(most_layers) + " of them", "copy some of them into one");
    }
    check_entries(spec);
    if (spec.changes) {
        check_path("--changes", *spec.changes, "a directory");
        if (std::ranges::none_of(spec.mounts,
                                 [](const Mount& mount) { return std::holds_alternative<Overlay>(mount); })) {
            refuse("--changes " + escaped(*spec.changes) + ": nothing is written that it could keep",
                   "--overlay PATH, for the directory in which the command shall write");
        }
    }
    if (spec.cwd && (!spec.cwd->starts_with('/') || has_nul(*spec.cwd))) {
        refuse("--cwd '" + escaped(*spec.cwd) + "': not an absolute path",
               "--cwd is a path of the inside, e.g. --cwd /tmp");
    }
}

void check_terminal(const Spec& spec) {
    if (spec.tty != Tty::own) {
        return;
    }
    if (spec.new_session) {
        refuse("--tty new and --new-session: one gives a terminal, the other takes it away", "use one of the two");
    }
    if (!spec.foreground) {
        throw Error("a terminal of the command's own needs a caller in the foreground, who relays it");
    }
}

void check_system_calls(const Spec& spec) {
    const bool changed = !spec.allow_system_calls.empty() || !spec.deny_system_calls.empty();
    if (spec.system_calls == SystemCalls::none && changed) {
        refuse("--seccomp none has no list that " +
                   std::string(spec.allow_system_calls.empty() ? "--deny-syscall" : "--allow-syscall") +
                   " could change",
               "leave out one of the two");
    }
    if (!spec.system_call_profile) {
        return;
    }
    if (spec.system_calls != SystemCalls::standard) {
        throw Error("a list of system calls and a profile of them: the command can have one");
    }
    if (spec.system_call_profile->empty() || has_nul(*spec.system_call_profile)) {
        throw Error("--seccomp '" + escaped(*spec.system_call_profile) + "': not the name of a file");
    }
}

void check_report(const Spec& spec) {
    if (spec.report && (spec.report->empty() || has_nul(*spec.report))) {
        refuse("--report '" + escaped(*spec.report) + "': not the name of a file", "--report FILE");
    }
    if (!spec.report_descriptor) {
        return;
    }
    const int number = *spec.report_descriptor;
    if (number < 3) {
        refuse("--report-fd " + std::to_string(number) + ": 0, 1 and 2 are the command's",
               "one from 3 up, as with 3>FILE");
    }
    if (std::ranges::find(spec.descriptors, number) != spec.descriptors.end()) {
        refuse("--report-fd " + std::to_string(number) + ": --fd passes the same descriptor to the command",
               "use two descriptors");
    }
}

}  // namespace

bool is_name(std::string_view text) noexcept {
    constexpr std::size_t most = 64;
    return !text.empty() && text.size() <= most && is_alphanumeric(text.front()) &&
           std::ranges::all_of(text, [](char letter) {
               return is_alphanumeric(letter) || letter == '.' || letter == '_' || letter == '-';
           });
}

void validate(const Spec& spec) {
    check_strings(spec);
    check_name(spec);
    check_ids(spec);
    check_user(spec);
    check_joins(spec);
    check_namespaces(spec);
    check_descriptors(spec);
    check_capabilities(spec);
    check_system_calls(spec);
    check_only(spec);
    check_mounts(spec);
    check_terminal(spec);
    check_limits(spec);
    check_report(spec);
}

}  // namespace sandbox::spec
