// A22 to A25: system calls, rights, call tables, sockets.
#include "attack/attack.hpp"

namespace sandbox_attack {
namespace {

using Calls = sandbox_test::SandboxTest;

TEST_F(Calls, A22_CallsThatNobodyNeeds) {
    Attack("A22", "system calls that reach deep").make({.program = "attack_calls"});
}

TEST_F(Calls, A23_ClocksPrioritiesLimits) {
    Attack attack("A23", "clocks, priorities, limits");
    attack.make({.program = "attack_calls", .arguments = {"of=rights"}, .ground = "plain"});
    const std::string name = sandbox_test::run({"hostname"}).out;
    attack.make("the host's name", "namespaces", [&name](const Setting& setting) {
        sandbox_test::inside({"hostname", "attacked"}, {.sandbox = setting.options});
        return sandbox_test::run({"hostname"}).out != name;
    });
}

TEST_F(Calls, A24_OtherTables) {
    Attack("A24", "tables of other architectures")
        .make({.program = "attack_calls", .arguments = {"of=tables"}, .ground = "plain"});
}

TEST_F(Calls, A25_Sockets) {
    Attack("A25", "families of sockets").make({.program = "attack_calls", .arguments = {"of=sockets"}});
}

}  // namespace
}  // namespace sandbox_attack
