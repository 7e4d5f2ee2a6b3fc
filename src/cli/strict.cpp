#include "cli/strict.hpp"

#include <string>

namespace sandbox::cli {
namespace {

bool is_given(const Given& given, OptionId id) {
    return given.at(static_cast<std::size_t>(id));
}

/// The option that contradicts, as it is written; nullptr where none does.
const char* contradiction(const Spec& spec, const Given& given) {
    struct Row {
        OptionId id;
        const char* name;
        bool weaker;
    };
    const Row rows[] = {
        {OptionId::only, "--only", true},
        {OptionId::share, "--share", true},
        {OptionId::own, "--own", true},
        {OptionId::allow_namespaces, "--allow-namespaces", true},
        {OptionId::cap_add, "--cap-add", true},
        {OptionId::allow_syscall, "--allow-syscall", true},
        {OptionId::core_dumps, "--core-dumps", true},
        {OptionId::home, "--home ro or rw", spec.home != Home::isolated},
        {OptionId::tty, "--tty inherit", spec.tty == Tty::inherited},
        {OptionId::seccomp, "--seccomp", spec.system_calls != SystemCalls::strict},
        {OptionId::landlock, "--landlock none", spec.landlock == LandlockUse::none},
    };
    for (const Row& row : rows) {
        if (row.weaker && is_given(given, row.id)) {
            return row.name;
        }
    }
    return nullptr;
}

}  // namespace

void make_strict(Options& options, const Given& given) {
    if (!is_given(given, OptionId::strict)) {
        return;
    }
    Spec& spec = options.spec;
    if (const char* const option = contradiction(spec, given); option != nullptr) {
        throw Error(std::string("--strict and ") + option + " contradict each other").with_fix("leave one of them out");
    }
    spec.cap_drop = CapabilitySet::all();
    spec.system_calls = SystemCalls::strict;
    spec.tty = Tty::own;
}

}  // namespace sandbox::cli
