// The report of --verbose.
#include "cli/verbose.hpp"

#include <cstddef>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

NamespaceInode& row(Trace& trace, Namespace kind) {
    return trace.namespaces.at(static_cast<std::size_t>(kind));
}

TEST(Verbose, ShowsStepsNamespacesAndNotes) {
    Trace trace;
    trace.steps = {{0, "private", "/", 12'345}, {1, "loopback", "", 99}, {120, "tmpfs", "/tmp\x1b[2J", 1'234'567'890}};
    for (std::size_t at = 0; at < namespace_count; ++at) {
        trace.namespaces.at(at) = {4'026'532'000 + at, 4'026'531'000 + at};
    }
    row(trace, Namespace::net) = {4'026'531'840, 4'026'531'840};
    row(trace, Namespace::time) = {0, 0};
    trace.notes = {"Landlock ABI 6", "evil\nsandbox: forged"};
    EXPECT_EQ(verbose_text(trace),
              "step          us  what\n"
              "   0        12.3  private /\n"
              "   1         0.0  loopback\n"
              " 120   1234567.8  tmpfs /tmp\\x1b[2J\n"
              "\n"
              "namespace  inside      outside     new/shared\n"
              "mnt        4026532000  4026531000  new\n"
              "pid        4026532001  4026531001  new\n"
              "uts        4026532002  4026531002  new\n"
              "ipc        4026532003  4026531003  new\n"
              "net        4026531840  4026531840  shared\n"
              "cgroup     4026532005  4026531005  new\n"
              "user       4026532006  4026531006  new\n"
              "time       -           -           -\n"
              "\n"
              "note: Landlock ABI 6\n"
              "note: evil\\x0asandbox: forged\n");
}

TEST(Verbose, EndsWithTheTableWhereThereAreNoNotes) {
    EXPECT_TRUE(verbose_text({}).ends_with("time       -           -           -\n"));
}

TEST(Verbose, ALineForEachRefusal) {
    EXPECT_EQ(refusal_line({"mount", 1, 1, 4711, "sh"}), "sandbox: refused: mount (EPERM), once, by PID 4711 (sh)\n");
    EXPECT_EQ(refusal_line({"mkdir", 99, 3, 5, "a\x1b\nb"}),
              "sandbox: refused: mkdir (EADDRNOTAVAIL), 3 times, first by PID 5 (a\\x1b\\x0ab)\n");
    EXPECT_EQ(refusal_line({"call 2000", 4000, 2, 5, ""}),
              "sandbox: refused: call 2000 (4000), 2 times, first by PID 5 ()\n");
    EXPECT_EQ(refusal_line({"other calls", 0, 1, 5, "x"}), "sandbox: refused: other calls, once, by PID 5 (x)\n");
}

}  // namespace
}  // namespace sandbox::cli
