// Wrong command lines: 125, one line that names the option and the value, what is meant where that is known, and
// nothing done.
#include <filesystem>

#include "support/sandbox_test.hpp"
#include "support/text.hpp"

namespace sandbox_test {
namespace {

using MessagesUsage = SandboxTest;

struct Wrong {
    std::vector<std::string> words;  ///< behind `sandbox`
    std::vector<std::string> named;  ///< what the first line names
    std::string remedy;              ///< what the line `fix:` has; empty: there need not be one
};

// Would make a file if it ran.
constexpr const char* command = "touch ran";

TEST_F(MessagesUsage, TheOptionAndTheValueAreNamed) {
    const std::vector<Wrong> all{
        {{"ls"}, {"ls"}, "sandbox -- ls"},
        {{"ls", "-l", "/etc"}, {"ls"}, "sandbox -- ls -l /etc"},
        {{"--rw", ".", "make", "-j2"}, {"make"}, "sandbox --rw . -- make -j2"},
        {{"--hosname", "x"}, {"--hosname"}, "--hostname"},
        {{"--read-only", "/etc"}, {"--read-only"}, "--help"},
        {{"-v"}, {"-v"}, "--"},
        {{"--uid", "abc"}, {"--uid", "abc"}, "self"},
        {{"--uid", "4294967295"}, {"4294967295"}, ""},
        {{"--gid", "-1"}, {"--gid", "-1"}, ""},
        {{"--uid", "12x"}, {"--uid", "12x"}, ""},
        {{"--hostname", ""}, {"--hostname"}, "NAME"},
        {{"--hostname", std::string(65, 'x')}, {"64"}, ""},
        {{"--only", "nett"}, {"--only", "nett"}, "net"},
        {{"--only", "pid,,net"}, {"--only", "pid,,net"}, ""},
        {{"--share", "user"}, {"--share", "user"}, ""},
        {{"--share", "mnt"}, {"--share", "mnt"}, "--rw"},
        {{"--share", "net"}, {"--share", "net"}, "--net host"},
        {{"--own", "pid"}, {"--own", "pid"}, ""},
        {{"--allow-namespaces", "everything"}, {"--allow-namespaces", "everything"}, ""},
        {{"--net", "on"}, {"--net", "on"}, ""},
        {{"--net", "hsot"}, {"--net", "hsot"}, "host"},
        {{"--home", "public"}, {"--home", "public"}, ""},
        {{"--landlock", "yes"}, {"--landlock", "yes"}, ""},
        {{"--ro", "/no/such/file"}, {"--ro", "/no/such/file"}, "--ro-try"},
        {{"--ro", "/etc:/mnt:ro"}, {"--ro", "/etc:/mnt:ro"}, "--ro"},
        {{"--ro", ":/mnt"}, {"--ro", ":/mnt"}, ""},
        {{"--rw", "/etc:"}, {"--rw", "/etc:"}, ""},
        {{"--tmpfs", "/x:size=10Q"}, {"--tmpfs", "/x:size=10Q"}, ""},
        {{"--tmpfs", "/x:mode=888"}, {"--tmpfs", "/x:mode=888"}, ""},
        {{"--tmpfs", "x"}, {"--tmpfs", "x"}, "/"},
        {{"--cwd", "relative"}, {"--cwd", "relative"}, ""},
        {{"--env", "=x"}, {"--env", "=x"}, ""},
        {{"--boottime-offset", "soon"}, {"--boottime-offset", "soon"}, ""},
        {{"--monotonic-offset", "99999999999999999999"}, {"--monotonic-offset", "99999999999999999999"}, ""},
        {{"--root", "/no/such/tree"}, {"--root", "/no/such/tree"}, ""},
        {{"--init=1"}, {"--init"}, ""},
        {{"--hostname", "a", "--hostname", "b"}, {"--hostname", "b"}, ""},
        {{"--share", "pid", "--share", "ipc"}, {"--share", "ipc"}, "commas"},
        {{"--only", "net", "--net", "host"}, {"--only", "--net"}, ""},
        {{"--root", "/", "--home", "rw"}, {"--root", "--home"}, ""},
    };
    for (const Wrong& wrong : all) {
        std::vector<std::string> words{sandbox_binary()};
        words.insert(words.end(), wrong.words.begin(), wrong.words.end());
        const bool has_command = wrong.words[0] == "ls" || wrong.words.back() == "-j2";
        if (!has_command) {
            words.insert(words.end(), {"--", "sh", "-c", command});
        }
        const Result result = run(words, {.directory = directory().path()});
        EXPECT_EQ(result.exit_status, 125) << result;
        EXPECT_EQ(result.out, "") << result;
        const std::vector<std::string> lines = lines_of(result.err);
        ASSERT_FALSE(lines.empty()) << testing::PrintToString(wrong.words);
        EXPECT_TRUE(lines[0].starts_with("sandbox: ")) << result;
        for (const std::string& name : wrong.named) {
            EXPECT_TRUE(contains(lines[0], name)) << testing::PrintToString(wrong.words) << result;
        }
        for (std::size_t at = 1; at < lines.size(); ++at) {
            EXPECT_TRUE(lines[at].starts_with("  ")) << result;
        }
        if (!wrong.remedy.empty()) {
            EXPECT_TRUE(contains(line_starting(result.err, "  fix: "), wrong.remedy))
                << testing::PrintToString(wrong.words) << result;
        }
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory().path()));
}

TEST_F(MessagesUsage, AnOptionWithoutItsValue) {
    for (const char* option : {"--uid",
                               "--gid",
                               "--hostname",
                               "--domainname",
                               "--only",
                               "--share",
                               "--own",
                               "--allow-namespaces",
                               "--seccomp",
                               "--allow-syscall",
                               "--deny-syscall",
                               "--net",
                               "--root",
                               "--ro",
                               "--ro-try",
                               "--rw",
                               "--rw-try",
                               "--tmpfs",
                               "--home",
                               "--cwd",
                               "--env",
                               "--landlock",
                               "--boottime-offset",
                               "--monotonic-offset"}) {
        for (const std::vector<std::string>& words : {std::vector<std::string>{sandbox_binary(), option},
                                                      {sandbox_binary(), option, "--", "echo", "ran"},
                                                      {sandbox_binary(), option, "--init", "--", "echo", "ran"}}) {
            const Result result = run(words);
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_EQ(result.out, "");
            EXPECT_TRUE(contains(result.err, std::string(option) + ": needs a value")) << result;
        }
    }
}

// What a file name or a value contains cannot pass for a message, or change the terminal.
TEST_F(MessagesUsage, ValuesAreShownWithoutTheirControlCharacters) {
    // \233 is 0x9b, which as a hexadecimal number would not end before the 3.
    for (const std::string value : {"\x1b[31mred", "two\nsandbox lines", "\23331m", "tab\there", "bell\a"}) {
        for (const char* option : {"--ro", "--uid", "--root", "--cwd", "--net"}) {
            const Result result = run({sandbox_binary(), option, value, "--", "true"});
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_EQ(count(result.err, "sandbox: "), 1U) << result;
            for (const char character : {'\x1b', '\a', '\x9b', '\t'}) {
                EXPECT_EQ(result.err.find(character), std::string::npos) << option << result;
            }
            for (const std::string& line : lines_of(result.err)) {
                EXPECT_TRUE(line.starts_with("sandbox: ") || line.starts_with("  ")) << result;
            }
        }
    }
}

TEST_F(MessagesUsage, HelpAndVersionGoToStdout) {
    for (const char* option : {"--help", "--version"}) {
        const Result result = run({sandbox_binary(), option});
        EXPECT_EQ(result.exit_status, 0) << result;
        EXPECT_EQ(result.err, "");
        EXPECT_NE(result.out, "");
    }
    EXPECT_TRUE(run({sandbox_binary(), "--version"}).out.starts_with("sandbox "));
}

}  // namespace
}  // namespace sandbox_test
