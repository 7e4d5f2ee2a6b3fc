// See parse.hpp. What stands before the first `--` is options; what stands behind it belongs to COMMAND, unread.
#include "cli/parse.hpp"

#include "cli/limit_values.hpp"
#include "cli/nearest.hpp"
#include "cli/option_table.hpp"
#include "cli/program_options.hpp"
#include "cli/quote.hpp"
#include "cli/strict.hpp"
#include "cli/values.hpp"
#include "cli/verb_table.hpp"
#include "cli/words.hpp"
#include "spec/numbers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::cli {
namespace {

/// `sandbox ls -l` -> `sandbox -- ls -l`: the command was meant to begin where the options end.
[[noreturn]] void refuse_word(std::span<const std::string> arguments, std::size_t index) {
    std::vector<std::string> meant(arguments.begin(), arguments.end());
    meant.insert(meant.begin() + static_cast<std::ptrdiff_t>(index), "--");
    meant.insert(meant.begin(), "sandbox");
    std::string fix = command_line(meant);
    std::array<std::string_view, verb_table.size()> verbs;
    std::ranges::transform(verb_table, verbs.begin(), &Verb::name);
    // But for gc: gcc is a command.
    if (const std::string_view verb = index == 0 ? nearest(arguments[0], verbs) : ""; verb.size() > 2) {
        fix += "; or did you mean the verb " + std::string(verb) + "?";
    }
    throw Error(quoted(arguments[index]) + ": not an option; a command stands behind --").with_fix(fix);
}

constexpr auto option_forms = [] {
    std::array<Form, option_table.size()> forms;
    std::ranges::transform(option_table, forms.begin(), [](const Option& option) {
        return Form{option.name, option.argument};
    });
    return forms;
}();

Mount bind(const std::string& value, bool writable, bool optional) {
    Bind bind = parse_bind(value);
    bind.writable = writable;
    bind.optional = optional;
    return bind;
}

/// One option into the Options. Each has its case: the compiler says where one is forgotten.
void apply(Options& options, OptionId id, const std::string& value) {
    Spec& spec = options.spec;
    switch (id) {
        case OptionId::uid:
            spec.uid = parse_inside_id(value);
            return;
        case OptionId::gid:
            spec.gid = parse_inside_id(value);
            return;
        case OptionId::map_users:
            add_id_mapping(spec.map_users, value);
            return;
        case OptionId::map_groups:
            add_id_mapping(spec.map_groups, value);
            return;
        case OptionId::user:
            spec.user = value;
            return;
        case OptionId::hostname:
            spec.hostname = value;
            return;
        case OptionId::domainname:
            spec.domainname = value;
            return;
        case OptionId::only:
            spec.only = parse_namespaces(value);
            return;
        case OptionId::share:
            spec.share = parse_shared_namespaces(value);
            return;
        case OptionId::join:
            spec.join.push_back(parse_join(value));
            return;
        case OptionId::own:
            spec.own = parse_owned_namespaces(value);
            return;
        case OptionId::allow_namespaces:
            spec.allow_namespaces = parse_namespaces(value);
            return;
        case OptionId::boottime_offset:
            spec.boottime_offset = spec::parse_seconds(value);
            return;
        case OptionId::monotonic_offset:
            spec.monotonic_offset = spec::parse_seconds(value);
            return;
        case OptionId::root:
            spec.root = value;
            return;
        case OptionId::layer:
            spec.layers.push_back(value);
            return;
        case OptionId::ro:
            spec.mounts.push_back(bind(value, false, false));
            return;
        case OptionId::ro_try:
            spec.mounts.push_back(bind(value, false, true));
            return;
        case OptionId::rw:
            spec.mounts.push_back(bind(value, true, false));
            return;
        case OptionId::rw_try:
            spec.mounts.push_back(bind(value, true, true));
            return;
        case OptionId::overlay:
            spec.mounts.emplace_back(Overlay{value});
            return;
        case OptionId::changes:
            spec.changes = value;
            return;
        case OptionId::tmpfs:
            spec.mounts.emplace_back(parse_tmpfs(value));
            return;
        case OptionId::dir:
            spec.mounts.emplace_back(parse_directory(value));
            return;
        case OptionId::symlink:
            spec.mounts.emplace_back(parse_symlink(value));
            return;
        case OptionId::file:
            spec.mounts.emplace_back(parse_file_copy(value));
            return;
        case OptionId::data:
            spec.mounts.emplace_back(parse_file_data(value));
            return;
        case OptionId::device:
            spec.mounts.emplace_back(parse_device(value, false));
            return;
        case OptionId::device_try:
            spec.mounts.emplace_back(parse_device(value, true));
            return;
        case OptionId::hide:
            spec.mounts.emplace_back(Hide{value});
            return;
        case OptionId::home:
            spec.home = parse_home(value);
            return;
        case OptionId::net:
            spec.network = parse_network(value);
            return;
        case OptionId::env:
            spec.environment.push_back(parse_environment_rule(value));
            return;
        case OptionId::clear_env:
            spec.clear_environment = true;
            return;
        case OptionId::cwd:
            spec.cwd = value;
            return;
        case OptionId::init:
            spec.init = true;
            return;
        case OptionId::new_session:
            spec.new_session = true;
            return;
        case OptionId::tty:
            spec.tty = parse_tty(value);
            return;
        case OptionId::die_with_parent:
            spec.die_with_parent = true;
            return;
        case OptionId::fd:
            spec.descriptors.push_back(parse_descriptor(value));
            return;
        case OptionId::core_dumps:
            spec.core_dumps = true;
            return;
        case OptionId::name:
            spec.name = parse_name(value);
            return;
        case OptionId::detach:
            spec.detached = true;
            return;
        case OptionId::log:
            options.log = value;
            return;
        case OptionId::status_fd:
            options.status_descriptor = parse_descriptor(value);
            return;
        case OptionId::report:
            spec.report = value;
            return;
        case OptionId::report_fd:
            spec.report_descriptor = parse_descriptor(value);
            return;
        case OptionId::timeout:
            spec.limits.timeout = parse_time_limit(value);
            return;
        case OptionId::cpu_time:
            spec.limits.cpu_time = parse_time_limit(value);
            return;
        case OptionId::max_output:
            spec.limits.output = spec::parse_size(value);
            return;
        case OptionId::rlimit:
            add_resource_limit(spec.limits, value);
            return;
        case OptionId::nice:
            spec.limits.nice = parse_niceness(value);
            return;
        case OptionId::oom_score:
            spec.limits.oom_score = parse_oom_score(value);
            return;
        case OptionId::tmp_size:
            spec.limits.tmp_size = parse_size_limit(value);
            return;
        case OptionId::memory:
            spec.limits.memory = parse_size_limit(value);
            return;
        case OptionId::swap:
            spec.limits.swap = spec::parse_size(value);
            return;
        case OptionId::cpus:
            spec.limits.cpus = parse_cpus(value);
            return;
        case OptionId::pids:
            spec.limits.pids = parse_count(value);
            return;
        case OptionId::io_weight:
            spec.limits.io_weight = parse_io_weight(value);
            return;
        case OptionId::cpuset:
            spec.limits.cpuset = parse_cpuset(value);
            return;
        case OptionId::holding:
            spec.limits.best_effort = parse_holding(value);
            return;
        case OptionId::kill_after:
            spec.limits.kill_after = spec::parse_duration(value);
            return;
        case OptionId::landlock:
            spec.landlock = parse_landlock(value);
            return;
        case OptionId::cap_drop: {
            const CapabilitySet set = parse_capabilities(value);
            spec.cap_add.erase(set);
            spec.cap_drop.insert(set);
            return;
        }
        case OptionId::cap_add: {
            const CapabilitySet set = parse_capabilities(value);
            spec.cap_drop.erase(set);
            spec.cap_add.insert(set);
            return;
        }
        case OptionId::seccomp:
            if (is_profile(value)) {
                spec.system_call_profile = value;
            } else {
                spec.system_calls = parse_system_calls(value);
            }
            return;
        case OptionId::allow_syscall:
            parse_system_call_names(value, spec.allow_system_calls);
            return;
        case OptionId::deny_syscall:
            parse_system_call_names(value, spec.deny_system_calls);
            return;
        case OptionId::seccomp_log:
            spec.log_refusals = true;
            return;
        case OptionId::strict:
            return;  // make_strict() looks at all options at once
        case OptionId::explain:
            options.explain = true;
            return;
        case OptionId::verbose:
            options.verbose = true;
            return;
        case OptionId::summary:
            options.summary = true;
            return;
        case OptionId::quiet:
            options.quiet = true;
            return;
        case OptionId::version:
            options.version = true;
            return;
        case OptionId::help:
            options.help = true;
            return;
    }
}

void read_words(Options& options, std::span<const std::string> before, std::span<const std::string> arguments) {
    Given given{};
    std::size_t index = 0;  // of the word in the arguments
    for (const Word& word : split(before, option_forms)) {
        if (!word.text.starts_with('-')) {
            refuse_word(arguments, index);
        }
        index += word.value_is_next_word ? 2 : 1;
        const Option* const option = find_option(word.option);
        if (option == nullptr) {
            refuse_unknown(word, option_forms, "sandbox --help lists the options");
        }
        check_form({option->name, option->argument}, word);
        const std::string value = word.value.value_or("");
        bool& seen = given.at(static_cast<std::size_t>(option->id));
        if (seen && option->repeat == Repeat::once) {
            const bool list = option->argument == "LIST";
            throw Error(dashed(option->name) + " " + quoted(value) + ": the option was already given")
                .with_fix(list ? "one list holds all kinds, separated by commas" : "give it once");
        }
        seen = true;
        try {
            apply(options, option->id, value);
        } catch (const spec::BadValue& bad) {
            throw Error(dashed(option->name) + " " + quoted(value) + ": " + bad.what()).with_fix(bad.fix());
        }
    }
    if (given.at(static_cast<std::size_t>(OptionId::strict))) {
        make_strict(options.spec, given);
    }
}

}  // namespace

Options parse(std::span<const char* const> argv) {
    // execve(2) lets a caller leave out even the program's name (Linux before 5.18).
    const std::vector<std::string> arguments(argv.begin() + (argv.empty() ? 0 : 1), argv.end());
    Options options;
    if (const Verb* const verb = arguments.empty() ? nullptr : find_verb(arguments.front())) {
        options.call = parse_verb(*verb, std::span(arguments).subspan(1));
        return options;
    }
    const auto separator = std::ranges::find(arguments, "--");
    read_words(options, {arguments.begin(), separator}, arguments);
    if (separator != arguments.end()) {
        options.spec.command.assign(separator + 1, arguments.end());
    }
    return options;
}

}  // namespace sandbox::cli
