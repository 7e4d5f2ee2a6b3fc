// The values of options.
#include "fuzz/fuzz.hpp"

#include "cli/values.hpp"
#include "spec/namespaces.hpp"
#include "spec/numbers.hpp"

#include <algorithm>
#include <string>

namespace sandbox_fuzz {
namespace {

using namespace sandbox;
using cli::parse_bind;
using cli::parse_environment_rule;
using cli::parse_namespaces;
using cli::parse_tmpfs;
using spec::BadValue;

/// As the manual page says a path with colons is written.
std::string escaped(const std::string& path) {
    std::string text;
    for (const char c : path) {
        text += c == ':' || c == '\\' ? "\\" : "";
        text += c;
    }
    return text;
}

std::string with_commas(NamespaceSet kinds) {
    std::string text = spec::names(kinds);
    std::ranges::replace(text, ' ', ',');
    return text;
}

void check_namespaces(std::string_view text) {
    NamespaceSet kinds;
    const bool accepted = accepts<BadValue>([&] { kinds = parse_namespaces(text); });
    if (accepted) {
        must(!kinds.empty(), "a list has a kind");
        must(parse_namespaces(with_commas(kinds)) == kinds, "the names of a set give the set");
    }
    for (const auto narrower : {cli::parse_shared_namespaces, cli::parse_owned_namespaces}) {
        NamespaceSet fewer;
        if (accepts<BadValue>([&] { fewer = narrower(text); })) {
            must(accepted && fewer == kinds, "a narrower list takes nothing that the wider one refuses");
            must(!fewer.contains(Namespace::user), "the user namespace is never shared nor handed over");
        }
    }
}

void check_bind(std::string_view text) {
    Bind bind;
    if (accepts<BadValue>([&] { bind = parse_bind(text); })) {
        must(!bind.source.empty(), "a bind has a source");
        must(!bind.writable && !bind.optional, "only the option says writable");
        const std::string again =
            escaped(bind.source) + (bind.target.empty() ? std::string() : ":" + escaped(bind.target));
        must(parse_bind(again) == bind, "what was read is read again");
    }
}

void check_tmpfs(std::string_view text) {
    Tmpfs tmpfs;
    if (accepts<BadValue>([&] { tmpfs = parse_tmpfs(text); })) {
        must(!tmpfs.target.empty(), "a tmpfs has a target");
        must(tmpfs.size.value_or(1) != 0, "a size of 0 is no limit");
        must(tmpfs.mode.value_or(0) <= 07777, "a mode has twelve bits");
    }
}

void check_rule(std::string_view text) {
    EnvironmentRule rule;
    if (accepts<BadValue>([&] { rule = parse_environment_rule(text); })) {
        must(!rule.name.empty() && rule.name.find('=') == std::string::npos, "a variable has a name");
        must(rule.name + (rule.value ? "=" + *rule.value : "") == text, "name and value are the text");
    }
}

}  // namespace

void values(std::string_view text) {
    check_namespaces(text);
    check_bind(text);
    check_tmpfs(text);
    check_rule(text);
    (void)accepts<BadValue>([&] { (void)cli::parse_inside_id(text); });
    (void)accepts<BadValue>([&] { (void)cli::parse_network(text); });
    (void)accepts<BadValue>([&] { (void)cli::parse_home(text); });
    (void)accepts<BadValue>([&] { (void)cli::parse_landlock(text); });
    (void)accepts<BadValue>([&] { (void)cli::parse_system_calls(text); });
    (void)accepts<BadValue>([&] {
        std::vector<std::string> words;
        cli::parse_system_call_names(text, words);
    });
}

}  // namespace sandbox_fuzz
