#include "cli/verbs.hpp"

#include "cli/changes.hpp"
#include "cli/enter.hpp"
#include "cli/help.hpp"
#include "cli/inspection.hpp"
#include "cli/listing.hpp"
#include "cli/quote.hpp"
#include "cli/run.hpp"
#include "cli/watching.hpp"
#include "spec/escape.hpp"
#include "spec/numbers.hpp"

#include <sandbox/sandbox.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace sandbox::cli {
namespace {

constexpr int no = 1;  // such a sandbox does not run

void say(const std::string& text) {
    std::fputs(("sandbox: " + spec::escaped(text) + "\n").c_str(), stderr);
}

int say_none(const std::string& name) {
    say("no sandbox named " + name + " runs; sandbox list shows those that do");
    return no;
}

int collect() {
    const std::vector<std::string> problems = collect_garbage();
    for (const std::string& problem : problems) {
        say(problem);
    }
    return problems.empty() ? 0 : 125;
}

int show_list(const VerbCall& call) {
    const bool watch = call.has(VerbOptionId::list_watch);
    if (watch && call.has(VerbOptionId::list_namespaces)) {
        throw Error("list: --watch and --namespaces: namespaces use nothing").with_fix("use one of the two");
    }
    std::vector<NamedSandbox> sandboxes = list();
    int status = 0;
    if (!call.words.empty()) {
        std::vector<NamedSandbox> wanted;
        for (const std::string& name : call.words) {
            const auto found = std::ranges::find(sandboxes, name, &NamedSandbox::name);
            if (found == sandboxes.end()) {
                status = say_none(name);
            } else {
                wanted.push_back(*found);
            }
        }
        sandboxes = std::move(wanted);
    }
    if (watch) {
        if (status != 0) {
            return status;  // one that is not there would be waited for until Ctrl-C
        }
        watch_list(call.words, call.has(VerbOptionId::list_json));
    }
    if (call.has(VerbOptionId::list_json)) {
        print(list_json(sandboxes));
    } else if (call.has(VerbOptionId::list_namespaces)) {
        print(namespaces_table(sandboxes));
    } else {
        print(list_table(sandboxes));
    }
    return status;
}

int show_one(const VerbCall& call) {
    const std::optional<NamedSandbox> found = find(call.words.front());
    if (!found) {
        return say_none(call.words.front());
    }
    print(call.has(VerbOptionId::inspect_json) ? inspection_json(*found) : inspection_text(*found));
    return 0;
}

std::chrono::milliseconds patience(const VerbCall& call) {
    constexpr std::int64_t usual = 10;
    const std::optional<std::string> text = call.value(VerbOptionId::stop_timeout);
    if (!text) {
        return std::chrono::seconds(usual);
    }
    try {
        const std::int64_t seconds = spec::parse_seconds(*text);
        constexpr std::int64_t most = 24LL * 60 * 60;
        if (seconds < 0 || seconds > most) {
            throw spec::BadValue("from 0 to a day");
        }
        return std::chrono::seconds(seconds);
    } catch (const spec::BadValue& bad) {
        throw Error("stop: --timeout " + quoted(*text) + ": " + bad.what()).with_fix(bad.fix());
    }
}

int stop_all(const VerbCall& call) {
    const std::chrono::milliseconds time = patience(call);
    int status = 0;
    for (const std::string& name : call.words) {
        if (!stop(name, time)) {
            status = say_none(name);
        }
    }
    return status;
}

int wait_for(const VerbCall& call) {
    const std::string& name = call.words.front();
    const std::optional<Outcome> outcome = wait(name);
    if (!outcome) {
        return say_none(name);
    }
    if (outcome->kind == Outcome::Kind::lost) {
        throw Error("cannot tell how " + name + " ended: its launcher or its init was killed");
    }
    return outcome->exit_status();
}

}  // namespace

const Verb* find_verb(std::string_view name) {
    const auto* const found = std::ranges::find(verb_table, name, &Verb::name);
    return found == verb_table.end() ? nullptr : found;
}

const Verb& verb(VerbId id) {
    return verb_table.at(static_cast<std::size_t>(id));
}

int run_verb(const VerbCall& call) {
    if (call.help) {
        print(verb_help(verb(call.id)));
        return 0;
    }
    switch (call.id) {
        case VerbId::list:
            return show_list(call);
        case VerbId::enter:
            enter_and_exit(call);
        case VerbId::stop:
            return stop_all(call);
        case VerbId::inspect:
            return show_one(call);
        case VerbId::wait:
            return wait_for(call);
        case VerbId::diff:
            return show_changes(call);
        case VerbId::apply:
            return apply_changes(call);
        case VerbId::discard:
            return discard_changes(call);
        case VerbId::gc:
            return collect();
    }
    return 125;
}

}  // namespace sandbox::cli
