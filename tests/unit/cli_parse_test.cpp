// The form of the command line: where options end, how values are written, what an error says.
#include "unit/cli_parsing.hpp"

#include "cli/option_table.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace sandbox::cli {
namespace {

using Words = std::vector<std::string>;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

TEST(Parse, NothingIsAnInteractiveShell) {
    EXPECT_TRUE(parse_words({}).spec.command.empty());
    EXPECT_TRUE(parse_words({"--"}).spec.command.empty());
    EXPECT_TRUE(parse_words({"--init", "--"}).spec.command.empty());
}

TEST(Parse, AnEmptyArgvIsNoCrash) {
    EXPECT_TRUE(parse({}).spec.command.empty());
    const char* const blank[] = {""};
    EXPECT_TRUE(parse(blank).spec.command.empty());
}

TEST(Parse, TheDefaultIsTheDefaultSpec) {
    const Options options = parse_words({"--", "true"});
    EXPECT_FALSE(options.explain || options.verbose || options.quiet || options.version || options.help);
    const Spec& spec = options.spec;
    EXPECT_FALSE(spec.uid || spec.gid || spec.hostname || spec.domainname || spec.only || spec.root || spec.cwd);
    EXPECT_FALSE(spec.boottime_offset || spec.monotonic_offset);
    EXPECT_TRUE(spec.share.empty() && spec.own.empty() && spec.allow_namespaces.empty());
    EXPECT_TRUE(spec.mounts.empty() && spec.environment.empty());
    EXPECT_FALSE(spec.clear_environment || spec.init || spec.new_session || spec.die_with_parent);
    EXPECT_FALSE(spec.network);
    EXPECT_EQ(spec.home, Home::isolated);
    EXPECT_EQ(spec.landlock, LandlockUse::automatic);
}

TEST(Parse, WhatStandsBehindTheDashesBelongsToTheCommand) {
    const Options options = parse_words({"--init", "--", "ls", "--help", "--", "--uid", "", "-x"});
    EXPECT_EQ(options.spec.command, (Words{"ls", "--help", "--", "--uid", "", "-x"}));
    EXPECT_FALSE(options.help);
    EXPECT_FALSE(options.spec.uid);
}

TEST(Parse, ArgumentsOfTheCommandPassUnchanged) {
    const Words command{"printf", "\x01\xff\n", std::string(100'000, 'a'), "@file", "a b"};
    Words words = command;
    words.insert(words.begin(), "--");
    EXPECT_EQ(parse_words(words).spec.command, command);
}

TEST(Parse, BothFormsOfAValue) {
    EXPECT_EQ(parse_words({"--hostname", "box"}).spec.hostname, "box");
    EXPECT_EQ(parse_words({"--hostname=box"}).spec.hostname, "box");
    EXPECT_EQ(parse_words({"--hostname=a=b"}).spec.hostname, "a=b");
    EXPECT_EQ(parse_words({"--hostname", "root"}).spec.hostname, "root") << "an option's name is a fine value";
    EXPECT_EQ(parse_words({"--cwd", "@x"}).spec.cwd, "@x");
    EXPECT_EQ(parse_words({"--cwd", "\xff\xfe"}).spec.cwd, "\xff\xfe");
    EXPECT_EQ(parse_words({"--boottime-offset", "-5"}).spec.boottime_offset, -5);
}

TEST(Parse, OrderAcrossOptionsIsKept) {
    const Options options = parse_words({"--rw", "/a", "--tmpfs=/b", "--env", "X=1", "--ro", "/c", "--rw-try=/d:/e",
                                         "--env=Y", "--ro-try", "/f", "--ro", "/a"});
    const std::vector<Mount> mounts{Bind{"/a", "", true, false},  Tmpfs{"/b", {}, {}},
                                    Bind{"/c", "", false, false}, Bind{"/d", "/e", true, true},
                                    Bind{"/f", "", false, true},  Bind{"/a", "", false, false}};
    EXPECT_EQ(options.spec.mounts, mounts);
    const std::vector<EnvironmentRule> environment{{"X", "1"}, {"Y", {}}};
    EXPECT_EQ(options.spec.environment, environment);
}

/// Long command lines are read in pieces: no cut may part an option from its value, or lose a mistake.
TEST(Parse, ManyOptionsAreReadAsFew) {
    for (std::size_t shift = 0; shift < 40; ++shift) {
        Words words(shift, "--init");
        std::vector<Mount> mounts;
        for (int at = 0; at < 50; ++at) {
            const std::string path = "/" + std::to_string(at);
            words.insert(words.end(), {"--ro", path, "--rw=" + path});
            mounts.insert(mounts.end(), {Bind{path, "", false, false}, Bind{path, "", true, false}});
        }
        EXPECT_EQ(parse_words(words).spec.mounts, mounts) << shift;
        words.insert(words.end(), {"--cwd", "--init"});
        EXPECT_TRUE(contains(refusal(words).what(), "--cwd: needs a value, and --init")) << shift;
        words.insert(words.begin() + static_cast<std::ptrdiff_t>(shift), "ls");
        EXPECT_TRUE(contains(refusal(words).what(), "ls: not an option")) << shift;
    }
}

/// `--rw --tmpfs x` must not show the directory `--tmpfs`.
TEST(Parse, AValueThatLooksLikeAnOptionIsRefused) {
    for (const Option& option : option_table) {
        if (!option.takes_value()) {
            continue;
        }
        const std::string name = "--" + std::string(option.name);
        for (const std::string next : {"--tmpfs", "--nonsense", "--init=3", "--x="}) {
            const Error error = refusal({name, next, "x"});
            EXPECT_TRUE(contains(error.what(), name + ": needs a value")) << error.what();
        }
    }
    EXPECT_EQ(parse_words({"--cwd=--tmpfs"}).spec.cwd, "--tmpfs");
}

TEST(Parse, AMissingOrEmptyValueIsRefused) {
    for (const Option& option : option_table) {
        if (!option.takes_value()) {
            continue;
        }
        const std::string name = "--" + std::string(option.name);
        for (const Words& words : {Words{name}, Words{name, "--", "x"}, Words{name + "="}, Words{name, ""}}) {
            const Error error = refusal(words);
            EXPECT_TRUE(std::string_view(error.what()).starts_with(name)) << error.what();
            EXPECT_TRUE(contains(error.what(), "needs a value")) << error.what();
            EXPECT_TRUE(contains(error.fix(), option.argument)) << error.fix();
        }
    }
}

TEST(Parse, AFlagTakesNoValue) {
    for (const Option& option : option_table) {
        if (option.takes_value()) {
            continue;
        }
        const std::string name = "--" + std::string(option.name);
        EXPECT_STREQ(refusal({name + "=1"}).what(), (name + ": takes no value").c_str());
        EXPECT_TRUE(contains(refusal({name + "="}).what(), name));
    }
}

TEST(Parse, ASecondValueIsRefusedAndASecondFlagIsNot) {
    const std::vector<Words> twice{{"--uid", "1", "--uid", "1"},
                                   {"--hostname=a", "--hostname=b"},
                                   {"--home", "rw", "--init", "--home=rw"},
                                   {"--cwd", "/", "--cwd", "/"},
                                   {"--net=host", "--net=none"}};
    for (const Words& words : twice) {
        const Error error = refusal(words);
        EXPECT_TRUE(contains(error.what(), "already given")) << error.what();
    }
    EXPECT_TRUE(contains(refusal({"--share", "pid", "--share", "uts"}).what(), "--share uts"));
    EXPECT_TRUE(contains(refusal({"--share", "pid", "--share", "uts"}).fix(), "separated by commas"));
    EXPECT_TRUE(parse_words({"--init", "--init"}).spec.init);
}

TEST(Parse, StrictStandsForSeveral) {
    for (const Words& words :
         {Words{"--strict"}, Words{"--tty", "new", "--strict", "--home=private"},
          Words{"--seccomp=strict", "--cap-drop=kill", "--strict", "--rw", ".", "--net", "host"}}) {
        const Spec spec = parse_words(words).spec;
        EXPECT_EQ(spec.cap_drop, CapabilitySet::all());
        EXPECT_EQ(spec.system_calls, SystemCalls::strict);
        EXPECT_EQ(spec.tty, Tty::own);
        EXPECT_EQ(spec.home, Home::isolated);
    }
}

TEST(Parse, NothingTakesFromStrict) {
    for (const char* option : {"--only=pid", "--share=ipc", "--own=net", "--allow-namespaces=user", "--cap-add=chown",
                               "--allow-syscall=bpf", "--core-dumps", "--home=ro", "--home=rw", "--tty=inherit",
                               "--seccomp=default", "--seccomp=none", "--landlock=none"}) {
        for (const Words& words : {Words{"--strict", option}, Words{option, "--strict"}}) {
            const std::string message = refusal(words).what();
            const std::string_view whole(option);
            const std::string name(whole.substr(0, whole.find('=')));
            EXPECT_EQ(message, "--strict: " + name + " would open what it closes");
        }
    }
}

TEST(Parse, AWordBeforeTheDashesShowsTheLineThatWasMeant) {
    EXPECT_EQ(refusal({"ls"}).fix(), "sandbox -- ls");
    EXPECT_EQ(refusal({"ls", "-l"}).fix(), "sandbox -- ls -l");
    EXPECT_EQ(refusal({"--rw", ".", "git", "log", "--", "x"}).fix(), "sandbox --rw . -- git log -- x");
    EXPECT_EQ(refusal({"--hostname", "ls", "ls"}).fix(), "sandbox --hostname ls -- ls");
    EXPECT_EQ(refusal({"--hostname=ls", "ls", "ls"}).fix(), "sandbox --hostname=ls -- ls ls");
    EXPECT_EQ(refusal({"sh", "-c", "echo it's $X"}).fix(), "sandbox -- sh -c 'echo it'\\''s $X'");
    EXPECT_EQ(refusal({"gcc", "--version"}).fix(), "sandbox -- gcc --version");
    EXPECT_EQ(refusal({""}).fix(), "sandbox -- ''");
    EXPECT_EQ(refusal({"dif", "../c"}).fix(), "sandbox -- dif ../c; or did you mean the verb diff?");
    EXPECT_EQ(refusal({"--init", "dif"}).fix(), "sandbox --init -- dif");
    EXPECT_TRUE(std::string_view(refusal({"ls"}).what()).starts_with("ls: "));
}

TEST(Parse, TheFirstMistakeIsReported) {
    EXPECT_EQ(refusal({"ls", "--init=3"}).fix(), "sandbox -- ls --init=3");
    EXPECT_EQ(refusal({"ls", "--hostname"}).fix(), "sandbox -- ls --hostname");
    EXPECT_TRUE(contains(refusal({"--uid", "x", "--hostname"}).what(), "--uid x"));
    EXPECT_TRUE(contains(refusal({"--nonsense", "--uid", "x"}).what(), "--nonsense"));
}

TEST(Parse, AnUnknownOptionOffersTheNearest) {
    EXPECT_EQ(refusal({"--hosname", "x"}).fix(), "did you mean --hostname?");
    EXPECT_EQ(refusal({"--hostnmae=x"}).fix(), "did you mean --hostname?");
    EXPECT_EQ(refusal({"-init"}).fix(), "did you mean --init?");
    EXPECT_EQ(refusal({"--newsession"}).fix(), "did you mean --new-session?");
    EXPECT_EQ(refusal({"--tmpf", "/x"}).fix(), "did you mean --tmpfs?");
    EXPECT_STREQ(refusal({"--hosname", "x"}).what(), "--hosname: no such option");
}

TEST(Parse, NothingIsGuessed) {
    for (const std::string word :
         {"--host", "--hel", "--HELP", "--explai", "-h", "-", "-v", "--=x", "---help", "-help"}) {
        const Error error = refusal({word});
        EXPECT_TRUE(std::string_view(error.what()).starts_with(word)) << error.what();
        EXPECT_TRUE(contains(error.what(), "no such option")) << error.what();
        EXPECT_FALSE(error.fix().empty()) << word;
    }
}

TEST(Parse, ErrorsAreOneLineOf125) {
    for (const Words& words : {Words{"ls"}, Words{"--uid", "x"}, Words{"--nonsense"}, Words{"--uid"}}) {
        const Error error = refusal(words);
        EXPECT_EQ(error.exit_status(), 125);
        EXPECT_FALSE(contains(error.what(), "\n"));
        EXPECT_FALSE(error.step());
    }
}

TEST(Parse, LongValuesAreCutInMessages) {
    EXPECT_LT(std::string_view(refusal({"--uid", std::string(100'000, '1')}).what()).size(), 1000U);
    EXPECT_LT(refusal({"ls", std::string(100'000, 'x'), std::string(100'000, 'y')}).fix().size(), 1000U);
    EXPECT_LT(refusal(Words(10'000, "word")).fix().size(), 1000U);
}

}  // namespace
}  // namespace sandbox::cli
