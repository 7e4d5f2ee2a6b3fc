#include "seccomp/compile_profile.hpp"

#include "seccomp/library.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <vector>

#include <seccomp.h>

namespace sandbox::seccomp {
namespace {

std::uint32_t answer_of(const Action& action) {
    switch (action.kind) {
        case Action::Kind::allow:
            return SCMP_ACT_ALLOW;
        case Action::Kind::log:
            return SCMP_ACT_LOG;
        case Action::Kind::fail:
            return SCMP_ACT_ERRNO(action.error);
        case Action::Kind::trap:
            return SCMP_ACT_TRAP;
        case Action::Kind::kill_thread:
            return SCMP_ACT_KILL_THREAD;
        case Action::Kind::kill_process:
            break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

scmp_arg_cmp comparison_of(const Condition& condition) {
    // In the order of the enum.
    constexpr std::array comparisons{SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                     SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};
    return {condition.argument, comparisons.at(static_cast<std::size_t>(condition.comparison)), condition.value,
            condition.second};
}

/// What libseccomp takes as one rule each.
std::vector<std::vector<scmp_arg_cmp>> alternatives(const std::vector<Condition>& conditions) {
    std::vector<scmp_arg_cmp> together;
    std::array<unsigned, 6> of_argument{};
    for (const Condition& condition : conditions) {
        together.push_back(comparison_of(condition));
        ++of_argument.at(condition.argument);
    }
    if (std::ranges::none_of(of_argument, [](unsigned count) { return count > 1; })) {
        return {together};
    }
    std::vector<std::vector<scmp_arg_cmp>> one_by_one;
    for (const scmp_arg_cmp& one : together) {
        one_by_one.push_back({one});
    }
    return one_by_one;
}

/// The rules that name a call. libseccomp takes the first without conditions for all that there is to say, and no rule
/// that says what is said of all calls.
class RulesOfCalls {
  public:
    explicit RulesOfCalls(const Action& of_all) : of_all_(of_all) {}
    void add(const std::string& name, const Rule& rule) { rules_[name].push_back(&rule); }
    void refuse_lost_ones() const {
        for (const auto& [name, rules] : rules_) {
            const auto winner = std::ranges::find_if(
                rules, [this](const Rule* rule) { return rule->conditions.empty() && !(rule->action == of_all_); });
            const auto loser =
                std::ranges::find_if(rules, [](const Rule* rule) { return !rule->action.lets_through(); });
            if (winner != rules.end() && (*winner)->action.lets_through() && loser != rules.end()) {
                throw BadProfile((*loser)->line, "the rule refuses " + name + ", and the one of line " +
                                                     std::to_string((*winner)->line) + " allows it whatever happens");
            }
        }
    }

  private:
    Action of_all_;
    std::map<std::string, std::vector<const Rule*>> rules_;
};

void add(const Filter& filter, const Rule& rule, int number, const std::string& name) {
    for (const std::vector<scmp_arg_cmp>& conditions : alternatives(rule.conditions)) {
        const int result = seccomp_rule_add_array(filter.get(), answer_of(rule.action), number,
                                                  static_cast<unsigned>(conditions.size()), conditions.data());
        if (result == -EEXIST) {
            throw BadProfile(rule.line, "the rule contradicts another one for " + name);
        }
        check(result, "seccomp_rule_add_array");
    }
}

void take_away(OciProfile& profile, std::string_view name) {
    for (Rule& rule : profile.rules) {
        std::erase(rule.names, name);
    }
}

}  // namespace

void change(OciProfile& profile, std::span<const std::string_view> allow, std::span<const std::string_view> deny) {
    for (const std::string_view name : allow) {
        take_away(profile, name);
        profile.rules.push_back({0, {std::string(name)}, {Action::Kind::allow, 0}, {}, {}, {}});
    }
    for (const std::string_view name : deny) {
        take_away(profile, name);
        // With EPERM the C library would not fall back to clone.
        const std::uint32_t error = name == "clone3" ? ENOSYS : EPERM;
        profile.rules.push_back({0, {std::string(name)}, {Action::Kind::fail, error}, {}, {}, {}});
    }
}

CompiledProfile compile(Architecture architecture, const OciProfile& profile) {
    CompiledProfile compiled;
    const Filter filter = make_filter(architecture, answer_of(profile.default_action));
    // By halves, not one number after the other.
    check(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "SCMP_FLTATR_CTL_OPTIMIZE");
    RulesOfCalls rules(profile.default_action);
    for (const Rule& rule : profile.rules) {
        for (const std::string& name : rule.names) {
            rules.add(name, rule);
        }
    }
    rules.refuse_lost_ones();
    for (const Rule& rule : profile.rules) {
        for (const std::string& name : rule.names) {
            const int number = seccomp_syscall_resolve_name(name.c_str());
            if (number == __NR_SCMP_ERROR) {
                compiled.unknown.insert(name);
            } else if (!(rule.action == profile.default_action)) {
                add(filter, rule, number, name);
            }
        }
    }
    compiled.program = exported(filter);
    return compiled;
}

}  // namespace sandbox::seccomp
