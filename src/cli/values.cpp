// See values.hpp.
#include "cli/values.hpp"

#include "cli/nearest.hpp"
#include "cli/quote.hpp"
#include "spec/capabilities.hpp"
#include "spec/namespaces.hpp"
#include "spec/numbers.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sandbox::cli {
namespace {

using spec::BadValue;

template <class Value>
struct Choice {
    std::string_view name;
    Value value;
};

constexpr std::array networks{Choice<Network>{"none", Network::none}, Choice<Network>{"host", Network::host}};
constexpr std::array homes{Choice<Home>{"private", Home::isolated}, Choice<Home>{"rw", Home::writable}};
constexpr std::array ttys{Choice<Tty>{"new", Tty::own}, Choice<Tty>{"inherit", Tty::inherited}};
constexpr std::array landlock_uses{Choice<LandlockUse>{"auto", LandlockUse::automatic},
                                   Choice<LandlockUse>{"require", LandlockUse::require},
                                   Choice<LandlockUse>{"none", LandlockUse::none}};

/// `a, b or c`.
std::string listed(std::span<const std::string_view> names) {
    std::string text;
    for (std::size_t at = 0; at < names.size(); ++at) {
        text += at == 0 ? "" : at + 1 == names.size() ? " or " : ", ";
        text += names[at];
    }
    return text;
}

[[noreturn]] void refuse_name(const std::string& what, std::string_view text, std::span<const std::string_view> valid) {
    const std::string_view near = nearest(text, valid);
    throw BadValue(what + listed(valid), near.empty() ? std::string() : "did you mean " + std::string(near) + "?");
}

template <class Value, std::size_t N>
Value choose(const std::array<Choice<Value>, N>& choices, std::string_view text) {
    const auto found = std::ranges::find(choices, text, &Choice<Value>::name);
    if (found == choices.end()) {
        std::array<std::string_view, N> names;
        std::ranges::transform(choices, names.begin(), &Choice<Value>::name);
        refuse_name("must be ", text, names);
    }
    return found->value;
}

Namespace parse_namespace(std::string_view text) {
    const std::optional<Namespace> kind = spec::namespace_from_name(text);
    if (!kind) {
        std::array<std::string_view, namespace_count> names;
        std::ranges::transform(spec::namespace_table, names.begin(), &spec::NamespaceRow::name);
        refuse_name(quoted(text) + " is no namespace kind; they are ", text, names);
    }
    return *kind;
}

/// Calls `take` with each piece between separators; `a,,b` has an empty one.
template <class Take>
void for_each_piece(std::string_view text, char separator, Take take) {
    for (;;) {
        const std::size_t end = text.find(separator);
        take(text.substr(0, end));
        if (end == std::string_view::npos) {
            return;
        }
        text.remove_prefix(end + 1);
    }
}

struct Refused {
    Namespace kind;
    const char* why;
    const char* fix;
};

constexpr std::array not_shared{
    Refused{Namespace::user, "user cannot be shared: without a user namespace of its own there is no sandbox", ""},
    Refused{Namespace::mnt, "mnt cannot be shared: the view of the files is built in a mount namespace of its own",
            "--rw SRC shows a part of the host writable"},
    Refused{Namespace::net, "net is not shared here", "use --net host"},
    Refused{Namespace::time, "time is the host's already, unless an offset is given", "leave it out"},
};
constexpr std::array not_owned{
    Refused{Namespace::user, "user is the command's own already", "leave it out"},
    Refused{Namespace::pid,
            "pid cannot be handed over: the end of the sandbox, which ends everything inside, hangs on it", ""},
    Refused{Namespace::time, "time cannot be handed over: its offsets are fixed before the command starts", ""},
};

NamespaceSet without(NamespaceSet kinds, std::span<const Refused> refusals) {
    for (const Refused& refused : refusals) {
        if (kinds.contains(refused.kind)) {
            throw BadValue(refused.why, refused.fix);
        }
    }
    return kinds;
}

/// What stands before and behind the first colon that is not escaped. The first part is unescaped.
struct Split {
    std::string first;
    std::optional<std::string_view> rest;
};

Split split_at_colon(std::string_view text) {
    Split split;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == ':' || text[at + 1] == '\\');
        if (text[at] == ':') {
            split.rest = text.substr(at + 1);
            return split;
        }
        at += escape ? 1 : 0;
        split.first += text[at];
    }
    return split;
}

/// All parts between colons that are not escaped, unescaped.
std::vector<std::string> split_at_colons(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        Split split = split_at_colon(text);
        parts.push_back(std::move(split.first));
        if (!split.rest) {
            return parts;
        }
        text = *split.rest;
    }
}

/// A target goes up to the end: colons in it need no escape.
std::string parse_target(std::string_view text) {
    const std::vector<std::string> parts = split_at_colons(text);
    // What other tools take as a flag would here be part of the target, and the source stay as open as it was.
    if (parts.back() == "ro" || parts.back() == "rw") {
        throw BadValue("a suffix does not say whether SRC is writable",
                       "--ro or --rw says it; write \\: for a colon in a path");
    }
    std::string target = parts.front();
    for (const std::string& part : std::span(parts).subspan(1)) {
        target += ":" + part;
    }
    if (target.empty()) {
        throw BadValue("DST is empty", "without the colon, SRC is shown at its own path");
    }
    return target;
}

