#include "cli/strict.hpp"

#include <sandbox/error.hpp>

#include <string>

namespace sandbox::cli {
namespace {

/// Whether an option that was given opens what --strict closes.
bool opens_more(OptionId id, const Spec& spec) {
    switch (id) {
        case OptionId::only:
        case OptionId::share:
        case OptionId::join:
        case OptionId::own:
        case OptionId::allow_namespaces:
        case OptionId::cap_add:
        case OptionId::allow_syscall:
        case OptionId::core_dumps:
            return true;
        case OptionId::rlimit:
            return spec.limits.resources.contains(Resource::core);
        case OptionId::home:
            return spec.home != Home::isolated;
        case OptionId::tty:
            return spec.tty == Tty::inherited;
        case OptionId::seccomp:
            return spec.system_calls != SystemCalls::strict;
        case OptionId::landlock:
            return spec.landlock == LandlockUse::none;
        default:
            return false;
    }
}

}  // namespace

void make_strict(Spec& spec, const Given& given) {
    for (const Option& option : option_table) {
        if (given.at(static_cast<std::size_t>(option.id)) && opens_more(option.id, spec)) {
            throw Error("--strict: --" + std::string(option.name) + " would open what it closes")
                .with_fix("leave one of the two out");
        }
    }
    spec.cap_drop = CapabilitySet::all();
    spec.system_calls = SystemCalls::strict;
    spec.tty = Tty::own;
}

}  // namespace sandbox::cli
