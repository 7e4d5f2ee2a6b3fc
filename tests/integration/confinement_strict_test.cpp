// --strict: what it stands for holds all at once, and ordinary programs still run.
#include "support/sandbox_test.hpp"
#include "support/terminal.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ConfinementStrict = SandboxTest;

TEST_F(ConfinementStrict, NoCapabilityAndAFilter) {
    const Result result =
        inside({"grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"}, {.sandbox = {"--strict"}});
    for (const char* set : {"Inh", "Prm", "Eff", "Bnd", "Amb"}) {
        EXPECT_TRUE(contains(result.out, std::string("Cap") + set + ":\t0000000000000000\n")) << result;
    }
    EXPECT_TRUE(contains(result.out, "NoNewPrivs:\t1\n")) << result;
    EXPECT_TRUE(contains(result.out, "Seccomp:\t2\n")) << result;
}

TEST_F(ConfinementStrict, WhatTheDefaultAllowsIsRefused) {
    const std::string script =
        "hostname other && echo named; chroot / true && echo moved; chown 0:1 /tmp && echo owned";
    EXPECT_TRUE(contains(inside_shell(script).out, "named\nmoved\n"));
    const Result result = inside_shell(script, {.sandbox = {"--strict"}});
    EXPECT_EQ(result.out, "") << result;
}

TEST_F(ConfinementStrict, TheTerminalIsItsOwn) {
    Terminal terminal({sandbox_binary(), "--strict", "--", "sh", "-c", "tty; test -e /dev/console || echo alone"});
    terminal.expect("/dev/pts/0");
    terminal.expect("alone");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(ConfinementStrict, ProgramsRun) {
    TemporaryDirectory work;
    const Result result = inside_shell(
        "set -e; export PATH=/usr/local/bin:/usr/bin:/bin\n"
        "echo 'int main(void) { return 7; }' > p.c; gcc -o p p.c; ./p || echo $?\n"
        "python3 -c 'import threading, subprocess as s; t = threading.Thread(target=print, args=[1]); t.start(); "
        "t.join(); print(s.run([\"echo\", \"child\"], stdout=s.PIPE).stdout.decode().strip())'\n"
        "seq 9 | sort -r | head -1; touch ~/x; ls ~/x > /dev/null; perl -e 'print 2, \"\\n\"'",
        {.sandbox = {"--strict", "--rw", "."}, .directory = work.path()});
    EXPECT_EQ(result.exit_status, 0) << result;
    EXPECT_EQ(result.out, "7\n1\nchild\n9\n2\n") << result;
}

TEST_F(ConfinementStrict, WhatOpensMoreIsAnErrorBesideIt) {
    const Result result = inside({"true"}, {.sandbox = {"--strict", "--own", "net"}});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.err, "sandbox: --strict: --own would open what it closes\n  fix: leave one of the two out\n")
        << result;
}

}  // namespace
}  // namespace sandbox_test
