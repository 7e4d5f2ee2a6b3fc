// An Error as text, and the escapes that keep hostile names from driving the terminal.
#include "spec/escape.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <string>

#include <gtest/gtest.h>

namespace sandbox {
namespace {

TEST(Render, OneLineWhereNothingMoreIsKnown) {
    EXPECT_EQ(render(Error("no: cause")), "sandbox: no: cause\n");
}

TEST(Render, StepAndFix) {
    const Error error = Error("cannot bind /x: it does not exist")
                            .at({.index = 12, .name = "bind", .subject = "/x", .error = ENOENT})
                            .with_fix("use --ro-try");
    EXPECT_EQ(render(error),
              "sandbox: cannot bind /x: it does not exist\n"
              "  step: 12 bind /x: ENOENT (No such file or directory)\n"
              "  fix: use --ro-try\n");
}

TEST(Render, StepWithoutSubjectOrErrno) {
    EXPECT_EQ(render(Error("a").at({.index = 0, .name = "loopback", .subject = "", .error = EPERM})),
              "sandbox: a\n  step: 0 loopback: EPERM (Operation not permitted)\n");
    EXPECT_EQ(render(Error("a").at({.index = 3, .name = "exec", .subject = "x", .error = 0})),
              "sandbox: a\n  step: 3 exec x\n");
}

TEST(Render, AnErrnoWithoutAName) {
    EXPECT_EQ(render(Error("a").at({.index = 1, .name = "b", .subject = "", .error = 4095})),
              "sandbox: a\n  step: 1 b: errno 4095\n");
}

TEST(Render, LinesOfAFixAreIndented) {
    EXPECT_EQ(render(Error("a").with_fix("one\ntwo\n")), "sandbox: a\n  fix: one\n       two\n");
}

TEST(Render, HostileNamesStayInTheirLine) {
    const std::string evil = "x\n\x1b]0;title\x07sandbox: forged\r";
    const Error error = Error(evil).at({.index = 1, .name = evil, .subject = evil, .error = 0}).with_fix("\x1b[2J");
    EXPECT_EQ(render(error),
              "sandbox: x\\x0a\\x1b]0;title\\x07sandbox: forged\\x0d\n"
              "  step: 1 x\\x0a\\x1b]0;title\\x07sandbox: forged\\x0d x\\x0a\\x1b]0;title\\x07sandbox: forged\\x0d\n"
              "  fix: \\x1b[2J\n");
}

TEST(Escape, LeavesText) {
    for (const std::string text :
         {"", "plain ~text\\", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x93\xa6", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_EQ(spec::escaped(text), text);
    }
}

TEST(Escape, ControlCharacters) {
    EXPECT_EQ(spec::escaped(std::string("\0\t\x1f\x7f", 4)), "\\x00\\x09\\x1f\\x7f");
    EXPECT_EQ(spec::escaped("\xc2\x9b"
                            "31m"),
              "\\xc2\\x9b31m");
    EXPECT_EQ(spec::escaped("a\xe2\x80\xae"
                            "b"),
              "a\\xe2\\x80\\xaeb")
        << "right-to-left override";
    EXPECT_EQ(spec::escaped("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");
}

TEST(Escape, InvalidUtf8) {
    EXPECT_EQ(spec::escaped("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(spec::escaped("\x80"), "\\x80");
    EXPECT_EQ(spec::escaped("\xc0\xaf"), "\\xc0\\xaf") << "not the shortest form";
    EXPECT_EQ(spec::escaped("\xe0\x80\xaf"), "\\xe0\\x80\\xaf") << "not the shortest form";
    EXPECT_EQ(spec::escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(spec::escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
    EXPECT_EQ(spec::escaped("\xe2\x82"), "\\xe2\\x82") << "cut off";
    EXPECT_EQ(spec::escaped("\xc3("), "\\xc3(");
}

}  // namespace
}  // namespace sandbox
