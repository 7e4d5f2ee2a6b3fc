#include "seccomp/profile.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

namespace sandbox::seccomp {
namespace {

struct ActionName {
    std::string_view name;
    Action::Kind kind;
};
constexpr std::array actions{
    ActionName{"SCMP_ACT_ALLOW", Action::Kind::allow},
    ActionName{"SCMP_ACT_LOG", Action::Kind::log},
    ActionName{"SCMP_ACT_ERRNO", Action::Kind::fail},
    ActionName{"SCMP_ACT_TRAP", Action::Kind::trap},
    ActionName{"SCMP_ACT_KILL", Action::Kind::kill_thread},
    ActionName{"SCMP_ACT_KILL_THREAD", Action::Kind::kill_thread},
    ActionName{"SCMP_ACT_KILL_PROCESS", Action::Kind::kill_process},
};

struct ComparisonName {
    std::string_view name;
    Condition::Comparison comparison;
};
constexpr std::array comparisons{
    ComparisonName{"SCMP_CMP_NE", Condition::Comparison::not_equal},
    ComparisonName{"SCMP_CMP_LT", Condition::Comparison::less},
    ComparisonName{"SCMP_CMP_LE", Condition::Comparison::less_or_equal},
    ComparisonName{"SCMP_CMP_EQ", Condition::Comparison::equal},
    ComparisonName{"SCMP_CMP_GE", Condition::Comparison::greater_or_equal},
    ComparisonName{"SCMP_CMP_GT", Condition::Comparison::greater},
    ComparisonName{"SCMP_CMP_MASKED_EQ", Condition::Comparison::masked_equal},
};

// Those that the specification of the OCI runtime knows.
constexpr std::array<std::string_view, 21> machines{
    "SCMP_ARCH_X86",         "SCMP_ARCH_X86_64", "SCMP_ARCH_X32",       "SCMP_ARCH_ARM",     "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_MIPS",        "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",    "SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE", "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64",  "SCMP_ARCH_RISCV64", "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K"};

// MAX_ERRNO: the kernel gives nothing above it.
constexpr std::uint64_t largest_error = 4095;
constexpr std::uint64_t arguments = 6;
constexpr std::size_t most_rules = 1024;

[[noreturn]] void refuse(const Json& where, const std::string& why) {
    throw BadProfile(where.line, why);
}

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

/// An object whose keys are all asked for, one by one. A key whose value is null is not there: encoders write it so.
class Object {
  public:
    Object(const Json& json, const char* what) : json_(json), used_(json.keys.size()) {
        if (json.kind != Json::Kind::object) {
            refuse(json, std::string(what) + " must be an object");
        }
    }
    [[nodiscard]] const Json& json() const { return json_; }

    const Json* find(std::string_view key) {
        const auto found = std::ranges::find(json_.keys, key);
        if (found == json_.keys.end()) {
            return nullptr;
        }
        const auto at = static_cast<std::size_t>(found - json_.keys.begin());
        used_[at] = true;
        return json_.items[at].kind == Json::Kind::null ? nullptr : &json_.items[at];
    }
    /// What is not known may be a condition: without it the rest would say something else.
    void refuse_others() const {
        const auto other = std::ranges::find(used_, false);
        if (other != used_.end()) {
            const auto at = static_cast<std::size_t>(other - used_.begin());
            refuse(json_.items[at], quoted(json_.keys[at]) + " is not known here");
        }
    }

