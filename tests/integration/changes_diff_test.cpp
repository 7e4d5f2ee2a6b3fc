// sandbox diff: what overlayfs has written down, and what somebody has written there who means harm.
#include "support/changes.hpp"

#include <cstdint>
#include <optional>
#include <string>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sandbox_test {
namespace {

class ChangesDiff : public ChangesTest {};

TEST_F(ChangesDiff, TellsEachKindInOrder) {
    change_on_host(R"(
        echo old >modified; echo x >deleted; mkdir tree; echo y >tree/a; echo z >file; mkdir directory
        echo m >mode; chmod 0644 mode; ln -s a link; echo h >one; ln one two; echo t >touched; echo s >same
        mkdir parent; echo c >parent/child; echo g >gone)");
    change(R"(
        echo new >>modified; rm deleted; rm -r tree; rm file; mkdir file; rmdir directory; echo f >directory
        chmod 0600 mode; ln -sfn b link; echo i >>one; touch -d 2001-01-01 touched; chmod 0600 same; chmod 0644 same
        echo d >>parent/child; mkdir -p added/below; echo n >added/file; echo t >temporary; rm temporary; rm gone)");
    EXPECT_EQ(diff(),
              "added     added/\n"
              "added     added/below/\n"
              "added     added/file\n"
              "deleted   deleted\n"
              "type      directory (directory -> file)\n"
              "type      file/ (file -> directory)\n"
              "deleted   gone\n"
              "symlink   link (a -> b)\n"
              "mode      mode (0644 -> 0600)\n"
              "modified  modified\n"
              "unlinked  one\n"
              "modified  parent/child\n"
              "mode      touched (time)\n"
              "deleted   tree/\n");
}

TEST_F(ChangesDiff, NothingChangedIsZero) {
    change_on_host("echo a >a");
    change("chmod 0600 a; chmod 0644 a; touch b; rm b; mkdir c; rmdir c; : >>a");
    EXPECT_EQ(diff(), "");
    EXPECT_EQ(diff({"--stat"}), "");
    EXPECT_EQ(verb({"diff", "--json", dir()}).out, "[]\n");
}

TEST_F(ChangesDiff, AnOpaqueDirectoryHidesWhatTheHostHas) {
    change_on_host("mkdir d; echo a >d/a; echo b >d/b; mkdir d/c; echo x >d/c/x");
    change("rm -r d; mkdir d; echo b >d/b; touch -r . d/b; echo n >d/n");
    EXPECT_EQ(diff(),
              "deleted   d/a\n"
              "mode      d/b (time)\n"
              "deleted   d/c/\n"
              "added     d/n\n");
}

// A command can set a time back; it cannot make a change unseen by that.
TEST_F(ChangesDiff, AContentOfTheSameSizeAndTimeIsSeen) {
    change_on_host("echo one >a; touch -d 2020-01-01 a");
    change("echo two >a; touch -d 2020-01-01 a");
    EXPECT_EQ(diff(), "modified  a\n");
}

TEST_F(ChangesDiff, PathsChoose) {
    change_on_host("mkdir a b; echo 1 >a/x; echo 2 >b/x");
    change("echo 3 >a/x; echo 3 >b/x; mkdir c; echo 4 >c/x; echo 5 >c/y");
    EXPECT_EQ(diff({host("a")}), "modified  a/x\n");
    EXPECT_EQ(diff({host("c/y"), host("b/")}), "modified  b/x\nadded     c/y\n");
    change_on_host("mkdir d; echo s >d/same");
    EXPECT_EQ(diff({host("d")}), "");
    EXPECT_EQ(diff({host("d/same")}), "");
    RunOptions options;
    options.directory = host("a");
    EXPECT_EQ(verb({"diff", dir(), "x", "../c/y"}, options).out,
              "modified  " + host("a/x") + "\nadded     " + host("c/y") + "\n");
    const Result elsewhere = verb({"diff", dir(), "/etc"});
    EXPECT_EQ(elsewhere.exit_status, 125);
    EXPECT_NE(elsewhere.err.find("/etc is not part of what the runs could change"), std::string::npos) << elsewhere;
}

// A slip is no difference that there is not.
TEST_F(ChangesDiff, APathThatStandsForNothingIsAnError) {
    change_on_host(
        "mkdir -p deleted/below opaque/below replaced; echo 1 >deleted/below/x; echo 2 >opaque/x; echo 3 >replaced/x;"
        "echo 4 >opaque/below/x");
    change("rm -r deleted opaque replaced; mkdir opaque; echo f >replaced; echo a >-added; mkdir new; echo n >new/x");
    for (const char* verb : {"diff", "apply"}) {
        for (const char* name :
             {"slip", "new/slip", "new/slip/below", "slip/below", "deleted/slip", "replaced/slip", "new/x/slip"}) {
            const Result result = this->verb({verb, dir(), "--", host(name)});
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_NE(result.err.find(host(name) + ": there is nothing of that name"), std::string::npos) << result;
        }
        for (const auto& [name, gone] : {std::pair{"deleted/below/x", "deleted"}, std::pair{"replaced/x", "replaced"},
                                         std::pair{"opaque/below/x", "opaque/below"}}) {
            const Result result = this->verb({verb, dir(), host(name)});
            EXPECT_EQ(result.exit_status, 125) << result;
            EXPECT_NE(result.err.find(host(name) + ": the runs have deleted or replaced " + host(gone)),
                      std::string::npos)
                << result;
            EXPECT_NE(result.err.find("fix: name " + host(gone)), std::string::npos) << result;
        }
        EXPECT_EQ(this->verb({verb, dir(), ""}).exit_status, 125);
    }
    RunOptions there;
    there.directory = host();
    EXPECT_EQ(verb({"diff", dir(), "--", "-added", "new"}, there).out,
              "added     " + host("-added") + "\nadded     " + host("new") + "/\nadded     " + host("new/x") + "\n");
    // What was applied is no slip afterwards.
    for (int time = 0; time < 2; ++time) {
        const Result result =
            verb({"apply", dir(), "--", host("deleted"), host("opaque/x"), host("replaced"), host("-added")});
        EXPECT_EQ(result.exit_status, 0) << result;
    }
    for (const char* name : {"deleted/below/x", "replaced/x"}) {
        EXPECT_EQ(verb({"apply", dir(), host(name)}).exit_status, 0) << name;
    }
    EXPECT_EQ(diff(), "added     new/\nadded     new/x\ndeleted   opaque/below/\n");
}

TEST_F(ChangesDiff, APatchIsOneThatPatchTakes) {
    change_on_host("printf 'a\\nb\\nc\\n' >text; printf 'x\\n' >deleted; printf '\\0' >binary");
    change("printf 'a\\nB\\nc\\n' >text; rm deleted; printf '\\1' >binary; printf 'n' >added; mkdir d");
    const std::string a = "--- a" + host();
    const std::string b = "+++ b" + host();
    EXPECT_EQ(verb({"diff", "--patch", dir()}).out,
              "--- /dev/null\n" + b + "/added\n@@ -0,0 +1 @@\n+n\n\\ No newline at end of file\n" +
                  "Binary files differ: " + host("binary") + "\n" + "added     " + host("d") + "/\n" + a +
                  "/deleted\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n" + a + "/text\n" + b +
                  "/text\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
}

TEST_F(ChangesDiff, APatchMeansFilesOfAnyName) {
    change_on_host(
        "printf 'one\\n' >'a b'; printf 'two\\n' >'q\"q'; printf 'three\\n' >'back\\slash 1'; echo e >'e n d '");
    const std::string names = R"(esc=$(printf 'e\033 x'); byte=$(printf '\377"\\'); tab=$(printf 't\tab');)";
    change(names + R"(
        printf '1\n' >'a b'; rm 'q"q'; printf '3\n' >'back\slash 1'; printf '8\n' >'e n d '
        printf '4\n' >"$esc"; printf '5\n' >"$byte"; printf '6\n' >"$tab"; printf '7\n' >umlauts-äöü)");
    const std::string patch = directory() / "patch";
    write_file(patch, verb({"diff", "--patch", dir()}).out);
    await_tick();  // or the times could be the same
    const Result result = run({"patch", "-s", "-p1", "-d", "/", "-i", patch});
    EXPECT_EQ(result.exit_status, 0) << result << read_file(patch);
    EXPECT_EQ(diff(),
              "mode      a b (time)\n"
              "mode      back\\slash 1 (time)\n"
              "mode      e\\x1b x (time)\n"
              "mode      e n d  (time)\n"
              "mode      t\\x09ab (time)\n"
              "mode      umlauts-äöü (time)\n"
              "mode      \\xff\"\\ (time)\n");
}

TEST_F(ChangesDiff, JsonAndStat) {
    change_on_host("printf abc >a; ln -s x l; chmod 0644 a");
    change("printf abcdef >a; ln -sfn y l; chmod 0600 a");
    EXPECT_EQ(diff({"--stat"}), "modified  1\nsymlink   1\nsize      3 bytes -> 6 bytes\n");
    const std::string ids =
        "\"uid\":" + std::to_string(::geteuid()) + ",\"gid\":" + std::to_string(::getegid()) + ",\"size\":";
    EXPECT_EQ(diff({"--json"}),
              "[\n{\"change\":\"modified\",\"path\":\"a\",\"before\":{\"type\":\"file\",\"mode\":\"0644\"," + ids +
                  "3},\"after\":{\"type\":\"file\",\"mode\":\"0600\"," + ids +
                  "6},\"differs\":[\"content\",\"mode\",\"time\"]},\n"
                  "{\"change\":\"symlink\",\"path\":\"l\",\"before\":{\"type\":\"symlink\",\"mode\":\"0777\"," +
                  ids + "0,\"target\":\"x\"},\"after\":{\"type\":\"symlink\",\"mode\":\"0777\"," + ids +
                  "0,\"target\":\"y\"},\"differs\":[]}\n]\n");
    EXPECT_EQ(verb({"diff", "--stat", "--json", dir()}).exit_status, 125);
}

TEST_F(ChangesDiff, WhatGivesPowersIsShown) {
    change_on_host("echo a >content; chmod 04755 content; echo b >plain");
    change("echo b >content; chmod 04755 content; echo n >added; chmod 02711 added; echo c >plain");
    EXPECT_EQ(diff(), "added     added (2711)\nmodified  content (4755)\nmodified  plain\n");
}

constexpr const char* capability_attribute = "security.capability";

// Permitted and effective, as version 2 has it, or with a root as version 3.
std::string capability(unsigned number, std::optional<std::uint32_t> root = {}) {
    std::string value(root ? 24 : 20, '\0');
    value[0] = 1;
    value[3] = root ? 3 : 2;
    value[4 + number / 8] = static_cast<char>(1U << number % 8);
    for (unsigned byte = 0; root && byte < 4; ++byte) {
        value[20 + byte] = static_cast<char>(*root >> 8 * byte);
    }
    return value;
}

// As root of a user namespace of its own, who is this user outside.
bool give_as_root_inside(const std::string& path, const std::string& value) {
    const std::string users = "0 " + std::to_string(::geteuid()) + " 1";
    const std::string groups = "0 " + std::to_string(::getegid()) + " 1";
    const pid_t child = ::fork();
    if (child == 0) {
        const auto write = [](const char* file, const std::string& text) {
            const int map = ::open(file, O_WRONLY | O_CLOEXEC);
            return ::write(map, text.data(), text.size()) == static_cast<ssize_t>(text.size());
        };
        const bool done = ::unshare(CLONE_NEWUSER) == 0 && write("/proc/self/uid_map", users) &&
                          write("/proc/self/setgroups", "deny") && write("/proc/self/gid_map", groups) &&
                          ::lsetxattr(path.c_str(), capability_attribute, value.data(), value.size(), 0) == 0;
        ::_exit(done ? 0 : 1);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(ChangesDiff, CapabilitiesOfARunAreShown) {
    change_on_host("echo 1 >same");
    change("echo n >added; echo n >plain; chmod 0600 same; chmod 0644 same");
    ASSERT_TRUE(give_as_root_inside(upper("added"), capability(CAP_NET_RAW)));
    ASSERT_TRUE(give_as_root_inside(upper("same"), capability(CAP_CHOWN)));
    // Its root is the caller.
    const std::string root = ::geteuid() == 0 ? "" : " [rootid=" + std::to_string(::geteuid()) + "]";
    EXPECT_EQ(diff(), "added     added (cap_net_raw=ep" + root + ")\nadded     plain\n" +
                          "mode      same (no capabilities -> cap_chown=ep" + root + ", attributes)\n");
    EXPECT_NE(diff({"--json"}).find(",\"size\":2,\"capabilities\":\"cap_net_raw=ep" + root + "\"},\"differs\":[]}"),
              std::string::npos);
}

TEST_F(ChangesDiff, CapabilitiesOfBothSidesAreShown) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, who can give a file of the host's capabilities";
    }
    change_on_host("for name in changed same lost; do echo 1 >$name; done");
    change("echo 2 >changed; echo 2 >same; chmod 0600 lost; chmod 0644 lost; echo n >foreign");
    const auto give = [&](const std::string& path, const std::string& value) {
        return ::lsetxattr(path.c_str(), capability_attribute, value.data(), value.size(), 0) == 0;
    };
    for (const std::string& path : {host("changed"), host("same"), host("lost"), upper("same")}) {
        ASSERT_TRUE(give(path, capability(CAP_NET_RAW))) << path;
    }
    ASSERT_TRUE(give(upper("changed"), capability(CAP_SYS_ADMIN, 1000)));
    ASSERT_TRUE(give(upper("foreign"), capability(CAP_NET_RAW, 1000)));
    EXPECT_EQ(diff(),
              "modified  changed (cap_net_raw=ep -> cap_sys_admin=ep [rootid=1000], attributes)\n"
              "added     foreign (cap_net_raw=ep [rootid=1000])\n"
              "mode      lost (cap_net_raw=ep -> no capabilities, attributes)\n"
              "modified  same (cap_net_raw=ep)\n");
    // Whose root has no number there.
    EXPECT_EQ(run({"unshare", "-Ur", sandbox_binary(), "diff", dir(), host("foreign")}).out,
              "added     " + host("foreign") + " (capabilities that cannot be read)\n");
}

TEST_F(ChangesDiff, NamesAndContentsDriveNoTerminal) {
    change_on_host("echo old >text");
    change(R"(printf 'a\033[2Jb\n' >text; e=$(printf '\033]0;x\007\nadded etc'); echo >"$e"
              ln -s "$e" link; c=$(printf '\302\233\177'); mkdir "$c")");
    for (const std::vector<std::string>& options :
         {std::vector<std::string>{}, {"--json"}, {"--patch"}, {"--json", "--patch"}, {"--stat"}}) {
        std::vector<std::string> words = {"diff", dir()};
        words.insert(words.end(), options.begin(), options.end());
        const Result result = verb(words);
        EXPECT_EQ(result.exit_status, 1) << result;
        for (const char* drives : {"\033", "\007", "\302\233", "\177", "\nadded etc"}) {
            EXPECT_EQ(result.out.find(drives), std::string::npos) << result;
        }
    }
}

TEST_F(ChangesDiff, WhatNoRunLeavesIsNamed) {
    change_on_host("mkdir d; echo a >d/a; echo s >source");
    craft("mkdir d moved; echo b >d/a; : >meta; : >white");
    mark("moved", "user.overlay.redirect", "/etc");
    mark("meta", "user.overlay.metacopy", "");
    mark("d", "user.overlay.opaque", "z");
    mark("white", "user.overlay.whiteout", "y");
    const Result result = verb({"diff", dir()});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(host("moved") + ": it has a mark of overlayfs that no run leaves"), std::string::npos)
        << result;
    EXPECT_NE(result.err.find(host("meta") + ": it has a mark of overlayfs that no run leaves"), std::string::npos);
    EXPECT_NE(result.err.find(host("d") + ": it has a mark of overlayfs that is none"), std::string::npos);
    EXPECT_NE(result.err.find(host("white") + ": it has a mark of overlayfs in the wrong place"), std::string::npos);
}

TEST_F(ChangesDiff, AWhiteoutByAttributeIsOne) {
    change_on_host("mkdir d; echo a >d/a; echo b >d/b");
    craft("mkdir d; : >d/a");
    mark("d", "user.overlay.opaque", "x");
    mark("d/a", "user.overlay.whiteout", "y");
    EXPECT_EQ(diff(), "deleted   d/a\n");
}

// A link on either side leads nowhere.
TEST_F(ChangesDiff, FollowsNoLink) {
    change_on_host("mkdir real; echo a >real/a; ln -s real lower; mkdir changed; echo c >changed/c");
    craft("mkdir lower; echo b >lower/a; ln -s /etc upper; mkdir changed; echo d >changed/c");
    change_on_host("mv changed away; ln -s away changed");
    EXPECT_EQ(diff(),
              "type      changed/ (symlink -> directory)\n"
              "added     changed/c\n"
              "type      lower/ (symlink -> directory)\n"
              "added     lower/a\n"
              "added     upper (-> /etc)\n");
    change_on_host("cd ..; mv host moved; ln -s moved host");
    const Result result = verb({"diff", dir()});
    EXPECT_EQ(result.exit_status, 125) << result;
    EXPECT_NE(result.err.find("the directory is not there any more, or a link leads to it"), std::string::npos);
    change_on_host("cd ..; rm host; mv moved host");
}

TEST_F(ChangesDiff, UnreadableFilesOfOnesOwnAreRead) {
    change_on_host("echo a >a; chmod 0 a; mkdir d; echo x >d/x; chmod 0 d");
    change("echo b >a; echo y >d/x; mkdir e; echo z >e/z; chmod 0 e");
    EXPECT_EQ(diff(), "modified  a\nmodified  d/x\nadded     e/\nadded     e/z\n");
    change_on_host("chmod 0700 d");
    craft("chmod 0700 d e");
}

TEST_F(ChangesDiff, DeepAndFullDirectories) {
    craft(R"(i=0; while [ $i -lt 300 ]; do mkdir d; cd -P d; i=$((i + 1)); done; echo x >bottom)");
    craft(R"(mkdir full; cd full; seq 3000 | xargs touch)");
    const std::string text = diff({"--stat"});
    EXPECT_EQ(text, "added     3302\nsize      0 bytes -> 2 bytes\n");
}

TEST_F(ChangesDiff, SparseFilesAreComparedByWhatTheyHold) {
    change_on_host("truncate -s 64G sparse; truncate -s 64G same");
    change("chmod 0600 same; chmod 0644 same; printf x | dd of=sparse bs=1 seek=40G conv=notrunc status=none");
    EXPECT_EQ(diff(), "modified  sparse\n");
}

TEST_F(ChangesDiff, AWriteToStandardOutputThatFailsIsAnError) {
    change("echo a >a");
    const Result result = run({"sh", "-c", "\"$0\" diff \"$1\" >/dev/full", sandbox_binary(), dir()});
    EXPECT_EQ(result.exit_status, 125) << result;
}

}  // namespace
}  // namespace sandbox_test