std::uint64_t parse_tmpfs_size(std::string_view text) {
    const std::uint64_t size = spec::parse_size(text);
    if (size == 0) {
        throw BadValue("a size of 0 would mean no limit to the kernel", "leave size out for half of the memory");
    }
    return size;
}

void set_tmpfs_option(Tmpfs& tmpfs, std::string_view piece) {
    constexpr std::string_view size = "size=";
    constexpr std::string_view mode = "mode=";
    try {
        if (piece.starts_with(size) && !tmpfs.size) {
            tmpfs.size = parse_tmpfs_size(piece.substr(size.size()));
            return;
        }
        if (piece.starts_with(mode) && !tmpfs.mode) {
            tmpfs.mode = spec::parse_mode(piece.substr(mode.size()));
            return;
        }
    } catch (const BadValue& bad) {
        throw BadValue(quoted(piece) + ": " + bad.what(), bad.fix());
    }
    if (piece.starts_with(size) || piece.starts_with(mode)) {
        throw BadValue(quoted(piece) + " is given twice");
    }
    throw BadValue(quoted(piece) + " is not size=SIZE or mode=MODE", "a colon that belongs to the path is written \\:");
}

}  // namespace

InsideId parse_inside_id(std::string_view text) {
    if (text == "self") {
        return SelfId{};
    }
    try {
        return spec::parse_id(text);
    } catch (const BadValue& bad) {
        throw BadValue(bad.what(), "self stands for the caller's own");
    }
}

Network parse_network(std::string_view text) {
    return choose(networks, text);
}

Home parse_home(std::string_view text) {
    return choose(homes, text);
}

Tty parse_tty(std::string_view text) {
    return choose(ttys, text);
}

LandlockUse parse_landlock(std::string_view text) {
    return choose(landlock_uses, text);
}

NamespaceSet parse_namespaces(std::string_view text) {
    NamespaceSet kinds;
    for_each_piece(text, ',', [&kinds](std::string_view piece) { kinds.insert(parse_namespace(piece)); });
    return kinds;
}

NamespaceSet parse_shared_namespaces(std::string_view text) {
    return without(parse_namespaces(text), not_shared);
}

NamespaceSet parse_owned_namespaces(std::string_view text) {
    return without(parse_namespaces(text), not_owned);
}

int parse_descriptor(std::string_view text) {
    std::uint32_t number = 0;
    try {
        number = spec::parse_id(text);
    } catch (const BadValue&) {
        throw BadValue("not the number of a descriptor");
    }
    if (number > static_cast<std::uint32_t>(std::numeric_limits<int>::max())) {
        throw BadValue("not the number of a descriptor");
    }
    return static_cast<int>(number);
}

CapabilitySet parse_capabilities(std::string_view text) {
    CapabilitySet set;
    for_each_piece(text, ',', [&set](std::string_view piece) {
        const std::string name = spec::bare_capability_name(piece);
        if (name == "all") {
            set = CapabilitySet::all();
        } else if (const std::optional<Capability> capability = spec::capability_from_name(piece)) {
            set.insert(*capability);
        } else {
            const std::string_view near = nearest(name, spec::capability_names);
            throw BadValue(quoted(piece) + " is no capability", near.empty()
                                                                    ? "capabilities(7) lists them; ALL is every one"
                                                                    : "did you mean " + std::string(near) + "?");
        }
    });
    return set;
}

Bind parse_bind(std::string_view text) {
    const Split split = split_at_colon(text);
    Bind bind;
    bind.source = split.first;
    if (bind.source.empty()) {
        throw BadValue("SRC is empty");
    }
    if (split.rest) {
        bind.target = parse_target(*split.rest);
    }
    return bind;
}

Tmpfs parse_tmpfs(std::string_view text) {
    const Split split = split_at_colon(text);
    Tmpfs tmpfs;
    tmpfs.target = split.first;
    if (tmpfs.target.empty()) {
        throw BadValue("DST is empty");
    }
    if (split.rest) {
        for_each_piece(*split.rest, ',', [&tmpfs](std::string_view piece) { set_tmpfs_option(tmpfs, piece); });
    }
    return tmpfs;
}

EnvironmentRule parse_environment_rule(std::string_view text) {
    const std::size_t equals = text.find('=');
    EnvironmentRule rule;
    rule.name = text.substr(0, equals);
    if (rule.name.empty()) {
        throw BadValue("NAME is empty");
    }
    if (equals != std::string_view::npos) {
        if (rule.name.find_first_of("*?") != std::string::npos) {
            throw BadValue("a pattern has no value",
                           "without =VALUE, " + quoted(rule.name) + " passes what the caller has");
        }
        rule.value = text.substr(equals + 1);
    }
    return rule;
}

}  // namespace sandbox::cli