  private:
    const Json& json_;
    std::vector<bool> used_;
};

const std::string& text_of(const Json& json, std::string_view key) {
    if (json.kind != Json::Kind::string) {
        refuse(json, quoted(key) + " must be a text");
    }
    if (json.text.find('\0') != std::string::npos) {
        refuse(json, quoted(key) + " has a NUL in it");
    }
    return json.text;
}

std::string text_or_nothing(Object& object, std::string_view key) {
    const Json* const json = object.find(key);
    return json == nullptr ? std::string() : text_of(*json, key);
}

std::uint64_t number_of(const Json& json, std::string_view key, std::uint64_t largest) {
    if (json.kind != Json::Kind::number || json.number > largest) {
        refuse(json, quoted(key) + " must be a whole number from 0 to " + std::to_string(largest));
    }
    return json.number;
}

std::span<const Json> list(Object& object, std::string_view key) {
    const Json* const json = object.find(key);
    if (json == nullptr) {
        return {};
    }
    if (json->kind != Json::Kind::array) {
        refuse(*json, quoted(key) + " must be a list");
    }
    return json->items;
}

std::vector<std::string> texts(Object& object, std::string_view key) {
    std::vector<std::string> all;
    for (const Json& json : list(object, key)) {
        all.push_back(text_of(json, key));
        if (all.back().empty()) {
            refuse(json, quoted(key) + " has an empty text in it");
        }
    }
    return all;
}

std::uint64_t error_named(const Json& json, std::string_view key) {
    const std::string& text = text_of(json, key);
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc{} && end == text.data() + text.size() && number <= largest_error) {
        return number;
    }
    for (int one = 1; one <= static_cast<int>(largest_error); ++one) {
        const char* const name = strerrorname_np(one);
        if (name != nullptr && text == name) {
            return static_cast<std::uint64_t>(one);
        }
    }
    refuse(json, quoted(text) + " is no error number and the name of none");
}

/// The errno of an action that fails: by number, by name, or both, as Podman writes it. EPERM where it is not said.
std::uint32_t error_of(Object& object, const std::string& number_key, const std::string& name_key, Action::Kind kind) {
    const Json* const number = object.find(number_key);
    const Json* name = object.find(name_key);
    if (name != nullptr && text_of(*name, name_key).empty()) {
        name = nullptr;
    }
    if (number == nullptr && name == nullptr) {
        return kind == Action::Kind::fail ? 1 : 0;
    }
    if (kind != Action::Kind::fail) {
        refuse(number != nullptr ? *number : *name,
               quoted(number != nullptr ? number_key : name_key) + " is for SCMP_ACT_ERRNO alone");
    }
    const std::uint64_t by_number = number == nullptr ? 0 : number_of(*number, number_key, largest_error);
    const std::uint64_t by_name = name == nullptr ? by_number : error_named(*name, name_key);
    if (number != nullptr && by_number != by_name) {
        refuse(*name, quoted(number_key) + " and " + quoted(name_key) + " are different errors");
    }
    return static_cast<std::uint32_t>(by_name);
}

Action action_of(Object& object, const std::string& key, const std::string& number_key, const std::string& name_key) {
    const Json* const json = object.find(key);
    if (json == nullptr) {
        refuse(object.json(), quoted(key) + " is missing");
    }
    const std::string& text = text_of(*json, key);
    if (text == "SCMP_ACT_NOTIFY" || text == "SCMP_ACT_TRACE") {
        refuse(*json, text + " asks for another process that decides, which there is not");
    }
    const auto found = std::ranges::find(actions, text, &ActionName::name);
    if (found == actions.end()) {
        refuse(*json, quoted(text) + " is no action (SCMP_ACT_ALLOW, _ERRNO, _KILL, _KILL_PROCESS, _LOG, _TRAP)");
    }
    return {found->kind, error_of(object, number_key, name_key, found->kind)};
}

Condition condition_of(const Json& json) {
    Object object(json, "an item of \"args\"");
    Condition condition;
    const Json* const index = object.find("index");
    const Json* const value = object.find("value");
    const Json* const second = object.find("valueTwo");
    const Json* const comparison = object.find("op");
    for (const auto& [found, key] : {std::pair{index, "index"}, {value, "value"}, {comparison, "op"}}) {
        if (found == nullptr) {
            refuse(json, quoted(key) + " is missing");
        }
    }
    constexpr std::uint64_t largest = ~std::uint64_t{0};
    condition.argument = static_cast<unsigned>(number_of(*index, "index", arguments - 1));
    condition.value = number_of(*value, "value", largest);
    condition.second = second == nullptr ? 0 : number_of(*second, "valueTwo", largest);
    const std::string& name = text_of(*comparison, "op");
    const auto row = std::ranges::find(comparisons, name, &ComparisonName::name);
    if (row == comparisons.end()) {
        refuse(*comparison, quoted(name) + " is no comparison (SCMP_CMP_NE, _LT, _LE, _EQ, _GE, _GT, _MASKED_EQ)");
    }
    condition.comparison = row->comparison;
    object.refuse_others();
    return condition;
}

Circumstances circumstances_of(Object& rule, const char* key) {
    const Json* const json = rule.find(key);
    if (json == nullptr) {
        return {};
    }
    Object object(*json, key);
    Circumstances circumstances{texts(object, "arches"), texts(object, "caps"), {}};
    if (const Json* const kernel = object.find("minKernel"); kernel != nullptr) {
        const std::string& text = text_of(*kernel, "minKernel");
        circumstances.kernel = kernel_version(text);
        const bool plain = text.find_first_not_of("0123456789.") == std::string::npos;
        if (!circumstances.kernel || !plain || std::ranges::count(text, '.') != 1) {
            refuse(*kernel, quoted(text) + " is no version of a kernel, as 5.15");
        }
    }
    object.refuse_others();
    return circumstances;
}

Rule rule_of(const Json& json) {
    Object object(json, "an item of \"syscalls\"");
    Rule rule;
    rule.line = json.line;
    rule.names = texts(object, "names");
    if (std::string name = text_or_nothing(object, "name"); !name.empty()) {
        if (!rule.names.empty()) {
            refuse(json, "\"name\" and \"names\" in one rule");
        }
        rule.names.push_back(std::move(name));
    }
    if (rule.names.empty()) {
        refuse(json, "a rule that names no system call");
    }
    rule.action = action_of(object, "action", "errnoRet", "errno");
    for (const Json& argument : list(object, "args")) {
        rule.conditions.push_back(condition_of(argument));
    }
    rule.includes = circumstances_of(object, "includes");
    rule.excludes = circumstances_of(object, "excludes");
    (void)text_or_nothing(object, "comment");
    object.refuse_others();
    return rule;
}

void check_machine(const Json& json) {
    if (std::ranges::find(machines, text_of(json, "architectures")) == machines.end()) {
        refuse(json, quoted(json.text) + " is no architecture, as SCMP_ARCH_X86_64");
    }
}

// Which tables of calls there are is not the profile's to say: see plan/filter.hpp. But what it says must make sense.
void check_machines(Object& profile) {
    const std::span<const Json> plain = list(profile, "architectures");
    for (const Json& json : plain) {
        check_machine(json);
    }
    const std::span<const Json> map = list(profile, "archMap");
    if (!plain.empty() && !map.empty()) {
        refuse(profile.json(), "\"architectures\" and \"archMap\" in one profile");
    }
    for (const Json& json : map) {
        Object object(json, "an item of \"archMap\"");
        const Json* const machine = object.find("architecture");
        if (machine == nullptr) {
            refuse(json, "\"architecture\" is missing");
        }
        check_machine(*machine);
        for (const Json& sub : list(object, "subArchitectures")) {
            check_machine(sub);
        }
        object.refuse_others();
    }
}

// Empty ones are what encoders write of a profile that has none.
void refuse_what_cannot_be_had(Object& profile) {
    if (const std::span<const Json> flags = list(profile, "flags"); !flags.empty()) {
        refuse(flags.front(), "\"flags\" of seccomp(2) are not the profile's to set");
    }
    for (const char* const key : {"listenerPath", "listenerMetadata"}) {
        if (!text_or_nothing(profile, key).empty()) {
            refuse(*profile.find(key), quoted(key) + " asks for another process that decides, which there is not");
        }
    }
}

bool has(const std::vector<std::string>& all, std::string_view one) {
    return std::ranges::find(all, one) != all.end();
}

}  // namespace

