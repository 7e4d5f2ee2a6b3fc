// See values.hpp.
#include "cli/values.hpp"

#include "cli/nearest.hpp"
#include "cli/pieces.hpp"
#include "cli/quote.hpp"
#include "seccomp/names.hpp"
#include "spec/capabilities.hpp"
#include "spec/namespaces.hpp"
#include "spec/numbers.hpp"
#include "spec/validate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <string>

namespace sandbox::cli {
namespace {

using spec::BadValue;

template <class Value>
struct Choice {
    std::string_view name;
    Value value;
};

constexpr std::array id_sets{Choice<IdSet>{"auto", IdSet::automatic}, Choice<IdSet>{"subids", IdSet::subordinate},
                             Choice<IdSet>{"all", IdSet::all}, Choice<IdSet>{"private", IdSet::isolated},
                             Choice<IdSet>{"real", IdSet::real}};
constexpr std::array networks{Choice<Network>{"none", Network::none}, Choice<Network>{"host", Network::host}};
constexpr std::array homes{Choice<Home>{"private", Home::isolated}, Choice<Home>{"ro", Home::readable},
                           Choice<Home>{"rw", Home::writable}};
constexpr std::array ttys{Choice<Tty>{"new", Tty::own}, Choice<Tty>{"inherit", Tty::inherited}};
constexpr std::array landlock_uses{Choice<LandlockUse>{"auto", LandlockUse::automatic},
                                   Choice<LandlockUse>{"require", LandlockUse::require},
                                   Choice<LandlockUse>{"none", LandlockUse::none}};

constexpr std::array system_call_lists{Choice<SystemCalls>{"default", SystemCalls::standard},
                                       Choice<SystemCalls>{"strict", SystemCalls::strict},
                                       Choice<SystemCalls>{"none", SystemCalls::none}};

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
constexpr std::array not_joined{
    Refused{Namespace::user, "user is not joined on its own: that of a joined namespace is", "net, ipc, uts or pid"},
    Refused{Namespace::mnt, "mnt cannot be joined: the view of the files is built in a mount namespace of its own",
            "sandbox enter NAME runs a command in another sandbox's"},
    Refused{Namespace::cgroup, "cgroup namespaces are not joined", "net, ipc, uts or pid"},
    Refused{Namespace::time, "time namespaces are not joined", "net, ipc, uts or pid"},
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

IdRange parse_id_range(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    if (second == std::string_view::npos || text.find(':', second + 1) != std::string_view::npos) {
        throw BadValue("not three numbers", "IN:OUT:COUNT, e.g. 0:100000:65536");
    }
    IdRange range;
    range.inside = spec::parse_id(text.substr(0, first));
    range.outside = spec::parse_id(text.substr(first + 1, second - first - 1));
    range.count = spec::parse_id(text.substr(second + 1));
    return range;
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

void add_id_mapping(std::optional<IdMapping>& mapping, std::string_view text) {
    if (text.find(':') == std::string_view::npos) {
        const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
        if (number) {
            throw BadValue("not three numbers", "IN:OUT:COUNT, e.g. 0:100000:65536");
        }
        const IdSet set = choose(id_sets, text);
        if (mapping) {
            throw BadValue("names all ids, and others are given as well", "give it alone");
        }
        mapping = set;
        return;
    }
    const IdRange range = parse_id_range(text);
    if (!mapping) {
        mapping = std::vector<IdRange>();
    }
    auto* ranges = std::get_if<std::vector<IdRange>>(&*mapping);
    if (ranges == nullptr) {
        throw BadValue("adds to a name that stands for all ids", "give ranges alone, or the name alone");
    }
    ranges->push_back(range);
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

Join parse_join(std::string_view text) {
    const std::size_t sign = text.find('=');
    if (sign == std::string_view::npos || sign + 1 == text.size()) {
        throw BadValue("not a kind and where that namespace is", "KIND=NAME or KIND=/PATH, e.g. net=web");
    }
    Join join{parse_namespace(text.substr(0, sign)), std::string(text.substr(sign + 1))};
    static_cast<void>(without({join.kind}, not_joined));
    if (join.from.find('/') == std::string::npos) {
        join.from = parse_name(join.from);
    }
    return join;
}

NamespaceSet parse_owned_namespaces(std::string_view text) {
    return without(parse_namespaces(text), not_owned);
}

std::string parse_name(std::string_view text) {
    if (!spec::is_name(text)) {
        throw spec::BadValue("not a name for a sandbox", "a letter or a digit, and up to 63 of those and . _ -");
    }
    return std::string(text);
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

SystemCalls parse_system_calls(std::string_view text) {
    try {
        return choose(system_call_lists, text);
    } catch (const BadValue& bad) {
        throw BadValue(std::string(bad.what()) + ", or a file, as ./FILE or NAME.json", bad.fix());
    }
}

bool is_profile(std::string_view text) {
    return text.find('/') != std::string_view::npos || text.ends_with(".json");
}

void parse_system_call_names(std::string_view text, std::vector<std::string>& words) {
    for_each_piece(text, ',', [&words](std::string_view piece) {
        if (seccomp::calls_named(piece).empty()) {
            const bool group = piece.starts_with('@');
            const std::string_view near =
                nearest(group ? piece.substr(1) : piece, group ? seccomp::groups() : seccomp::listed_calls());
            const std::string valid =
                group ? "groups are " + listed(seccomp::groups()) : "syscalls(2) lists them; a group begins with @";
            throw BadValue(
                quoted(piece) + (group ? " is no group of system calls" : " is no system call"),
                near.empty() ? valid : "did you mean " + std::string(group ? "@" : "") + std::string(near) + "?");
        }
        words.emplace_back(piece);
    });
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
