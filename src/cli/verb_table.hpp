// The verbs: what sandbox does beside running a command. Name, arguments, options and help text stand here once, and
// serve the parser, --help and the test that holds the man pages. A verb is the first word; behind `--` it is a
// command.
#pragma once

#include "cli/option_table.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sandbox::cli {

enum class VerbId : std::uint8_t {
    list,
    enter,
    stop,
    inspect,
    wait,
    diff,
    apply,
    discard,
    gc,
};

/// The words that a verb takes beside its options.
enum class Words : std::uint8_t { none, one, any, some };
/// What the first of them is.
enum class Subject : std::uint8_t { sandbox, changes };

struct Verb {
    VerbId id;
    std::string_view name;
    std::string_view arguments;  ///< as --help and the man page call them; empty for none
    Words words;                 ///< in front of `--`
    bool command;                ///< a command may stand behind `--`
    std::string_view help;
    Subject subject = Subject::sandbox;
};

inline constexpr auto verb_table = std::to_array<Verb>({
    {VerbId::list, "list", "[NAME...]", Words::any, false, "Show the sandboxes that run and have a name."},
    {VerbId::enter, "enter", "NAME [-- COMMAND [ARG...]]", Words::one, true,
     "Run COMMAND, or /bin/sh, in a sandbox that runs."},
    {VerbId::stop, "stop", "NAME...", Words::some, false, "End sandboxes: SIGTERM, and SIGKILL if that does not do."},
    {VerbId::inspect, "inspect", "NAME", Words::one, false, "Show all that is known of a sandbox that runs."},
    {VerbId::wait, "wait", "NAME", Words::one, false,
     "Wait until a sandbox has ended, and exit with its command's status."},
    {VerbId::diff, "diff", "DIR [PATH...]", Words::some, false, "Show what runs with --changes DIR have changed.",
     Subject::changes},
    {VerbId::apply, "apply", "DIR [PATH...]", Words::some, false,
     "Put what runs with --changes DIR have changed on the host: all, or what is below a PATH.", Subject::changes},
    {VerbId::discard, "discard", "DIR", Words::one, false,
     "Forget what runs with --changes DIR have changed: remove it.", Subject::changes},
    {VerbId::gc, "gc", "", Words::none, false, "Remove what killed sandboxes have left; every start does the same."},
});

enum class VerbOptionId : std::uint8_t {
    list_json,
    list_namespaces,
    list_watch,
    enter_cwd,
    enter_env,
    enter_tty,
    enter_status_fd,
    enter_verbose,
    stop_timeout,
    inspect_json,
    diff_patch,
    diff_stat,
    diff_json,
    apply_force,
    apply_keep_setuid,
    apply_keep_capabilities,
    apply_verbose,
    apply_dry_run,
};

/// An option of one verb.
struct VerbOption {
    VerbOptionId id;
    VerbId verb;
    std::string_view name;
    std::string_view argument;  ///< empty for a flag
    Repeat repeat;
    std::string_view help;
};

inline constexpr auto verb_options = std::to_array<VerbOption>({
    {VerbOptionId::list_json, VerbId::list, "json", "", Repeat::any, "As an array of JSON, for programs."},
    {VerbOptionId::list_namespaces, VerbId::list, "namespaces", "", Repeat::any,
     "A line for each namespace, as lsns(8) shows them."},
    {VerbOptionId::list_watch, VerbId::list, "watch", "", Repeat::any,
     "Every second again, with what they use, until Ctrl-C."},
    {VerbOptionId::enter_cwd, VerbId::enter, "cwd", "DIR", Repeat::once, "Start in DIR, a path inside."},
    {VerbOptionId::enter_env, VerbId::enter, "env", "NAME[=VALUE]", Repeat::any,
     "Set a variable; without VALUE, pass the caller's."},
    {VerbOptionId::enter_tty, VerbId::enter, "tty", "new|inherit", Repeat::once,
     "new: a terminal of COMMAND's own, relayed to the caller's. inherit: the caller's, the default."},
    {VerbOptionId::enter_status_fd, VerbId::enter, "status-fd", "N", Repeat::once,
     "Write a line of JSON to descriptor N when COMMAND runs, and one when it has ended."},
    {VerbOptionId::enter_verbose, VerbId::enter, "verbose", "", Repeat::any,
     "Print each step with its time, and the namespaces, to stderr."},
    {VerbOptionId::stop_timeout, VerbId::stop, "timeout", "SECONDS", Repeat::once,
     "How long to wait before SIGKILL. Also 10s, 2m. Default: 10s."},
    {VerbOptionId::inspect_json, VerbId::inspect, "json", "", Repeat::any, "As an object of JSON, for programs."},
    {VerbOptionId::diff_patch, VerbId::diff, "patch", "", Repeat::any,
     "Show what has changed in text files, as patch(1) takes it."},
    {VerbOptionId::diff_stat, VerbId::diff, "stat", "", Repeat::any, "Show how many there are of each kind."},
    {VerbOptionId::diff_json, VerbId::diff, "json", "", Repeat::any, "As an array of JSON, for programs."},
    {VerbOptionId::apply_force, VerbId::apply, "force", "", Repeat::any,
     "Also over what the host has changed since the first run."},
    {VerbOptionId::apply_keep_setuid, VerbId::apply, "keep-setuid", "", Repeat::any,
     "Keep set-user-id and set-group-id bits, which are dropped otherwise."},
    {VerbOptionId::apply_keep_capabilities, VerbId::apply, "keep-capabilities", "", Repeat::any,
     "Keep the capabilities of files, which are dropped otherwise."},
    {VerbOptionId::apply_verbose, VerbId::apply, "verbose", "", Repeat::any, "Print each change that is made."},
    {VerbOptionId::apply_dry_run, VerbId::apply, "dry-run", "", Repeat::any,
     "Do nothing, and print each change that would be made, and what would be left."},
});

/// The verb of that name; null where there is none.
[[nodiscard]] const Verb* find_verb(std::string_view name);
[[nodiscard]] const Verb& verb(VerbId id);

}  // namespace sandbox::cli