std::optional<KernelVersion> kernel_version(std::string_view release) {
    KernelVersion version;
    const char* const end = release.data() + release.size();
    const auto major = std::from_chars(release.data(), end, version.major);
    if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') {
        return std::nullopt;
    }
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    return minor.ec == std::errc{} ? std::optional(version) : std::nullopt;
}

OciProfile parse_profile(std::string_view text) {
    const Json json = json::parse_json(text);
    Object object(json, "a profile");
    OciProfile profile;
    profile.default_action = action_of(object, "defaultAction", "defaultErrnoRet", "defaultErrno");
    check_machines(object);
    refuse_what_cannot_be_had(object);
    const std::span<const Json> rules = list(object, "syscalls");
    if (rules.size() > most_rules) {
        refuse(json, "more than " + std::to_string(most_rules) + " rules");
    }
    for (const Json& rule : rules) {
        profile.rules.push_back(rule_of(rule));
    }
    object.refuse_others();
    return profile;
}

OciProfile profile_for(const OciProfile& profile, std::string_view machine,
                       const std::vector<std::string>& capabilities, KernelVersion kernel) {
    const auto holds = [&](const Rule& rule) {
        const auto held = [&](const std::string& name) { return has(capabilities, name); };
        const Circumstances& wanted = rule.includes;
        const Circumstances& unwanted = rule.excludes;
        return (wanted.machines.empty() || has(wanted.machines, machine)) &&
               std::ranges::all_of(wanted.capabilities, held) && (!wanted.kernel || !(kernel < *wanted.kernel)) &&
               !has(unwanted.machines, machine) && std::ranges::none_of(unwanted.capabilities, held) &&
               (!unwanted.kernel || kernel < *unwanted.kernel);
    };
    OciProfile result{profile.default_action, {}};
    for (const Rule& rule : profile.rules) {
        if (holds(rule)) {
            Rule& one = result.rules.emplace_back(rule);
            one.includes = {};
            one.excludes = {};
        }
    }
    return result;
}

}  // namespace sandbox::seccomp
