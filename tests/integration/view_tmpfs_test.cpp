// --tmpfs DST[:size=SIZE,mode=MODE].
#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using ViewTmpfs = SandboxTest;

TEST_F(ViewTmpfs, ItIsEmptyWritableAndGoneAfterwards) {
    for (const char* use : {"auto", "none"}) {
        for (const std::string target : {"/etc", "/srv", "/usr/share", "/new", "/tmp/x", "/var/tmp/x/y"}) {
            const Result result =
                inside_shell("ls -A " + target + "; echo text > " + target + "/x && cat " + target + "/x",
                             {.sandbox = {"--tmpfs", target, "--landlock", use}});
            EXPECT_EQ(result.out, "text\n") << target << result;
        }
    }
    EXPECT_EQ(run({"ls", "/etc/x"}).exit_status, 2);
}

TEST_F(ViewTmpfs, TheSizeIsALimit) {
    for (const char* size : {"65536", "64K"}) {
        const Result result = inside_shell(
            "head -c 65536 /dev/zero > /srv/fits && wc -c < /srv/fits; rm /srv/fits; head -c 65537 /dev/zero > "
            "/srv/large; "
            "stat -f -c '%b %S' /srv",
            {.sandbox = {"--tmpfs", std::string("/srv:size=") + size}});
        EXPECT_EQ(result.out, "65536\n16 4096\n") << result;
        EXPECT_TRUE(contains(result.err, "No space left on device")) << result;
    }
}

TEST_F(ViewTmpfs, TheMode) {
    EXPECT_EQ(inside_shell("stat -c %a /srv /mnt /media /opt",
                           {.sandbox = {"--tmpfs", "/srv", "--tmpfs", "/mnt:mode=1777", "--tmpfs", "/media:mode=700",
                                        "--tmpfs=/opt:mode=0550,size=1M"}})
                  .out,
              "755\n1777\n700\n550\n");
}

TEST_F(ViewTmpfs, ItBelongsToRootInside) {
    EXPECT_EQ(inside_shell("stat -c '%u %g' /srv", {.sandbox = {"--tmpfs", "/srv"}}).out, "0 0\n");
    EXPECT_EQ(
        inside_shell("stat -c '%u %g' /srv; touch /srv/x", {.sandbox = {"--tmpfs", "/srv", "--uid", "7", "--gid", "8"}})
            .out,
        "7 8\n");
}

TEST_F(ViewTmpfs, ProgramsRunFromIt) {
    EXPECT_EQ(inside_shell("cp /bin/echo /srv/ && /srv/echo ran", {.sandbox = {"--tmpfs", "/srv"}}).out, "ran\n");
}

TEST_F(ViewTmpfs, TwoAreTwo) {
    const Result result = inside_shell("echo x > /srv/x; ls -A /mnt; stat -c %d /srv /mnt | sort -u | wc -l",
                                       {.sandbox = {"--tmpfs", "/srv:size=1M", "--tmpfs", "/mnt:size=1M"}});
    EXPECT_EQ(result.out, "2\n") << result;
}

TEST_F(ViewTmpfs, WrongValuesAreErrors) {
    for (const std::string value :
         {"relative", "/srv:size=x", "/srv:size=0", "/srv:mode=9", "/srv:size=1M,size=2M", "/srv:nonsense=1",
          "/srv:", "/srv:size=99999999999999999999", "/srv:mode=77777", "/", "/etc/passwd"}) {
        const Result result = inside({"echo", "ran"}, {.sandbox = {"--tmpfs", value}});
        EXPECT_EQ(result.exit_status, 125) << value << result;
        EXPECT_EQ(result.out, "") << value;
        EXPECT_TRUE(contains(result.err, value.substr(0, value.find(':')))) << value << result;
    }
}

}  // namespace
}  // namespace sandbox_test
