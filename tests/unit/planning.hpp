// Short words for the tests of the planner.
#pragma once

#include "plan/build.hpp"
#include "plan/render.hpp"
#include "spec/validate.hpp"
#include "unit/fake_host.hpp"

#include <sandbox/error.hpp>
#include <sandbox/spec.hpp>

#include <string>

namespace sandbox::test {

[[nodiscard]] inline Spec default_spec() {
    Spec spec;
    spec.command = {"true"};
    return spec;
}

[[nodiscard]] inline Bind bind(const std::string& source, const std::string& target, bool writable) {
    return {.source = source, .target = target, .writable = writable, .optional = false};
}
[[nodiscard]] inline Bind ro(const std::string& source, const std::string& target = "") {
    return bind(source, target, false);
}
[[nodiscard]] inline Bind rw(const std::string& source, const std::string& target = "") {
    return bind(source, target, true);
}
[[nodiscard]] inline Tmpfs tmpfs(const std::string& target) {
    return {.target = target, .size = {}, .mode = {}};
}

[[nodiscard]] inline plan::Plan plan_for(const Spec& spec, const FakeHost& host = FakeHost()) {
    spec::validate(spec);
    host::Facts facts = host.facts;
    facts.passwd = host.tree.read("/", "/etc/passwd");
    return plan::build(spec, facts, host.tree);
}

/// The plan as text, or what a person reads instead.
[[nodiscard]] inline std::string explained(const Spec& spec, const FakeHost& host = FakeHost()) {
    try {
        return plan::render(plan_for(spec, host));
    } catch (const Error& error) {
        return render(error);
    }
}

}  // namespace sandbox::test
